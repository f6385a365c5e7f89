import FoundationEssentials
import MediaTesting
import Testing

extension WireTests {
    /// gzip of text, as python3 and curl undo it.
    @Suite struct CompressionWireTests {
        private static let gzip = "Accept-Encoding: gzip"

        /// A service with a page of the API that is worth compressing.
        private static func with(_ body: (Origin) async throws -> Void) async throws {
            try await Origin.with { origin in
                for name in ["gradient.png", "noise.png", "alpha.png"] { _ = try await origin.asset(name) }
                try await body(origin)
            }
        }

        @Test func aLargeAnswerIsCompressedAndIsTheSameWhenItIsNot() async throws {
            try await Self.with { origin in
                let plain = try await origin.get("/v1/assets")
                #expect(plain["Content-Encoding"] == nil)
                #expect(plain["Vary"]?.lowercased() == "accept-encoding")
                #expect(plain.body.count > 1024)
                let packed = try await origin.get("/v1/assets", Self.gzip)
                #expect(packed["Content-Encoding"] == "gzip")
                #expect(packed.values("Vary").map { $0.lowercased() } == ["accept-encoding"])
                #expect(packed["Content-Length"] == "\(packed.body.count)")
                #expect(packed.body.count < plain.body.count / 2)
                #expect(try await Self.unpacked(packed.body) == plain.body)
            }
        }

        @Test func headSaysWhatGetSays() async throws {
            try await Self.with { origin in
                let connection = try await origin.service.connect()
                for fields in [[], [Self.gzip]] {
                    let get = try await connection.exchange(Origin.head("GET", "/v1/assets", fields, body: []))
                    let head = try await connection.exchange(Origin.head("HEAD", "/v1/assets", fields, body: []))
                    #expect(head.body.isEmpty)
                    for name in ["Content-Length", "Content-Encoding", "Vary", "Content-Type"] {
                        #expect(head[name] == get[name])
                    }
                }
            }
        }

        @Test func whoDoesNotWantItGetsItPlain() async throws {
            try await Self.with { origin in
                let wishes = [
                    ["Accept-Encoding: gzip;q=0"], ["Accept-Encoding: br"], ["Accept-Encoding: identity, gzip;q=0.5"],
                    [Self.gzip, "X-No-Compression: 1"], [Self.gzip, "X-No-Compression:"],
                ]
                for fields in wishes {
                    let answer = try await origin.ask("GET", "/v1/assets", fields)
                    #expect(answer["Content-Encoding"] == nil, "\(fields)")
                    #expect(answer["Vary"]?.lowercased() == "accept-encoding")
                    _ = try answer.json(PageJSON.self)
                }
            }
        }

        @Test func aShortAnswerStaysAsItIsAndAPictureDoes() async throws {
            try await Self.with { origin in
                let problem = try await origin.get("/v1/assets?limit=x", Self.gzip)
                #expect(try problem.problem(400) == "bad-query")
                #expect(problem["Content-Encoding"] == nil)
                #expect(problem["Vary"]?.lowercased() == "accept-encoding")
                let page = try await origin.get("/v1/assets").json(PageJSON.self)
                let url = try #require(page.assets.first).entry("preview").url
                for fields in [[Self.gzip], [Self.gzip, "Range: bytes=0-3000"], [Self.gzip]] {
                    let picture = try await origin.ask("GET", url, fields)
                    #expect(picture["Content-Encoding"] == nil)
                    #expect(picture["Vary"] == nil)
                }
            }
        }

        @Test func metricsAreCompressed() async throws {
            try await Self.with { origin in
                let admin = try await origin.service.connectToAdmin()
                let answer = try await admin.exchange(Origin.head("GET", "/metrics", [Self.gzip], body: []))
                #expect(answer["Content-Encoding"] == "gzip")
                let text = String(decoding: try await Self.unpacked(answer.body), as: UTF8.self)
                #expect(text.contains("\nmedia_build_info{"))
                #expect(text.hasSuffix("\n"))
            }
        }

        private static func unpacked(_ bytes: [UInt8]) async throws -> [UInt8] {
            let program = "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))"
            let outcome = try await ChildProcess.run("/usr/bin/env", ["python3", "-c", program], stdin: bytes)
            try #require(outcome.exit == .code(0), "\(outcome.errorText)")
            return outcome.stdout
        }
    }
}
