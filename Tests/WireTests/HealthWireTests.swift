import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// `/healthz` of a whole service.
extension WireTests {
    @Suite struct HealthWireTests {
        private struct Report: Decodable {
            struct Part: Decodable {
                let status: String
                let latencyMs: Double?
                let message: String?
            }

            struct SLI: Decodable {
                let name: String
                let current: Double?
                let status: String
            }

            let status: String
            let slis: [SLI]
            let dependencies: [String: Part]
        }

        private static func ask(_ origin: Origin, _ document: String? = nil) async throws -> (Int, Report) {
            let body = Array((document ?? "").utf8)
            let fields = document == nil ? [] : ["Content-Type: application/json"]
            let head = Origin.head(document == nil ? "GET" : "POST", "/healthz", fields, body: body)
            let response = try await origin.service.connectToAdmin().exchange(head, body: body)
            return (response.status, try response.json(Report.self))
        }

        @Test func aServiceThatIsWellSaysSo() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                for _ in 0..<30 { #expect(try await origin.get(url).status == 200) }
                let (status, report) = try await Self.ask(origin, #"{"includeDetails": true}"#)
                #expect(status == 200 && report.status == "healthy", "\(report)")
                let names: Set = ["catalog", "store", "keys", "workers", "purges", "disk"]
                #expect(Set(report.dependencies.keys) == names)
                #expect(report.dependencies["workers"]?.message == "0 busy, 2 idle, 0 jobs wait")
                #expect(report.dependencies.values.allSatisfy { $0.status == "healthy" && $0.latencyMs != nil })
                let availability = try #require(report.slis.first { $0.name == "availability" })
                #expect(availability.current == 100 && availability.status == "meeting")
                let metrics = try await origin.metrics()
                #expect(metrics.contains("media_objective_state{objective=\"availability\"} 0\n"))
                #expect(metrics.contains("http_refusals_total{problem=\"busy\"} 0\n"))
            }
        }

        @Test func aStoreThatIsGoneIsToldAndComesBack() async throws {
            try await Origin.with { origin in
                let blobs = origin.service.dataFolder + "/blobs"
                let aside = origin.service.dataFolder + "/aside"
                try FileManager.default.moveItem(atPath: blobs, toPath: aside)
                let (status, report) = try await Self.ask(origin, #"{"includeDetails": true, "services": ["store"]}"#)
                #expect(status == 503 && report.status == "unhealthy")
                #expect(report.dependencies["store"]?.status == "unhealthy")
                #expect(report.dependencies["store"]?.message?.contains("/") == false, "it tells a path")
                try FileManager.default.moveItem(atPath: aside, toPath: blobs)
                #expect(try await Self.ask(origin).1.status == "healthy")
            }
        }

        /// A refusal on purpose counts against availability, and is no error of ours.
        @Test func aRefusalOnPurposeIsNoServerError() async throws {
            try await Origin.with(environment: ["MEDIA_QUOTA_FILES": "1"]) { origin in
                _ = try await origin.asset()
                let picture = try Fixtures.bytes("pictures/gradient.png")
                for _ in 0..<25 { #expect(try await origin.upload(picture).problem(507) == "quota-exceeded") }
                let (status, report) = try await Self.ask(origin)
                let statuses = Dictionary(uniqueKeysWithValues: report.slis.map { ($0.name, $0.status) })
                #expect(statuses["availability"] == "breaching")
                #expect(statuses["server-errors"] == "meeting")
                #expect(status == 200 && report.status == "degraded")
                let metrics = try await origin.metrics()
                #expect(metrics.contains("http_refusals_total{problem=\"quota-exceeded\"} 25\n"))
            }
        }
    }
}
