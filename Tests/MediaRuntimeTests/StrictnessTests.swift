import Testing

@testable import MediaRuntime

/// No value is guessed, mended or ignored.
@Suite struct StrictnessTests {
    static let rubbish: [(key: String, values: [String])] = [
        ("http.host", ["", "*", "[::1]", "127.0.0.1:80", "300.1.1.1", "a b", "-a.example", "a..b"]),
        ("http.port", ["", "abc", "-1", "+80", "080", "65536", "80.0", " 80", "8080 ", "true", "0x50"]),
        ("admin.port", ["99999999999999999999"]),
        ("data.dir", ["", "a\0b"]),
        (
            "public.base.url",
            [
                "", "media.example.org", "ftp://a.example", "https://a.example/", "https://a.example?x=1", "https://",
                "https://a.example#f", "https://user:pw@a.example", "https://a.example/a b", "HTTPS://a.example",
            ]
        ),
        ("upload.bytes.max", ["", "0", "64MB", "64M", "1.5MiB", "-1", "MiB", "64 MiB", "9223372036854775807GiB"]),
        ("image.pixels.max", ["0", "50M", "5e7"]),
        ("image.frames.max", ["-3", "many"]),
        ("workers", ["0", "1025", "two"]),
        ("worker.memory.max", ["unlimited", "-1"]),
        ("worker.jobs.max", ["-1", "often"]),
        ("worker.sandbox.allow.missing", ["", "all", "landlock,", "Landlock", "none,landlock"]),
        ("queue.max", ["-1"]),
        ("render.deadline", ["", "10", "0s", "1.5s", "10 s", "10sec", "-1s", "25h", "99999999999999999h"]),
        (
            "presets",
            ["", "thumbnail", "thumbnail:", "original:w=1", "a:w=1;", "a:w=1;a:w=2", "a:w=0", "a:x=1", "A:w=1"]
        ),
        ("api.token", ["", "short", "fifteen-letters", "sixteen letters, with spaces"]),
        (
            "purge.targets",
            [
                "", "edge", "edge:", "edge:akamai", "Edge:varnish,url=http://a.example", "edge:varnish",
                "edge:varnish,url=a.example", "edge:varnish,url=http://a.example,mode=soft",
                "edge:varnish,url=http://a.example,url=http://b.example", "edge:varnish,url=http://a.example,zone=1",
                "edge:varnish,url=http://a.example,rate=0", "edge:varnish,url=http://a.example;",
                "a:varnish,url=http://a.example;a:varnish,url=http://b.example", "cdn:cloudflare,zone=z",
                "cdn:cloudflare,zone=a/b,token-file=/t", "cdn:fastly,service=s,token-file=/t,url=http://10.0.0.1",
                "cdn:cloudfront,distribution=E1,key-id=AKIA", "hook:webhook,url=https://a.example",
            ]
        ),
        (
            "url.signing.keys",
            [
                "", "k1", "k1:", ":/a", "K1:/a", "k_1:/a", "k1:/a;", "k1:/a;k1:/b", "a:/a;b:/b;c:/c",
                "k1234567890123456:/a",
            ]
        ),
        ("url.signing.recipes.max", ["0", "", "10001"]),
        ("purge.rebound", ["", "30", "2h"]),
        ("purge.horizon", ["1s"]),
        ("log.level", ["", "verbose", "INFO"]),
        ("log.format", ["xml", "JSON"]), ("metrics.enabled", ["", "yes", "1", "True"]),
        ("log.requests.every", ["-1", "1.5", "all"]),
        ("log.slow.request", ["", "5", "-1s", "2h"]),
        ("trace.otlp.endpoint", ["", "collector:4318", "http://collector:4318/", "grpc://collector:4317"]),
        ("trace.sample.ratio", ["", "1.0", "2", "-0.5", ".5", "0.", "0.1234567", "1e-3", "50%", "0,5"]),
        ("trace.sample.parent", ["", "true", "Follow"]), ("trace.service.name", ["", "my service"]),
        ("connections.max", ["0"]),
        ("shutdown.deadline", ["soon"]),
        ("origin.url", ["127.0.0.1:8080"]),
    ]

    @Test(arguments: rubbish)
    func valuesThatDoNotParseStopTheStart(key: String, values: [String]) async throws {
        let setting = try #require(Settings.setting(key))
        for value in values {
            let problem = try #require(try await problems(environment: [setting.variable: value]).first)
            #expect(problem.key == key, "'\(value)'")
            #expect(problem.description.contains("environment variable \(setting.variable)"))
            #expect(problem.description.contains("expected"))
            if !value.isEmpty, !setting.isSecret {
                #expect(problem.description.contains("'\(Printable.text(value))'"))
            }
        }
    }

