import FoundationEssentials
import MediaTesting
import Testing

/// What `/metrics` says of a running service: that it is what docs/METRICS.md says, and that it adds up to what clients
/// saw.
extension WireTests {
    @Suite struct MetricsWireTests {
        private static let route = "/a/{asset}/v{n}/{preset}"
        private static let original = "/a/{asset}/v{n}/original"
        private static let openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        /// Prometheus 2.42's own.
        private static let accept =
            "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

        private static func scrape(_ origin: Origin, _ fields: String...) async throws -> RawResponse {
            try await origin.service.connectToAdmin().exchange(Origin.head("GET", "/metrics", fields, body: []))
        }

        /// A sum of all series of a metric that have all of these in their labels.
        private static func sum(_ origin: Origin, _ name: String, _ labels: String...) async throws -> Double {
            let lines = try await Self.scrape(origin).text.split(separator: "\n")
            return lines.filter { line in
                (line.hasPrefix("\(name){") || line.hasPrefix("\(name) ")) && labels.allSatisfy(line.contains)
            }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
        }

        /// Rows of the page: name, and what must be set up for it to be there.
        private static func page() throws -> [String: String?] {
            let url = SharedData.checkout.appending(path: "docs/METRICS.md")
            let rows = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").filter {
                $0.hasPrefix("| `")
            }
            return Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    let name = row.dropFirst(3).prefix { $0 != "`" }
                    return (String(name), row.contains("Only where ") ? String(row) : nil)
                }
            )
        }

        /// Some of everything.
        private static func makeTraffic(_ origin: Origin) async throws {
            let asset = try await origin.asset()
            let url = try asset.entry("thumbnail").url
            for _ in 0..<3 { _ = try await origin.get(url) }
            _ = try await origin.get(url.replacing(".webp", with: ".jpg"))
            _ = try await origin.upload(Array("no picture at all".utf8))
            _ = try await origin.get("/nothing")
        }

        @Test func theEndpointIsThePageAndThePageTheEndpoint() async throws {
            try await Origin.with { origin in
                try await Self.makeTraffic(origin)
                let text = try await Self.scrape(origin).text
                let types = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
                let families = Set(types.map { String($0.split(separator: " ")[2]) })
                let page = try Self.page()
                #expect(page.count > 80)
                #expect(families.subtracting(page.keys).sorted() == [], "not in docs/METRICS.md")
                let always = Set(page.filter { $0.value == nil }.keys)
                #expect(always.subtracting(families).sorted() == [], "in docs/METRICS.md, and not at the endpoint")
            }
        }

        /// Labels have the values that the page lists: what is not among them would show as `other`.
        @Test func noLabelHasAValueThatNobodyDeclared() async throws {
            try await Origin.with { origin in
                try await Self.makeTraffic(origin)
                let lines = try await Self.scrape(origin).text.split(separator: "\n")
                let others = lines.filter { $0.contains("=\"other\"") && !$0.contains("route=\"other\"") }
                #expect(others == [])
                #expect(!lines.contains { $0.hasPrefix("media_metrics_series_folded_total{") })
            }
        }

        @Test func whoPrefersOpenMetricsGetsIt() async throws {
            try await Origin.with { origin in
                try await Self.makeTraffic(origin)
                let open = try await Self.scrape(origin, Self.accept)
                #expect(open["Content-Type"] == Self.openMetrics)
                #expect(open["Vary"] == "Accept, Accept-Encoding")
                #expect(open.text.hasSuffix("\n# EOF\n"))
                #expect(open.text.contains("\n# TYPE http_requests counter\n"))
                #expect(open.text.contains("\n# UNIT http_request_duration_seconds seconds\n"))
                let plain = try await Self.scrape(origin)
                #expect(plain["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
                #expect(!plain.text.contains("# EOF"))
                // The same series, whatever the text.
                let series = { (text: String) in
                    Set(text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } })
                }
                let missing = series(plain.text).symmetricDifference(series(open.text))
                #expect(missing == [])
            }
        }

        /// Requests and bytes as a client counts them, whoever answered: the hot path, the router, a handler at the
        /// door, Hummingbird itself.
        @Test func countersAddUpToWhatTheClientSaw() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                let etag = try #require(try await origin.get(url)["ETag"])
                #expect(try await Self.settled(origin))
                let requests = try await Self.sum(origin, "http_requests_total")
                let bytes = try await Self.sum(origin, "http_response_body_bytes_total")
                let sizes = try await Self.sum(origin, "http_response_size_bytes_count")
                let durations = try await Self.sum(origin, "http_request_duration_seconds_count")
                var answers: [RawResponse] = []
                let upload = try Fixtures.bytes("pictures/gradient.png")
                for _ in 0..<10 {
                    answers.append(try await origin.get(url))
                    answers.append(try await origin.get(url, "If-None-Match: \(etag)"))
                    answers.append(try await origin.get(url, "Range: bytes=0-99"))
                    answers.append(try await origin.get(url, "Range: bytes=99999999-"))
                    answers.append(try await origin.ask("HEAD", url))
                    answers.append(try await origin.ask("OPTIONS", url))
                    answers.append(try await origin.ask("PUT", url))
                    answers.append(try await origin.get("/nothing"))
                    answers.append(try await origin.get("/v1/assets"))
                    answers.append(try await origin.upload(Array("no picture at all".utf8)))
                    let broken = try await origin.service.connect()
                    answers.append(try await broken.exchange("GET / HTTP/9\r\n\r\n"))
                    let unframed = "POST /v1/assets HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"
                    answers.append(try await origin.service.connect().exchange(unframed))
                }
                answers.append(try await origin.upload(upload))
                let statuses = Set(answers.map(\.status))
                #expect(statuses.isSuperset(of: [200, 201, 204, 206, 304, 400, 404, 405, 416]), "\(statuses)")
                #expect(try await Self.settled(origin))
                let count = Double(answers.count)
                let isCounted = try await comesAbout {
                    try await Self.sum(origin, "http_requests_total") - requests == count
                }
                let counted = try await Self.sum(origin, "http_requests_total") - requests
                #expect(isCounted, "\(counted) of \(count)")
                let received = Double(answers.reduce(0) { $0 + $1.body.count })
                #expect(try await Self.sum(origin, "http_response_body_bytes_total") - bytes == received)
                #expect(try await Self.sum(origin, "http_response_size_bytes_count") - sizes == count)
                #expect(try await Self.sum(origin, "http_request_duration_seconds_count") - durations == count)
                #expect(try await Self.sum(origin, "http_requests_total", "method=\"other\"", "status=\"400\"") == 20)
                #expect(try await Self.sum(origin, "http_responses_cut_total") == 0)
                #expect(try await Self.sum(origin, "http_requests_unanswered_total") == 0)
            }
        }

        /// A picture whose original is more than all buffers between here and there hold.
        private static func withLongOriginal(
            _ body: (_ origin: Origin, _ request: String, _ bytes: Int) async throws -> Void
        ) async throws {
            let bearer = OriginalWireTests.bearer
            try await Origin.with(environment: ["MEDIA_API_TOKEN": OriginalWireTests.token]) { origin in
                // What follows its end is no part of a JPEG, and every decoder leaves it alone.
                let tail = [UInt8](repeating: 0, count: 32 << 20)
                let picture = try Fixtures.bytes("pictures/gradient-large.jpg") + tail
                let response = try await origin.upload(picture, to: "/v1/assets", bearer)
                try #require(response.status == 201, "\(response.text)")
                let url = "/a/\(try response.json(AssetJSON.self).id)/v1/original"
                try await body(origin, Origin.head("GET", url, [bearer], body: []), picture.count)
            }
        }

        @Test func anAnswerLastsUntilItsLastByteWasTaken() async throws {
            try await Self.withLongOriginal { origin, request, bytes in
                let connection = try await origin.service.connect()
                try await connection.send(request)
                _ = try await connection.receive(bytesMax: 1000)
                #expect(try await Self.sum(origin, "http_requests_in_flight") == 1)
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await Self.sum(origin, "http_requests_total", Self.original) == 0)
                var left = bytes
                while left > 0 { left -= try await connection.receive(bytesMax: 1 << 20).count }
                #expect(try await Self.settled(origin))
                #expect(try await Self.sum(origin, "http_requests_total", Self.original, "status=\"200\"") == 1)
                #expect(try await Self.sum(origin, "http_request_duration_seconds_sum", Self.original) >= 0.3)
                let sent = try await Self.sum(origin, "http_response_body_bytes_total", Self.original)
                #expect(sent == Double(bytes))
            }
        }

        @Test func anAnswerThatTheClientLeavesIsToldApart() async throws {
            try await Self.withLongOriginal { origin, request, bytes in
                let connection = try await origin.service.connect()
                try await connection.send(request)
                _ = try await connection.receive(bytesMax: 1000)
                try await connection.reset()
                let cut = { try await Self.sum(origin, "http_responses_cut_total", Self.original, "cause=\"peer\"") }
                #expect(try await comesAbout { try await cut() == 1 })
                #expect(try await Self.sum(origin, "http_requests_total", Self.original, "status=\"200\"") == 1)
                #expect(try await Self.sum(origin, "http_response_body_bytes_total", Self.original) < Double(bytes))
                #expect(try await Self.settled(origin))
            }
        }

        @Test func anAnswerThatTheStoreCutsIsToldApart() async throws {
            try await Self.withLongOriginal { origin, request, bytes in
                let root = URL(filePath: origin.service.dataFolder).appending(path: "blobs")
                for path in try origin.blobs() {
                    let file = root.appending(path: path)
                    var sealed = try Data(contentsOf: file)
                    guard sealed.count > bytes else { continue }
                    sealed[bytes / 2] ^= 1
                    try sealed.write(to: file)
                }
                let connection = try await origin.service.connect()
                try await connection.send(request)
                _ = try? await connection.receiveToEnd()
                let cut = { try await Self.sum(origin, "http_responses_cut_total", "cause=\"store\"") }
                #expect(try await comesAbout { try await cut() == 1 })
                #expect(try await Self.sum(origin, "media_integrity_failures_total") >= 1)
            }
        }

        @Test func aRequestThatNobodyWaitsForIsUnanswered() async throws {
            try await Origin.with { origin in
                let connection = try await origin.service.connect()
                let head = "POST /v1/assets HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
                try await connection.send(Array(head.utf8) + (try Fixtures.bytes("pictures/gradient.png").prefix(1000)))
                #expect(try await comesAbout { try await Self.sum(origin, "http_requests_in_flight") == 1 })
                #expect(try await Self.sum(origin, "http_connections_open") == 1)
                try await connection.reset()
                let unanswered = { try await Self.sum(origin, "http_requests_unanswered_total", "/v1/assets\"") }
                #expect(try await comesAbout { try await unanswered() == 1 })
                #expect(try await Self.settled(origin))
                #expect(try await Self.sum(origin, "http_requests_total") == 0)
                // It is in no ratio, and the latencies know how long it waited.
                #expect(try await Self.sum(origin, "http_request_duration_seconds_count", "/v1/assets\"") == 1)
                #expect(try await comesAbout { try await Self.sum(origin, "http_connections_open") == 0 })
            }
        }

        @Test func renditionsAreMeasuredFromTheQueueToTheCommit() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                for stage in ["queue", "decode", "resize", "encode", "commit"] {
                    let name = "media_render_duration_seconds_count"
                    #expect(try await Self.sum(origin, name, "\"\(stage)\"") == 1, "\(stage)")
                }
                let perRendition = ["seal", "store"]
                for stage in perRendition {
                    let name = "media_render_duration_seconds_count"
                    #expect(try await Self.sum(origin, name, "\"\(stage)\"") == 2, "\(stage)")
                    #expect(try await Self.sum(origin, "media_render_duration_seconds_sum", "\"\(stage)\"") > 0)
                }
                let pixels = Double(try #require(asset.source.width) * #require(asset.source.height))
                #expect(try await Self.sum(origin, "media_rendered_pixels_total") == pixels)
                let saved = try ["thumbnail", "preview"].map {
                    max(0, asset.source.bytes - (try asset.entry($0).bytes))
                }
                #expect(try await Self.sum(origin, "media_saved_bytes_total") == Double(saved.reduce(0, +)))
                for (name, least) in [
                    ("media_worker_resident_bytes", 1e6), ("media_memory_limit_bytes", 1e6),
                    ("media_storage_size_bytes", 1e6), ("media_storage_free_bytes", 1e3),
                    ("media_storage_free_min_bytes", 1e3), ("media_workers_limit", 2), ("media_render_queue_limit", 1),
                    ("media_cache_limit_bytes", 1e6),
                ] {
                    #expect(try await Self.sum(origin, name) >= least, "\(name)")
                }
                let publish = "operation=\"publish\""
                #expect(try await Self.sum(origin, "media_blob_operation_duration_seconds_count", publish) == 3)
                #expect(try await Self.sum(origin, "media_cache_requests_total", "keys") > 0)
                #expect(try await Self.sum(origin, "media_key_provider_call_duration_seconds_count") > 0)
            }
        }

        /// A delivery is in one of three, by where its bytes came from.
        @Test func deliveriesAreToldApartByWhereTheirBytesCameFrom() async throws {
            try await Origin.with(environment: ["MEDIA_CACHE_BYTES_MAX": "1MiB"]) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                _ = try await origin.get(url)
                _ = try await origin.get(url)
                _ = try await origin.get(url.replacing(".webp", with: ".jpg"))
                let count = { (result: String) in
                    try await Self.sum(origin, "media_delivery_duration_seconds_count", "\"\(result)\"")
                }
                #expect(try await comesAbout { try await count("hit") == 2 })
                #expect(try await comesAbout { try await count("render") == 1 })
                #expect(try await count("miss") == 0)
                // Made for somebody who has it already.
                let other = url.replacing("thumbnail.webp", with: "preview.jpg")
                let known = try await origin.get(other, "If-None-Match: *")
                #expect(known.status == 304)
                #expect(try await comesAbout { try await count("render") == 2 })
                #expect(try await count("hit") == 2)
            }
            try await Origin.with(environment: ["MEDIA_CACHE_BYTES_MAX": "0"]) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                // The second is read on the event loop.
                for _ in 0..<2 { _ = try await origin.get(url) }
                let misses = {
                    try await Self.sum(origin, "media_delivery_duration_seconds_count", "result=\"miss\"")
                }
                #expect(try await comesAbout { try await misses() == 2 })
            }
        }

        @Test func whatIsNotToBeCountedIsNotSaidToBeZero() async throws {
            try await Origin.with(environment: ["MEDIA_METRICS_ENABLED": "false"]) { origin in
                try await Self.makeTraffic(origin)
                let text = try await Self.scrape(origin).text
                #expect(!text.contains("http_requests_total"))
                #expect(!text.contains("media_uploads_total"))
                #expect(text.contains("\nmedia_workers_idle 2\n"))
                #expect(text.contains("\nprocess_cpu_seconds_total "))
            }
        }

        /// Waits until nothing is being answered.
        private static func settled(_ origin: Origin) async throws -> Bool {
            try await comesAbout { try await Self.sum(origin, "http_requests_in_flight") == 0 }
        }
    }
}
