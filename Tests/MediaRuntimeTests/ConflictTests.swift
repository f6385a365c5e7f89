import Testing

@testable import MediaRuntime

/// The rules that need more than one setting.
@Suite struct ConflictTests {
    static let token = "0123456789abcdef"

    @Test(arguments: [
        "0.0.0.0", "::", "192.168.1.2", "10.0.0.1", "media.example.org", "::ffff:127.0.0.1", "2001:db8::1",
    ])
    func theServiceDoesNotStartOnAPublicAddressWithoutAToken(host: String) async throws {
        let found = try await problems(flags: ["http.host": host])
        #expect(found.map(\.key) == ["http.host"])
        #expect(
            found[0].description.contains(
                "The service does not start on a public address without authentication set up"
            )
        )
        #expect(found[0].description.contains("MEDIA_API_TOKEN"))
        _ = try await load(flags: ["http.host": host, "api.token": Self.token])
    }

    @Test(arguments: ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
    func loopbackNeedsNoToken(host: String) async throws {
        #expect(try await load(flags: ["http.host": host]).http.host == host)
    }

    @Test(arguments: ["0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "192.169.0.1", "metrics.example.org", "2001:db8::1"])
    func theAdminListenerIsRefusedWhereAnybodyReachesIt(host: String) async throws {
        #expect(try await problems(flags: ["admin.host": host, "api.token": Self.token]).map(\.key) == ["admin.host"])
    }

    @Test(arguments: [
        "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.1.1", "fd00::1", "fe80::1",
    ])
    func theAdminListenerMayBeInside(host: String) async throws {
        #expect(try await load(flags: ["admin.host": host]).admin.host == host)
    }

    @Test func theListenersNeedTwoPorts() async throws {
        #expect(try await problems(flags: ["http.port": "9090"]).map(\.key) == ["admin.port"])
        _ = try await load(flags: ["http.port": "0", "admin.port": "0"])
    }

    @Test func aKeyIsNotGivenUpBeforeItIsAskedForAgain() async throws {
        let flags = ["key.age.soft": "2h", "key.age.hard": "1h"]
        #expect(try await problems(flags: flags).map(\.key) == ["key.age.soft"])
        _ = try await load(flags: ["key.age.soft": "1h", "key.age.hard": "1h"])
    }

    @Test(arguments: [
        ("edge:varnish,url=http://127.0.0.1:1", "cloudflare"), ("f:fastly,service=s,token-file=/t", "none"),
        ("cdn:cloudflare,zone=z,token-file=/t", "varnish"),
    ])
    func aTargetThatGoesByTagsNeedsItsField(target: String, profile: String) async throws {
        let flags = ["purge.targets": target, "cdn.profile": profile]
        #expect(try await problems(flags: flags).map(\.key) == ["purge.targets"])
        _ = try await load(flags: flags.merging(["cdn.profile": "portable"]) { $1 })
    }

    @Test func aTargetThatGoesByURLsNeedsNone() async throws {
        let target = "cdn:cloudflare,zone=z,token-file=/t,by=urls,site=https://a.example"
        _ = try await load(flags: ["purge.targets": target, "cdn.profile": "none"])
    }

    @Test(arguments: ["tls.key.file", "tls.certificate.file"])
    func aCertificateAndItsKeyGoTogether(key: String) async throws {
        let found = try await problems(flags: [key: "/tmp/file.pem"])
        #expect(found.map(\.key) == ["tls.certificate.file"])
        #expect(found[0].description.contains("\(key) is set"))
        _ = try await load(flags: ["tls.key.file": "/k", "tls.certificate.file": "/c"])
    }

    @Test func purgesByURLNeedToKnowWhatThoseBeginWith() async throws {
        let flags = ["purge.targets": "cdn:cloudflare,zone=z,token-file=/t,by=urls"]
        #expect(try await problems(flags: flags).map(\.key) == ["purge.targets"])
        _ = try await load(flags: flags.merging(["public.base.url": "https://img.example.org"]) { $1 })
        _ = try await load(flags: [
            "purge.targets": "cdn:cloudflare,zone=z,token-file=/t,by=urls,site=https://a.example"
        ])
    }

    @Test(arguments: ["http://collector.internal:4318", "http://10.0.0.1:4318", nil])
    func theCollectorsTokenIsForTheCollectorAlone(endpoint: String?) async throws {
        let file = ["trace.otlp.headers.file": "/tmp/collector"]
        let flags = endpoint.map { file.merging(["trace.otlp.endpoint": $0]) { $1 } } ?? file
        #expect(try await problems(flags: flags).map(\.key) == ["trace.otlp.headers.file"])
        for safe in ["https://collector.internal:4318", "http://127.0.0.1:4318", "http://[::1]:4318"] {
            _ = try await load(flags: file.merging(["trace.otlp.endpoint": safe]) { $1 })
        }
        if let endpoint { _ = try await load(flags: ["trace.otlp.endpoint": endpoint]) }
    }

    @Test func everyRuleThatIsBrokenIsReported() async throws {
        let flags = [
            "http.host": "0.0.0.0", "admin.host": "0.0.0.0", "http.port": "9090", "image.pixels.max": "200",
            "image.pixels.total.max": "100", "key.age.soft": "2d", "kms.key.id": "alias/a",
        ]
        let found = Set(try await problems(flags: flags).map(\.key))
        #expect(
            found == ["http.host", "admin.host", "admin.port", "image.pixels.max", "key.age.soft", "kms.key.id"]
        )
    }

    @Test func oneFrameMayNotHaveMorePixelsThanAll() async throws {
        let flags = ["image.pixels.max": "200", "image.pixels.total.max": "100"]
        #expect(try await problems(flags: flags).map(\.key) == ["image.pixels.max"])
        _ = try await load(flags: ["image.pixels.max": "100", "image.pixels.total.max": "100"])
    }

    static let kms = [
        "kms.key.id": "alias/images", "kms.region": "eu-central-1", "kms.access.key.id": "AKID",
        "kms.secret.access.key": "secret",
    ]

    @Test(arguments: [
        ("kms.region", "eu-central-1"), ("kms.access.key.id", "AKID"), ("kms.secret.access.key", "secret"),
        ("kms.endpoint", "https://kms.example.com"), ("kms.session.token", "token"), ("key.ring.former.path", "ring"),
    ])
    func whatBelongsToAKMSIsRefusedWithoutOne(key: String, value: String) async throws {
        let found = try await problems(flags: [key: value])
        #expect(found.map(\.key) == [key])
        #expect(found[0].description.contains("kms.key.id"))
        _ = try await load(flags: Self.kms.merging([key: value]) { given, _ in given })
    }

    @Test(arguments: ["kms.region", "kms.access.key.id", "kms.secret.access.key"])
    func aKMSNeedsAllOfItsSettings(key: String) async throws {
        let found = try await problems(flags: Self.kms.filter { $0.key != key })
        #expect(found.map(\.key) == ["kms.key.id"])
        #expect(found[0].description.contains(key))
    }

    @Test func aRuleIsNotReportedOnTopOfAValueThatDoesNotParse() async throws {
        #expect(try await problems(flags: ["http.host": "0.0.0.0", "api.token": "short"]).map(\.key) == ["api.token"])
    }

    @Test func clientsAndBatchesAreNotHeldToTheRulesOfTheService() async throws {
        _ = try await load(flags: ["http.host": "0.0.0.0"], for: .client)
        _ = try await load(flags: ["http.host": "0.0.0.0"], for: .batch)
        await #expect(throws: SettingsError.self) {
            _ = try await load(flags: ["image.pixels.max": "200", "image.pixels.total.max": "100"], for: .batch)
        }
    }
}
