import FoundationEssentials
import MediaTesting
import Testing

extension WireTests {
    /// One line for one request in so many, whichever way it was answered.
    @Suite struct AccessLogWireTests {
        private struct Line: Decodable {
            let message: String
            let level: String
            let fields: [String: String]
        }

        /// The access lines, once there are so many.
        private static func lines(_ origin: Origin, _ count: Int) async throws -> [[String: String]] {
            var lines: [Line] = []
            _ = try await comesAbout {
                lines = origin.service.log.split(separator: "\n")
                    .compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
                    .filter { $0.message == "Request" }
                return lines.count >= count
            }
            #expect(lines.allSatisfy { $0.level == "info" })
            return lines.map(\.fields)
        }

        @Test func eachRequestHasALineWhereAllAreWanted() async throws {
            let environment = ["MEDIA_LOG_FORMAT": "json", "MEDIA_LOG_REQUESTS_EVERY": "1"]
            try await Origin.with(environment: environment) { origin in
                let entry = try await origin.asset().entry("thumbnail")
                _ = try await origin.get(entry.url, "Cookie: kitchen")
                _ = try await origin.get(entry.url, "If-None-Match: \"\(entry.sha256)\"")
                _ = try await origin.get("/cellar?door=1")
                let lines = try await Self.lines(origin, 4)
                try #require(lines.count == 4, "\(origin.service.log)")
                #expect(lines[0]["route"] == "/v1/assets")
                #expect(lines[0]["method"] == "POST")
                #expect(lines[0]["status"] == "201")
                #expect(lines[0]["path"] == nil)
                #expect(lines[1]["path"] == entry.url)
                #expect(lines[1]["status"] == "200")
                #expect(lines[1]["bytes"] == "\(entry.bytes)")
                #expect(lines[2]["status"] == "304")
                #expect(lines[2]["bytes"] == "0")
                #expect(lines[3]["route"] == "other")
                #expect(lines[3]["status"] == "404")
                for line in lines { #expect(try #require(Double(line["milliseconds"] ?? "")) > 0) }
                for secret in ["cellar", "door", "kitchen"] { #expect(!origin.service.log.contains(secret)) }
            }
        }

        @Test func ofManyOneInSoManyHasALine() async throws {
            let environment = ["MEDIA_LOG_FORMAT": "json", "MEDIA_LOG_REQUESTS_EVERY": "10"]
            try await Origin.with(environment: environment) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                let connection = try await origin.service.connect()
                for _ in 1..<40 { _ = try await connection.exchange(Origin.head("GET", url, [], body: [])) }
                // The upload was the first of forty.
                #expect(try await Self.lines(origin, 4).count == 4)
            }
        }

        @Test func withoutTheSettingThereIsNone() async throws {
            try await Origin.with(environment: ["MEDIA_LOG_FORMAT": "json"]) { origin in
                _ = try await origin.get(try await origin.asset().entry("thumbnail").url)
                #expect(!origin.service.log.contains("\"Request\""))
            }
        }
    }
}
