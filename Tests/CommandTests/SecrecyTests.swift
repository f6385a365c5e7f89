import Foundation
import MediaTesting
import Testing

/// Whatever the service says, at its most talkative, no secret is in it: not one of the settings, not one of a client,
/// no byte of a key. What is looked through are the log, the spans, the metrics and the answers.
@Suite(.timeLimit(.minutes(5))) struct SecrecyTests {
    /// A text that nothing else is made of.
    private enum Planted {
        static let token = "planted-api-token-6d1f0a"
        static let signingKey = "planted-signing-key-8c2e17-0123456789"
        static let collectorToken = "planted-collector-token-51be"
        static let fastlyToken = "planted-fastly-token-90aa"
        static let webhookKey = "cGxhbnRlZC13ZWJob29rLWtleS0yN2M0LTAxMjM0NTY3"
        static let kmsAccessKey = "PLANTEDACCESSKEY3E9"
        static let kmsSecretKey = "planted-kms-secret-key-f00d"
        static let kmsSessionToken = "planted-kms-session-token-beef"
        // Of clients, in the wrong places.
        static let wrongToken = "planted-wrong-token-44d2"
        static let cookie = "planted-cookie-ab12"
        static let basic = "cGxhbnRlZC1iYXNpYzpwbGFudGVk"
        static let query = "planted-query-99fe"
        static let signature = "planted-signature-00c1"

        /// Of a request, and no secret: what is not found of it is not looked for well.
        static let requestID = "planted-request-id-77ad"

        static let all = [
            token, signingKey, collectorToken, fastlyToken, webhookKey, "planted-webhook-key-27c4-01234567",
            kmsAccessKey, kmsSecretKey,
            kmsSessionToken, wrongToken, cookie, basic, query, signature,
        ]
    }

    /// The service, those that it talks to, and all that was heard.
    private struct Scene {
        let scratch: TemporaryFolder
        let collector: CannedServer
        /// A CDN that refuses purges, and says again what it was told.
        let purged: CannedServer
        var service: RunningService
        private(set) var heard: [String] = []

        init(_ more: [String: String] = [:]) async throws {
            self.scratch = try TemporaryFolder()
            self.collector = try CannedServer([.said(200, "{}")])
            self.purged = try CannedServer([.said(403, "no"), .said(500, "no"), .said(200, "{}")])
            let file = { [scratch] (name: String, text: String) throws -> String in
                let path = scratch.path(name)
                try Data(text.utf8).write(to: URL(filePath: path))
                return path
            }
            let port = self.purged.port
            let fastly =
                try "f:fastly,service=s1,token-file=\(file("fastly", Planted.fastlyToken)),"
                + "url=http://127.0.0.1:\(port)"
            let webhook =
                try "h:webhook,url=http://127.0.0.1:\(port)/hook,"
                + "secret-file=\(file("hook", "whsec_\(Planted.webhookKey)"))"
            let settings = [
                "MEDIA_LOG_LEVEL": "trace", "MEDIA_LOG_FORMAT": "json", "MEDIA_LOG_REQUESTS_EVERY": "1",
                "MEDIA_LOG_SLOW_REQUEST": "1ms", "MEDIA_API_TOKEN": Planted.token,
                "MEDIA_URL_SIGNING_KEYS": try "k1:\(file("signing", Planted.signingKey))",
                "MEDIA_PURGE_TARGETS": "\(fastly);\(webhook)", "MEDIA_PURGE_RETRY_MAX": "1s",
                "MEDIA_TRACE_OTLP_ENDPOINT": self.collector.endpoint, "MEDIA_TRACE_SAMPLE_RATIO": "1",
                "MEDIA_TRACE_OTLP_HEADERS_FILE": try file("collector", "X-Key: \(Planted.collectorToken)\n"),
                // Nothing is a hit: each delivery reads the store.
                "MEDIA_CACHE_BYTES_MAX": "0", "MEDIA_WORKERS": "2",
            ]
            let environment = settings.merging(more) { $1 }
            self.service = try await RunningService.start(
                environment: environment,
                dataFolder: self.scratch.path("data")
            )
        }

        mutating func ask(
            _ method: String,
            _ target: String,
            _ fields: [String] = [],
            body: [UInt8] = []
        ) async throws -> RawResponse {
            let head = RawRequest.head(method, target, fields, bodyBytes: body.count)
            let answer = try await self.service.connect().exchange(head, body: body)
            self.heard.append(String(decoding: answer.head, as: UTF8.self) + answer.text)
            return answer
        }

        mutating func upload(_ name: String = "pictures/gradient.jpg") async throws -> String {
            let authorized = ["Authorization: Bearer \(Planted.token)"]
            let body = try Fixtures.bytes(name)
            let answer = try await self.ask("POST", "/v1/assets", authorized, body: body)
            #expect(answer.status == 201, "\(answer.text)")
            let location = try #require(answer["Location"])
            return String(location.split(separator: "/").last ?? "")
        }

        /// What an honest client, a careless one and a rude one ask for.
        mutating func misuse(_ asset: String) async throws {
            let url = "/a/\(asset)/v1/thumbnail.webp"
            let secrets = [
                "Authorization: Bearer \(Planted.wrongToken)", "Cookie: session=\(Planted.cookie)",
                "Referer: https://a.example/?token=\(Planted.query)",
            ]
            let requests: [(String, String, [String], [UInt8])] = [
                ("GET", url, ["Cookie: a=\(Planted.cookie)"], []), ("GET", url, ["Range: bytes=0-9"] + secrets, []),
                ("GET", "\(url)?token=\(Planted.query)", [], []), ("GET", "/v1/assets", secrets, []),
                ("GET", "/v1/assets", ["Authorization: Basic \(Planted.basic)"], []),
                ("GET", "/v1/assets?cursor=\(Planted.query)", ["Authorization: Bearer \(Planted.token)"], []),
                ("POST", "/v1/assets", secrets, Array("rubbish".utf8)),
                ("POST", "/v1/assets", ["Authorization: Bearer \(Planted.token)"], Array("rubbish".utf8)),
                ("GET", "/a/\(asset)/v1/w=16.webp?sig=k1.\(Planted.signature)", [], []),
                ("GET", "/nowhere/\(Planted.query)", ["X-Request-Id: \(Planted.requestID)"], []),
                ("BREW", "/", secrets, []),
                ("GET", "/a/\(asset)/v1/original", ["Authorization: Bearer \(Planted.token)"], []),
                (
                    "GET", "/v1/assets/\(asset)",
                    ["Authorization: Bearer \(Planted.token)", "Expect: \(Planted.query)"], []
                ),
                (
                    "GET", "/v1/assets", ["Authorization: Bearer \(Planted.token)", "Authorization: \(Planted.query)"],
                    []
                ),
            ]
            for (method, target, fields, body) in requests {
                _ = try await self.ask(method, target, fields, body: body)
            }
            // What is no HTTP.
            for line in ["GET /\(Planted.query) HTTP/9.9", "GET / HTTP/1.1\r\n\(Planted.cookie)"] {
                let connection = try await self.service.connect()
                try await connection.send("\(line)\r\nHost: a\r\n\r\n")
                self.heard.append(String(decoding: try await connection.receiveToEnd(), as: UTF8.self))
            }
        }

        /// A recipe by a signature of the service's own key, which is a secret of the one who has the URL.
        mutating func askSigned(_ asset: String) async throws -> String {
            let path = "/a/\(asset)/v1/w=24.webp"
            let key = "k1:\(self.scratch.path("signing"))"
            let run = try await MediactlRun(["sign", path, "--url-signing-keys", key])
            #expect(run.code == 0, "\(run.errors)")
            let url = try #require(run.outputLines.last)
            let answer = try await self.ask("GET", url)
            #expect(answer.status == 200, "\(answer.text)")
            return try #require(url.split(separator: "sig=").last.map(String.init))
        }

        /// Cuts every stored blob short, so that reading it fails.
        func damageBlobs() throws {
            for name in try self.scratch.files() where name.hasPrefix("data/blobs/") {
                let handle = try FileHandle(forWritingTo: URL(filePath: self.scratch.path(name)))
                try handle.truncate(atOffset: 100)
                try handle.close()
            }
        }

        /// Ends the service, and gives all that it has said.
        mutating func end() async throws -> [(source: String, text: String)] {
            let metrics = try await self.service.connectToAdmin().exchange(RawRequest.head("GET", "/metrics"))
            #expect(try await self.service.stop() == .code(0))
            let spans = self.collector.requests.map { $0.split(separator: "\r\n\r\n").dropFirst().joined() }
            #expect(spans.joined().contains("\"traceId\"") && self.service.log.contains("Request refused"))
            // It was known by its token there, and nowhere else.
            #expect(self.collector.requests.allSatisfy { $0.contains("X-Key: \(Planted.collectorToken)") })
            return [("log", self.service.log), ("metrics", metrics.text)] + spans.map { ("spans", $0) }
                + self.heard.map { ("answer", $0) }
        }
    }

    /// Key bytes as a log might have them.
    private static func spellings(_ key: [UInt8]) -> [String] {
        let hex = key.map { String($0, radix: 16) }.map { $0.count < 2 ? "0\($0)" : $0 }.joined()
        let base64 = Data(key).base64EncodedString()
        let url = base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let list = key.map(String.init).joined(separator: ", ")
        return [hex, hex.uppercased(), base64, url, list, String(decoding: key, as: UTF8.self)]
    }

    private static func expectNone(of secrets: [String], in said: [(source: String, text: String)]) {
        let sources = Set(said.filter { $0.text.contains(Planted.requestID) }.map(\.source))
        #expect(sources == ["log", "spans", "answer"])
        for secret in secrets where !secret.isEmpty {
            for (source, text) in said where text.contains(secret) {
                let lines = text.split(separator: "\n").filter { $0.contains(secret) }.prefix(2)
                Issue.record("\(secret) is in the \(source): \(lines.joined(separator: "\n"))")
            }
        }
    }

    @Test func nothingIsSaidOfTheKeyRingAndOfNoOtherSecret() async throws {
        var scene = try await Scene()
        let asset = try await scene.upload()
        try await scene.misuse(asset)
        let signature = try await scene.askSigned(asset)
        let other = try await scene.upload("pictures/gradient.png")
        let delete = try await scene.ask("DELETE", "/v1/assets/\(other)", ["Authorization: Bearer \(Planted.token)"])
        #expect(delete.status == 204)
        #expect(try await comesAbout { scene.purged.requests.count >= 4 })
        try scene.damageBlobs()
        let damaged = try await scene.ask("GET", "/a/\(asset)/v1/preview.webp")
        #expect(damaged.status >= 500, "\(damaged.status)")
        let ring = try String(contentsOfFile: scene.scratch.path("data/keys"), encoding: .utf8)
        let said = try await scene.end()
        let keys = ring.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .compactMap { $0.split(separator: ":").last }.compactMap { Data(base64Encoded: String($0)) }
        #expect(!keys.isEmpty && keys.allSatisfy { $0.count == 32 })
        let secrets = Planted.all + [signature] + keys.flatMap { Self.spellings(Array($0)) }
        Self.expectNone(of: secrets, in: said)
        // It would be found.
        #expect(said.contains { $0.source == "log" && $0.text.contains("Delivery") || $0.text.contains("damage") })
    }

    @Test func nothingIsSaidOfWhatAKMSGives() async throws {
        let key = (0..<32).map { UInt8(200 - 5 * $0) }
        let arn = "arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c"
        let made =
            #"{"KeyId":"\#(arn)","CiphertextBlob":"\#(Data("wrapped".utf8).base64EncodedString())","#
            + #""Plaintext":"\#(Data(key).base64EncodedString())"}"#
        let described = #"{"KeyMetadata":{"Arn":"\#(arn)","KeyState":"Enabled"}}"#
        let kms = try CannedServer { number, request in
            // It is away now and then, and what it says then has the key in it.
            if number.isMultiple(of: 3) { return .said(500, made) }
            return .said(200, request.contains("DescribeKey") ? described : made)
        }
        var scene = try await Scene([
            "MEDIA_KMS_KEY_ID": arn, "MEDIA_KMS_REGION": "eu-central-1", "MEDIA_KMS_ENDPOINT": kms.endpoint,
            "MEDIA_KMS_ACCESS_KEY_ID": Planted.kmsAccessKey, "MEDIA_KMS_SECRET_ACCESS_KEY": Planted.kmsSecretKey,
            "MEDIA_KMS_SESSION_TOKEN": Planted.kmsSessionToken, "MEDIA_KMS_DEADLINE": "60s",
        ])
        let asset = try await scene.upload()
        try await scene.misuse(asset)
        #expect(kms.requests.contains { $0.contains("GenerateDataKey") })
        let said = try await scene.end()
        Self.expectNone(of: Planted.all + Self.spellings(key), in: said)
    }
}
