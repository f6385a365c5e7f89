import FoundationEssentials
import Glibc
import MediaTesting
import Testing

extension WireTests {
    /// Hits that are answered below the router: nobody can tell but by the time they take.
    @Suite struct HotPathWireTests {
        /// Fields that change nothing about the answer and make the request go the long way.
        static let longWay = "Content-Type: text/plain"

        @Test func bothWaysAnswerAlike() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                let etag = try #require(try await origin.get(url)["ETag"])
                let conditions: [[String]] = [
                    [], ["If-None-Match: \(etag)"], ["If-None-Match: W/\(etag)"], ["If-None-Match: *"],
                    ["If-None-Match: \"x\""], ["If-None-Match: \"x\", \(etag)"], ["If-None-Match: x"],
                    ["If-None-Match: \(etag)", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"],
                    ["If-None-Match: \"x\"", "If-None-Match: \(etag)"],
                    ["If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], ["Range: bytes=0-9"], ["If-Match: \"x\""],
                    ["If-Range: \(etag)", "Range: bytes=1-1"], ["Connection: keep-alive"], ["Accept: image/avif"],
                    ["Accept-Encoding: gzip"], ["X-Forwarded-For: 10.0.0.1", "User-Agent: a", "Cookie: b=c"],
                ]
                for method in ["GET", "HEAD"] {
                    for fields in conditions {
                        let short = try await Self.twice(origin, method, url, fields)
                        let long = try await Self.twice(origin, method, url, fields + [Self.longWay])
                        #expect(short.status == long.status, "\(method) \(fields)")
                        #expect(short.reason == long.reason)
                        #expect(Self.fields(short) == Self.fields(long), "\(method) \(fields)")
                        #expect(short.body == long.body)
                        #expect(short.framing == long.framing)
                    }
                }
            }
        }