    @Test(arguments: [
        ("http.port", "0"), ("http.port", "65535"), ("http.host", "::1"), ("http.host", "localhost"),
        ("public.base.url", "https://cdn.example.org/pictures"), ("public.base.url", "http://[::1]:8080"),
        ("upload.bytes.max", "1"), ("upload.bytes.max", "3GiB"), ("worker.memory.max", "0"),
        ("worker.jobs.max", "0"), ("worker.resident.max", "0"), ("worker.sandbox.allow.missing", "none"),
        ("worker.sandbox.allow.missing", "landlock,seccomp"),
        ("render.deadline", "500ms"),
        ("render.deadline", "1d"), ("log.level", "trace"), ("log.format", "json"), ("metrics.enabled", "false"),
        ("cache.bytes.max", "0"),
        ("presets", "card:w=640,h=480,fit=cover,q=75;small:w=64"),
        ("presets", "p:w=1,h=1,fit=pad,effort=6,bg=00ff0080"), ("presets", "p:w=1,formats=avif+webp+jpeg"),
        ("presets", "p:w=1,formats=webp"), ("presets", "p:w=1,ssim=0.985;b:w=1,bytes=40000,lossless=0"),
        ("url.signing.keys", "k2:/run/secrets/k2;k1:/run/secrets/k1"),
        ("purge.targets", "edge:varnish,url=http://10.0.0.5:6081"),
        (
            "purge.targets",
            "a:varnish,url=http://[::1]:6081,mode=ban,rate=50;b:cloudflare,zone=023e,token-file=/run/secrets/cf,"
                + "by=urls,site=https://img.example.org"
        ),
        (
            "purge.targets",
            "c:cloudfront,distribution=E1,key-id=AKIA,key-file=k;d:webhook,url=http://h.example/x,secret-file=s"
        ),
        ("purge.targets", "e:fastly,service=SU1Z,token-file=t,url=http://127.0.0.1:9,rate=1"),
        ("purge.rebound", "0ms"), ("api.token", "sixteen-letters!"), ("worker.path", "/opt/mediaworker"),
        ("key.ring.path", "keys"), ("log.slow.request", "0ms"), ("log.slow.request", "1500ms"),
        ("trace.otlp.endpoint", "https://collector.example:4318/otlp"), ("trace.sample.ratio", "0"),
        ("trace.sample.ratio", "1"), ("trace.sample.ratio", "0.000001"), ("trace.sample.ratio", "0.25"),
        ("trace.sample.parent", "ignore"), ("trace.service.name", "pictures-eu"),
    ])
    func acceptedValuesAreShownAsTheyWereGiven(key: String, value: String) async throws {
        let settings = try await load(flags: [key: value])
        let setting = try #require(Settings.setting(key))
        #expect(setting.text(settings) == value)
    }

    @Test func everyDefaultIsAccepted() async throws {
        for setting in Settings.table {
            guard let text = setting.text(Settings()) else { continue }
            _ = try await load(flags: [setting.key: text], for: .client)
        }
    }

    @Test func unknownVariablesAreRefusedAndTheLikelyOneIsNamed() async throws {
        let problem = try #require(try await problems(environment: ["MEDIA_HTTP_PROT": "1"]).first)
        #expect(problem.description.contains("MEDIA_HTTP_PROT"))
        #expect(problem.description.contains("did you mean MEDIA_HTTP_PORT?"))
    }

    @Test func variablesOfOthersAreNoneOfOurs() async throws {
        _ = try await load(environment: ["HTTP_PORT": "x", "XMEDIA_HTTP_PORT": "x", "media_http_port": "x"])
    }

    @Test func allProblemsAreReportedAtOnce() async throws {
        let found = try await problems(
            flags: ["http.port": "abc"],
            environment: ["MEDIA_WORKERS": "0", "MEDIA_NOPE": "1"],
            file: "queue:\n  max: -1\nunheard.of.key: 1\n"
        )
        #expect(Set(found.map(\.key)) == ["http.port", "workers", "MEDIA_NOPE", "queue.max", "unheard.of.key"])
    }

    @Test func aValueIsCheckedEvenWhereAnotherOverridesIt() async throws {
        let found = try await problems(flags: ["http.port": "80"], environment: ["MEDIA_HTTP_PORT": "abc"])
        #expect(found.map(\.key) == ["http.port"])
    }

    @Test func secretsAreMaskedInErrors() async throws {
        let error = SettingsError(problems: try await problems(environment: ["MEDIA_API_TOKEN": "hunter2"]))
        #expect(!"\(error)".contains("hunter2"))
        #expect("\(error)".contains("api.token is ***"))
    }

    @Test func controlCharactersOfAValueAreEscaped() async throws {
        let problem = try #require(try await problems(environment: ["MEDIA_LOG_LEVEL": "\u{1B}[2Jx"]).first)
        #expect(!problem.description.contains("\u{1B}"))
        #expect(problem.description.contains("\\u{1b}[2Jx"))
    }
}
