import FoundationEssentials
import MediaTesting
import Testing

extension WireTests {
    /// HTTP/2 as its attackers speak it (`fixtures/peers/http2_peer.py`).
    @Suite struct HTTP2WireTests {
        private struct Told: Decodable {
            /// Seconds.
            let closed: Double?
            /// Error codes (RFC 9113 §7) by stream.
            let resets: [String: Int]
            let goaway: Int?
            let statuses: [String: Int]
            /// Frames.
            let sent: Int
        }

        private static let noError = 0
        private static let cancel = 8
        private static let enhanceYourCalm = 11

        /// CVE-2023-44487, CVE-2024-27316 and kin, CVE-2019-9515, CVE-2019-9512.
        @Test(arguments: ["rapid-reset", "continuations", "header-list", "settings", "pings"])
        func floodsEndTheirConnectionAndHarmNobodyElse(flood: String) async throws {
            try await SecureWireTests.with { origin, certificates in
                let curl = SecureCurl(origin, certificates)
                let url = try await curl.upload("gradient.png", "--http2").entry("preview").url
                let told = try await Self.peer(flood, url, origin, certificates)
                #expect(told.closed != nil, "\(told)")
                #expect(told.sent < 5000)
                #expect(try await curl.get(url, ["--http2"]).status == 200)
            }
        }

        @Test func moreStreamsThanAllowedAreRefused() async throws {
            try await SecureWireTests.with { origin, certificates in
                let told = try await Self.peer("too-many-streams", "/", origin, certificates)
                #expect(told.goaway != nil || !told.resets.isEmpty)
            }
        }

        @Test func aReaderWhoseWindowStaysClosedIsCut() async throws {
            try await SecureWireTests.with(environment: SlowPeerWireTests.impatient) { origin, certificates in
                let curl = SecureCurl(origin, certificates)
                let url = try await curl.upload("noise.png", "--http2").entry("preview").url
                let told = try await Self.peer("closed-window", url, origin, certificates)
                #expect(told.statuses == ["1": 200])
                #expect(told.resets == ["1": Self.cancel])
                #expect(try await SlowPeerWireTests.cuts(origin, "reader") == 1)
            }
        }

        @Test func aBodyThatDripsIsRefused() async throws {
            try await SecureWireTests.with(environment: SlowPeerWireTests.impatient) { origin, certificates in
                let told = try await Self.peer("slow-body", "/", origin, certificates)
                #expect(told.statuses == ["1": 408])
                #expect(told.resets == ["1": Self.noError])
                #expect(try await SlowPeerWireTests.cuts(origin, "body") == 1)
                #expect(try origin.blobs().isEmpty)
            }
        }

        @Test func aConnectionWithoutStreamsIsEndedWhateverItsPeerDoesNotSay() async throws {
            try await SecureWireTests.with(environment: SlowPeerWireTests.impatient) { origin, certificates in
                let told = try await Self.peer("silent", "/", origin, certificates)
                #expect(told.statuses == ["1": 404])
                #expect(told.goaway == Self.noError)
                #expect(told.closed != nil)
            }
        }

        @Test func theAuthorityMayBeInHost() async throws {
            try await SecureWireTests.with { origin, certificates in
                let url = try await SecureCurl(origin, certificates).upload("gradient.png").entry("preview").url
                let told = try await Self.peer("host-only", url, origin, certificates)
                #expect(told.statuses == ["1": 200, "3": 200, "5": 400])
            }
        }

        private static func peer(
            _ name: String,
            _ target: String,
            _ origin: Origin,
            _ certificates: TestCertificates
        ) async throws -> Told {
            let script = Fixtures.folder.appending(path: "peers/http2_peer.py").path
            let outcome = try await ChildProcess.run(
                "/usr/bin/env",
                ["python3", script, "\(origin.service.port)", certificates.authority, name, target]
            )
            try #require(outcome.exit == .code(0), "\(outcome.errorText)")
            return try JSONDecoder().decode(Told.self, from: Data(outcome.stdout))
        }
    }
}
