import FoundationEssentials
import Glibc
import MediaTesting
import Testing

extension WireTests {
    /// TLS with HTTP/1.1 and HTTP/2, as curl and as openssl see it.
    @Suite struct SecureWireTests {
        /// A service with a certificate for 30 days, and what clients need to trust it.
        static func with(
            environment: [String: String] = [:],
            _ body: (Origin, TestCertificates) async throws -> Void
        ) async throws {
            let certificates = try await TestCertificates()
            try await certificates.issue(days: 30)
            let tls = [
                "MEDIA_TLS_CERTIFICATE_FILE": certificates.certificate, "MEDIA_TLS_KEY_FILE": certificates.key,
            ]
            try await Origin.with(environment: tls.merging(environment) { $1 }) { try await body($0, certificates) }
        }

        @Test func bothVersionsOfHTTPSayTheSame() async throws {
            try await Self.with { origin, certificates in
                let curl = SecureCurl(origin, certificates)
                let asset = try await curl.upload("gradient.png", "--http2")
                let entry = try asset.entry("thumbnail")
                let tag = "If-None-Match: \"\(entry.sha256)\""
                let requests = [[], ["-H", tag], ["-H", "Range: bytes=3-9"], ["--head"], ["--head", "-H", tag]]
                for request in requests {
                    // The second answer to a GET comes off the hot path.
                    let first = try await curl.get(entry.url, ["--http1.1", "--tlsv1.3"] + request)
                    let second = try await curl.get(entry.url, ["--http1.1", "--tls-max", "1.2"] + request)
                    let third = try await curl.get(entry.url, ["--http2", "--tlsv1.3"] + request)
                    #expect([first.version, second.version, third.version] == ["1.1", "1.1", "2"])
                    #expect(first.fields == second.fields)
                    #expect(first.fields == third.fields)
                    #expect(first.body == second.body)
                    #expect(first.body == third.body)
                }
                let whole = try await curl.get(entry.url, ["--http2"])
                #expect(whole.status == 200)
                #expect(whole.body.count == entry.bytes)
                let hits =
                    /http_requests_total\{route="\/a\/\{asset\}\/v\{n\}\/\{preset\}",method="GET",status="304"\} 3/
                #expect(try await origin.metrics().contains(hits))
            }
        }