        @Test func aHitDoesNotAskTheCatalogAndIsCountedAsOne() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                let bytes = try await origin.get(url).body.count
                let etag = try #require(try await origin.get(url)["ETag"])
                let before = try await Metrics(origin)
                #expect(before["media_cache_hot_objects"] == 1)
                let connection = try await origin.service.connect()
                for _ in 0..<20 {
                    #expect(try await connection.exchange(Origin.head("GET", url, [], body: [])).status == 200)
                    #expect(try await connection.exchange(Origin.head("HEAD", url, [], body: [])).status == 200)
                    let condition = ["If-None-Match: \(etag)"]
                    #expect(try await connection.exchange(Origin.head("GET", url, condition, body: [])).status == 304)
                }
                // An answer is counted when it is with the kernel; the next one of its event loop comes after that.
                _ = try await connection.exchange(Origin.head("GET", "/v1/assets", [], body: []))
                let after = try await Metrics(origin)
                let added = { (name: String) in after[name] - before[name] }
                let route = "route=\"/a/{asset}/v{n}/{preset}\""
                #expect(added("http_requests_total{\(route),method=\"GET\",status=\"200\"}") == 20)
                #expect(added("http_requests_total{\(route),method=\"HEAD\",status=\"200\"}") == 20)
                #expect(added("http_requests_total{\(route),method=\"GET\",status=\"304\"}") == 20)
                #expect(added("http_request_duration_seconds_count{\(route)}") == 60)
                #expect(added("http_response_size_bytes_count{\(route)}") == 60)
                #expect(added("http_response_body_bytes_total{\(route)}") == 20 * bytes)
                #expect(added("media_cache_requests_total{tier=\"memory\",result=\"hit\"}") == 20)
                #expect(added("media_delivery_duration_seconds_count{result=\"hit\"}") == 60)
                #expect(added("media_catalog_operation_duration_seconds_count{operation=\"rendition\"}") == 0)
                #expect(try await comesAbout { try await Metrics(origin)["http_requests_in_flight"] == 0 })
            }
        }

        /// Each of the connections may be another event loop's.
        @Test(arguments: ["", "?immediate=true"])
        func aDeletedAssetIsGoneOnTheVeryNextRequest(query: String) async throws {
            try await Origin.with { origin in
                for _ in 0..<5 {
                    let asset = try await origin.asset()
                    let url = try asset.entry("thumbnail").url
                    let request = Origin.head("GET", url, [], body: [])
                    var connections: [RawConnection] = []
                    for _ in 0..<8 {
                        let connection = try await origin.service.connect()
                        for _ in 0..<2 { #expect(try await connection.exchange(request).status == 200) }
                        connections.append(connection)
                    }
                    #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)\(query)").status == 204)
                    for connection in connections {
                        #expect(try await connection.exchange(request).problem(410) == "gone")
                        let head = Origin.head("HEAD", url, [], body: [])
                        #expect(try await connection.exchange(head).status == 410)
                        let condition = Origin.head("GET", url, ["If-None-Match: *"], body: [])
                        #expect(try await connection.exchange(condition).status == 410)
                    }
                }
            }
        }

        /// Readers who go on all the time, and so are about to put it into the table when it is deleted.
        @Test func noReaderBringsADeletedAssetBack() async throws {
            try await Origin.with { origin in
                for _ in 0..<10 {
                    let asset = try await origin.asset()
                    let url = try asset.entry("thumbnail").url
                    let request = Origin.head("GET", url, [], body: [])
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<4 {
                            group.addTask {
                                let connection = try await origin.service.connect()
                                while try await connection.exchange(request).status == 200 {}
                                // Once gone, always gone.
                                for _ in 0..<20 { #expect(try await connection.exchange(request).status == 410) }
                            }
                        }
                        #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
                        #expect(try await origin.get(url).status == 410)
                        try await group.waitForAll()
                    }
                    #expect(try await origin.ask("POST", "/v1/assets/\(asset.id)/undelete").status == 200)
                    for _ in 0..<3 { #expect(try await origin.get(url).status == 200) }
                }
            }
        }

        @Test func answersKeepTheOrderOfTheRequests() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let hot = try asset.entry("thumbnail").url
                let other = try asset.entry("preview").url
                for url in [hot, other] { _ = try await origin.get(url) }
                // Method, target, fields, status: hits, misses and the API in turn.
                let round: [(String, String, [String], Int)] = [
                    ("GET", hot, [], 200), ("GET", "/v1/assets/\(asset.id)", [], 200), ("GET", hot, [], 200),
                    ("HEAD", other, [], 200), ("GET", hot, ["Range: bytes=0-4"], 206), ("GET", "/a/nothing", [], 404),
                    ("GET", other, ["If-None-Match: *"], 304), ("GET", hot, [], 200), ("GET", "/v1/assets", [], 200),
                ]
                let requests = Array(repeating: round, count: 20).flatMap { $0 }
                let sizes = [hot: try asset.entry("thumbnail").bytes, other: try asset.entry("preview").bytes]
                for pieceBytes in [1_000_000, 1000, 37] {
                    let connection = try await origin.service.connect()
                    let text = requests.map { Origin.head($0.0, $0.1, $0.2, body: []) }.joined()
                    async let sent: Void = connection.sendSlowly(
                        Array(text.utf8),
                        pieceBytes: pieceBytes,
                        pause: .microseconds(100)
                    )
                    for (method, target, fields, status) in requests {
                        let response = try await connection.receiveResponse(to: method, timeout: .seconds(60))
                        #expect(response.status == status, "\(method) \(target) \(fields)")
                        if status == 200, let size = sizes[target] { #expect(response["Content-Length"] == "\(size)") }
                    }
                    try await sent
                }
            }
        }

        @Test func aClientThatReadsLateGetsAllOfIt() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset("noise.png").entry("preview").url
                let body = try await origin.get(url).body
                let connection = try await origin.service.connect()
                let count = 40_000_000 / body.count
                let request = Origin.head("GET", url, [], body: [])
                let sending = Task {
                    for _ in 0..<count { try await connection.send(request, timeout: .seconds(60)) }
                    // A request that goes the long way, and the end: both behind all of these.
                    try await connection.send(Origin.head("GET", "/v1/assets", [], body: []))
                    try await connection.halfClose()
                }
                try await Task.sleep(for: .seconds(1))
                for _ in 0..<count {
                    #expect(try await connection.receiveResponse(timeout: .seconds(60)).body == body)
                }
                #expect(try await connection.receiveResponse(timeout: .seconds(60)).status == 200)
                try await sending.value
                #expect(try await connection.isClosedByPeer(within: .seconds(60)))
            }
        }

        private static func ask(
            _ connection: RawConnection,
            for url: String,
            times: Int,
            oneByOne: Bool
        ) async throws {
            let request = Origin.head("GET", url, [], body: [])
            if !oneByOne { return try await connection.send(String(repeating: request, count: times)) }
            for _ in 0..<times {
                try await connection.send(request)
                try await Task.sleep(for: .milliseconds(2))
            }
        }

        /// A flush is no proof: what the client did not make room for is still here when it goes. Requests that come
        /// one by one are answered past the channel until the kernel is full; from then on one alone is no proof,
        /// either.
        @Test(arguments: [true, false])
        func hitsThatAClientDidNotTakeAreNoneThatItGot(oneByOne: Bool) async throws {
            try await Origin.with(environment: ["MEDIA_PRESETS": "small:w=200,h=200"]) { origin in
                let url = try await origin.asset("noise.png").entry("small").url
                let bytes = try await origin.get(url).body.count
                #expect(bytes < 64 * 1024)
                let before = try await Metrics(origin)
                let connection = try await origin.service.connect()
                // More answers than the buffers on both sides take.
                try await Self.ask(connection, for: url, times: 20_000_000 / bytes, oneByOne: oneByOne)
                try await Task.sleep(for: .seconds(1))
                let route = "route=\"/a/{asset}/v{n}/{preset}\""
                let cut = "http_responses_cut_total{\(route),cause=\"peer\"}"
                #expect(try await Metrics(origin)[cut] == 0)
                try await connection.reset()
                #expect(try await comesAbout { try await Metrics(origin)[cut] > 0 })
                let after = try await Metrics(origin)
                let answers = "http_requests_total{\(route),method=\"GET\",status=\"200\"}"
                let hits = "media_delivery_duration_seconds_count{result=\"hit\"}"
                #expect(after[answers] - before[answers] == after[hits] - before[hits] + after[cut])
            }
        }

        /// A large body is sent from memory that is given back when the asset is deleted: not before it is sent.
        /// Requests that come one by one are answered past the channel, until the client's buffers are full.
        @Test(arguments: [true, false])
        func aLargeBodyIsRightThoughItsAssetIsDeletedMeanwhile(oneByOne: Bool) async throws {
            let environment = ["MEDIA_PRESETS": "large:w=700,h=700,fit=contain,lossless=1"]
            try await Origin.with(environment: environment) { origin in
                let asset = try await origin.asset("noise.png")
                let url = try asset.entry("large").url
                let body = try await origin.get(url).body
                #expect(body.count > 100_000)
                #expect(try await origin.get(url).body == body)
                let part = try await origin.get(url, "Range: bytes=70000-70999")
                #expect(part.status == 206 && part.body == Array(body[70_000..<71_000]))
                #expect(try await Metrics(origin)["media_cache_hot_objects"] == 1)
                let connection = try await origin.service.connect()
                let count = 40_000_000 / body.count
                try await Self.ask(connection, for: url, times: count, oneByOne: oneByOne)
                try await Task.sleep(for: .milliseconds(500))
                #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)?immediate=true").status == 204)
                var whole = 0
                for _ in 0..<count {
                    let response = try await connection.receiveResponse(timeout: .seconds(60))
                    if response.status == 410 { continue }
                    #expect(response.status == 200 && response.body == body)
                    whole += 1
                }
                #expect(whole > 0 && whole < count)
            }
        }

        /// What is still to be written of an answer is written, though the client has said all, or the service stops.
        @Test(arguments: [true, false])
        func anAnswerIsFinishedBeforeTheConnectionEnds(byClient: Bool) async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let origin = Origin(service: service)
            let url = try await origin.asset("noise.png").entry("preview").url
            let body = try await origin.get(url).body
            let count = 20_000_000 / body.count
            let connection = try await service.connect()
            let request = Origin.head("GET", url, [], body: [])
            try await connection.send(String(repeating: request, count: 200))
            if byClient {
                for _ in 200..<count { try await connection.send(request, timeout: .seconds(60)) }
                try await connection.halfClose()
            }
            // The service has taken the requests by then, all that the client has sent.
            try await Task.sleep(for: .milliseconds(500))
            async let stopped = byClient ? ChildProcess.Exit.code(0) : service.stop()
            try await Task.sleep(for: .milliseconds(300))
            var whole = 0
            do {
                while whole < count {
                    #expect(try await connection.receiveResponse(timeout: .seconds(60)).body == body)
                    whole += 1
                }
            } catch let error as RawConnectionError {
                // Between two answers the service may stop; in the middle of one it may not.
                #expect(error.kind == .closed, "\(error)")
            }
            #expect(byClient ? whole == count : whole > 0)
            #expect(try await stopped == .code(0))
            if byClient { #expect(try await service.stop() == .code(0)) }
        }

        @Test func theDateIsTheSecondOfTheAnswer() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                // The first goes the long way, where Hummingbird's clock ticks when it gets a processor.
                _ = try await origin.get(url)
                let connection = try await origin.service.connect()
                var dates: Set<String> = []
                for _ in 0..<25 {
                    let before = time(nil)
                    let response = try await connection.exchange(Origin.head("GET", url, [], body: []))
                    let text = try #require(response["Date"])
                    let possible = (before...time(nil)).map(Self.text)
                    #expect(possible.contains(text))
                    dates.insert(text)
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(dates.count >= 2)
            }
        }

        @Test func aCacheOfNothingServesAll() async throws {
            try await Origin.with(environment: ["MEDIA_CACHE_BYTES_MAX": "0"]) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                for _ in 0..<3 { #expect(try await origin.get(url).status == 200) }
                #expect(try await Metrics(origin)["media_cache_hot_objects"] == 0)
            }
        }

        private static func text(_ seconds: Int) -> String {
            var moment = time_t(seconds)
            var parts = tm()
            gmtime_r(&moment, &parts)
            var text = [CChar](repeating: 0, count: 64)
            let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        }

        /// The second answer: whatever the first one put into the table is there then.
        private static func twice(
            _ origin: Origin,
            _ method: String,
            _ url: String,
            _ fields: [String]
        ) async throws -> RawResponse {
            let connection = try await origin.service.connect()
            let request = Origin.head(method, url, fields, body: [])
            _ = try await connection.exchange(request)
            return try await connection.exchange(request)
        }

        /// All of them, but for the moment and what tells of the way; in no order.
        private static func fields(_ response: RawResponse) -> [String] {
            response.fields.filter { !["Cache-Status", "Server-Timing"].contains($0.name) }
                .map { ["Date", "X-Request-Id"].contains($0.name) ? $0.name : "\($0)" }.sorted()
        }

        /// What `/metrics` says, by series; 0 for what it does not have.
        struct Metrics {
            private let values: [String: Int]

            init(_ origin: Origin) async throws {
                let request = Origin.head("GET", "/metrics", [], body: [])
                let text = try await origin.service.connectToAdmin().exchange(request).text
                let lines = text.split(separator: "\n").compactMap { line -> (String, Int)? in
                    guard let space = line.lastIndex(of: " "), let value = Int(line[line.index(after: space)...]) else {
                        return nil
                    }
                    return (String(line[..<space]), value)
                }
                self.values = Dictionary(lines) { $1 }
            }

            subscript(name: String) -> Int { self.values[name] ?? 0 }
        }
    }
}
