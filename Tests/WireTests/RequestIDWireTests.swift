import Foundation
import MediaTesting
import Testing

extension WireTests {
    /// What a request is called, in its answer and in the log.
    @Suite struct RequestIDWireTests {
        private static let json = ["MEDIA_LOG_FORMAT": "json", "MEDIA_LOG_LEVEL": "debug"]

        /// The lines of the log; each must be one JSON object.
        private static func lines(_ origin: Origin) throws -> [[String: Any]] {
            try origin.service.log.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(object as? [String: Any], "\(line)")
            }
        }

        @Test func anAnswerOfTheAPIAndEachRefusalHaveOne() async throws {
            try await Origin.with(environment: Self.json) { origin in
                let answers = [
                    try await origin.upload(try Fixtures.bytes("pictures/gradient.png")),
                    try await origin.upload(Array("rubbish".utf8)), try await origin.get("/v1/assets"),
                    try await origin.get("/nowhere"), try await origin.get("/a/01jd3m8m9x0000000000000000/v1/x.webp"),
                    try await origin.ask("PUT", "/v1/assets"),
                    try await origin.service.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n"),
                ]
                let ids = answers.compactMap { $0["X-Request-Id"] }
                #expect(ids.count == answers.count && Set(ids).count == ids.count, "\(answers.map(\.status))")
                #expect(ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
                // Each refusal has one line, with its id and its cause.
                let refused = try Self.lines(origin).filter { $0["message"] as? String == "Request refused" }
                let isRefusal = answers.map { $0.status >= 400 }
                #expect(refused.compactMap { $0["request_id"] as? String } == zip(ids, isRefusal).filter(\.1).map(\.0))
                for line in refused { #expect((line["fields"] as? [String: String])?["error"]?.isEmpty == false) }
            }
        }

        @Test func theClientsOwnIsSaidAgain() async throws {
            try await Origin.with(environment: Self.json) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                // The long way, then the short one: whole, head, not modified, of one connection.
                let etag = try #require(try await origin.get(url, "X-Request-Id: long-way")["ETag"])
                let connection = try await origin.service.connect()
                for (number, request) in [
                    ("GET", [String]()), ("HEAD", []), ("GET", ["If-None-Match: \(etag)"]),
                    ("GET", ["Range: bytes=0-1"]),
                ].enumerated() {
                    let fields = request.1 + ["x-request-id: hit-\(number)"]
                    let answer = try await connection.exchange(Origin.head(request.0, url, fields, body: []))
                    #expect(answer.values("X-Request-Id") == ["hit-\(number)"], "\(request)")
                    #expect([200, 206, 304].contains(answer.status))
                }
                let refusal = try await origin.get("/nowhere", "X-Request-Id: mine;a=1")
                #expect(refusal["X-Request-Id"] == "mine;a=1")
                #expect(origin.service.log.contains(#""request_id":"mine;a=1""#))
            }
        }

        /// A CDN keeps a delivery for a year, and gives it to others.
        @Test func aDeliveryHasNoneThatNobodyAskedFor() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                for fields in [[], [HotPathWireTests.longWay], ["Range: bytes=0-1"], ["X-Request-Id: not safe"]] {
                    for _ in 0..<3 { #expect(try await origin.ask("GET", url, fields)["X-Request-Id"] == nil) }
                }
            }
        }

        @Test func whatIsNotSafeIsReplaced() async throws {
            try await Origin.with(environment: Self.json) { origin in
                for id in ["a b", "a\"b", "%0aforged", "ä", String(repeating: "x", count: 129)] {
                    let answer = try await origin.get("/nowhere", "X-Request-Id: \(id)")
                    #expect(answer["X-Request-Id"]?.wholeMatch(of: /[0-9a-f]{32}/) != nil, "\(id)")
                }
                #expect(!origin.service.log.contains("forged"))
            }
        }

        /// Everything at the least severe level is JSON, line by line.
        @Test func everyLineParses() async throws {
            let environment = ["MEDIA_LOG_FORMAT": "json", "MEDIA_LOG_LEVEL": "trace", "MEDIA_LOG_REQUESTS_EVERY": "1"]
            try await Origin.with(environment: environment) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                for _ in 0..<3 { _ = try await origin.get(url) }
                _ = try await origin.get("/nowhere\"")
                let lines = try Self.lines(origin)
                #expect(lines.count > 5)
                let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/
                for line in lines { #expect((line["time"] as? String)?.wholeMatch(of: time) != nil, "\(line)") }
            }
        }

        @Test func aSlowRequestSaysWhatTookHowLong() async throws {
            let environment = Self.json.merging(["MEDIA_LOG_SLOW_REQUEST": "1ms", "MEDIA_CACHE_BYTES_MAX": "0"]) { $1 }
            try await Origin.with(environment: environment) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                _ = try await origin.get(url, HotPathWireTests.longWay)
                let slow = try Self.lines(origin).filter { $0["message"] as? String == "Slow request" }
                let upload = try #require(slow.first?["fields"] as? [String: String])
                #expect(upload["route"] == "/v1/assets" && upload["status"] == "201")
                let times = try #require(upload["stages"]).split(separator: " ").map { $0.split(separator: "=") }
                let names = times.compactMap { $0.first.map(String.init) }
                for name in ["receive", "publish", "commit-source", "decode", "encode", "commit-renditions", "render"] {
                    #expect(names.contains(name), "\(names)")
                }
                #expect(times.allSatisfy { $0.count == 2 && Double($0[1]) != nil })
                let whole = try #require(Double(upload["milliseconds"] ?? ""))
                #expect(try #require(times.first { $0[0] == "render" }.flatMap { Double($0[1]) }) <= whole)
            }
            try await Origin.with(environment: Self.json.merging(["MEDIA_LOG_SLOW_REQUEST": "0ms"]) { $1 }) { origin in
                _ = try await origin.asset()
                #expect(!origin.service.log.contains("Slow request"))
            }
        }
    }
}