        @Test func aHitWithinTLSDoesNotAskTheCatalog() async throws {
            try await Self.with { origin, certificates in
                let curl = SecureCurl(origin, certificates)
                let url = try await curl.upload("gradient.png", "--http1.1").entry("thumbnail").url
                _ = try await curl.get(url, ["--http1.1"])
                let asked = "media_catalog_operation_duration_seconds_count{operation=\"rendition\"}"
                let before = try await HotPathWireTests.Metrics(origin)
                #expect(before["media_cache_hot_objects"] == 1)
                for _ in 0..<3 { #expect(try await curl.get(url, ["--http1.1"]).status == 200) }
                #expect(try await HotPathWireTests.Metrics(origin)[asked] == before[asked])
                #expect(try await curl.get(url, ["--http2"]).status == 200)
                #expect(try await HotPathWireTests.Metrics(origin)[asked] == before[asked] + 1)
            }
        }

        @Test func anUploadThatIsRefusedOverHTTP2IsNotReadToItsEnd() async throws {
            try await Self.with(environment: ["MEDIA_UPLOAD_BYTES_MAX": "1MiB"]) { origin, certificates in
                let curl = SecureCurl(origin, certificates)
                let big = try TemporaryFolder()
                let file = big.url.appending(path: "big")
                // A picture's beginning, so that it is the size that is refused.
                let start = Array(try Fixtures.bytes("pictures/gradient.png").prefix(64))
                try Data(start + [UInt8](repeating: 7, count: 64 << 20)).write(to: file)
                let answer = try await curl.get(
                    "/v1/assets",
                    ["--http2", "-H", "Transfer-Encoding: chunked", "-X", "POST", "-T", file.path]
                )
                #expect(answer.status == 413)
                #expect(answer.bytesSent < 32 << 20)
                #expect(try origin.blobs().isEmpty)
            }
        }

        @Test func aNewCertificateIsTakenOnSIGHUPAndABrokenOneIsNot() async throws {
            try await Self.with { origin, certificates in
                #expect(try await Self.expiryDays(origin) == 30)
                let before = try await Self.serial(origin, certificates)
                try await certificates.issue(days: 60)
                origin.service.process.send(signal: SIGHUP)
                #expect(try await comesAbout { try await Self.serial(origin, certificates) != before })
                #expect(try await Self.expiryDays(origin) == 60)

                let good = try await Self.serial(origin, certificates)
                let key = try Data(contentsOf: URL(filePath: certificates.key))
                try await certificates.issue(days: 90)
                // The key of the one before: openssl truncates the file, and its mode stays 0600.
                try key.write(to: URL(filePath: certificates.key))
                origin.service.process.send(signal: SIGHUP)
                #expect(try await comesAbout { origin.service.log.contains("Certificate not loaded") })
                #expect(origin.service.log.contains("is not the key of"))
                #expect(try await Self.serial(origin, certificates) == good)
                #expect(try await origin.metrics().contains("tls_certificate_reloads_total{outcome=\"failed\"}"))
                #expect(try await Self.expiryDays(origin) == 60)
            }
        }

        @Test func aNewCertificateIsFoundWithoutASignal() async throws {
            try await Self.with { origin, certificates in
                let before = try await Self.serial(origin, certificates)
                try await certificates.issue(days: 60)
                #expect(try await comesAbout { try await Self.serial(origin, certificates) != before })
            }
        }

        @Test(arguments: ["absent", "open to others", "of another certificate"])
        func theServiceDoesNotStartWithoutAGoodKey(key: String) async throws {
            let certificates = try await TestCertificates()
            try await certificates.issue(days: 30)
            let files = FileManager.default
            switch key {
            case "absent": try files.removeItem(atPath: certificates.key)
            case "open to others":
                try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: certificates.key)
            default:
                let other = try Data(contentsOf: URL(filePath: certificates.key))
                try await certificates.issue(days: 30)
                try other.write(to: URL(filePath: certificates.key))
            }
            let failure = await #expect(throws: ChildProcess.Failure.self) {
                try await RunningService.start(environment: [
                    "MEDIA_TLS_CERTIFICATE_FILE": certificates.certificate, "MEDIA_TLS_KEY_FILE": certificates.key,
                ])
            }
            #expect(failure?.description.contains("mediad does not start: \(certificates.key): ") == true)
        }

        @Test func nothingIsSaidInClear() async throws {
            try await Self.with { origin, _ in
                let connection = try await origin.service.connect()
                try await connection.send(Origin.head("GET", "/v1/assets", [], body: []))
                // An alert at the most.
                let said = try await connection.receiveToEnd(timeout: .seconds(60))
                #expect(!String(decoding: said, as: UTF8.self).contains("HTTP/"))
            }
        }

        @Test func aHandshakeThatDoesNotComeToItsEndIsCut() async throws {
            try await Self.with(environment: SlowPeerWireTests.impatient) { origin, _ in
                let silent = try await origin.service.connect()
                let begun = try await origin.service.connect()
                // The first bytes of a ClientHello of 512.
                try await begun.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
                #expect(try await silent.isClosedByPeer(within: SlowPeerWireTests.wait))
                #expect(try await begun.isClosedByPeer(within: SlowPeerWireTests.wait))
                #expect(try await SlowPeerWireTests.cuts(origin, "head") == 2)
            }
        }

        /// `openssl s_client` sends what it is given, and ends when the service ends the connection.
        @Test(arguments: [
            ("head", "GET / HTTP/1.1\r\nHost: "),
            ("body", "POST /v1/assets HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"),
        ])
        func whoIsSlowWithinTLSIsCut(reason: String, start: String) async throws {
            try await Self.with(environment: SlowPeerWireTests.impatient) { origin, certificates in
                let client = try ChildProcess(
                    "/usr/bin/openssl",
                    ["s_client", "-quiet", "-connect", "127.0.0.1:\(origin.service.port)"],
                    stdin: Array(start.utf8)
                )
                _ = try await client.exit(within: SlowPeerWireTests.wait)
                let cuts = try await SlowPeerWireTests.cuts(origin, reason)
                #expect(cuts == 1, "openssl said \(String(decoding: client.stderr, as: UTF8.self))")
                let said = String(decoding: client.stdout, as: UTF8.self)
                #expect(said.hasPrefix("HTTP/1.1 408") == (reason == "body"))
            }
        }

        @Test func aMalformedRequestIsRefusedWithinTLS() async throws {
            try await Self.with { origin, certificates in
                let outcome = try await ChildProcess.run(
                    "/usr/bin/openssl",
                    ["s_client", "-quiet", "-connect", "127.0.0.1:\(origin.service.port)"],
                    stdin: Array("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                )
                #expect(outcome.text.hasPrefix("HTTP/1.1 400 "))
                #expect(outcome.text.components(separatedBy: "HTTP/1.1 ").count == 2)
            }
        }

        private static func serial(_ origin: Origin, _ certificates: TestCertificates) async throws -> String {
            let outcome = try await ChildProcess.run(
                "/bin/sh",
                [
                    "-c",
                    "openssl s_client -connect 127.0.0.1:\(origin.service.port) </dev/null 2>/dev/null"
                        + " | openssl x509 -noout -serial",
                ]
            )
            try #require(outcome.text.hasPrefix("serial="), "\(outcome.errorText)")
            return outcome.text
        }

        /// By the metric, to the nearest day.
        private static func expiryDays(_ origin: Origin) async throws -> Int {
            let line = try #require(
                try await origin.metrics().split(separator: "\n").first {
                    $0.hasPrefix("tls_certificate_expiry_timestamp_seconds ")
                }
            )
            let seconds = try #require(line.split(separator: " ").last.flatMap { Double($0) })
            return Int(((seconds - Date().timeIntervalSince1970) / 86_400).rounded())
        }
    }
}

/// curl, which trusts the tests' authority and nobody else.
struct SecureCurl {
    struct Answer {
        let status: Int
        /// `1.1` or `2`.
        let version: String
        /// Lines as `name: value`, names in lower case, sorted, but for `Date` and what tells of the way.
        let fields: [String]
        let body: [UInt8]
        let bytesSent: Int
    }

    private let base: String
    private let authority: String

    init(_ origin: Origin, _ certificates: TestCertificates) {
        self.base = "https://127.0.0.1:\(origin.service.port)"
        self.authority = certificates.authority
    }

    func get(_ target: String, _ options: [String]) async throws -> Answer {
        let folder = try TemporaryFolder()
        let outcome = try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "-sS", "--max-time", "120", "--cacert", self.authority, "-D", folder.path("head"), "-o",
                folder.path("body"), "-w", "%{response_code} %{http_version} %{size_upload}",
            ] + options + [self.base + target]
        )
        try #require(outcome.exit == .code(0), "\(outcome.errorText)")
        let figures = outcome.text.split(separator: " ").map(String.init)
        let head = String(decoding: try Data(contentsOf: folder.url.appending(path: "head")), as: UTF8.self)
        let body = (try? Data(contentsOf: folder.url.appending(path: "body"))) ?? Data()
        let fields = head.split(separator: "\r\n").dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts[0].lowercased() + ":" + parts[1]
        }
        return Answer(
            status: Int(figures[0]) ?? 0,
            version: figures[1],
            fields: fields.filter { field in
                !["date:", "cache-status:", "server-timing:"].contains { field.hasPrefix($0) }
            }.sorted(),
            // With --head curl writes the head there.
            body: options.contains("--head") ? [] : [UInt8](body),
            bytesSent: Int(figures[2]) ?? 0
        )
    }

    func upload(_ picture: String, _ options: String...) async throws -> AssetJSON {
        let file = Fixtures.folder.appending(path: "pictures/\(picture)").path
        let answer = try await self.get("/v1/assets", options + ["-F", "file=@\(file)"])
        try #require(answer.status == 201)
        return try JSONDecoder().decode(AssetJSON.self, from: Data(answer.body))
    }
}
