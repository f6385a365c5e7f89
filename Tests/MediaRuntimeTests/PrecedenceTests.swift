import Testing

@testable import MediaRuntime

/// Flags go before the environment, that before the file, that before the defaults.
@Suite struct PrecedenceTests {
    static let file = "http.port: 3\nworkers: 3\nqueue.max: 3\n"
    static let environment = ["MEDIA_HTTP_PORT": "2", "MEDIA_WORKERS": "2"]
    static let flags = ["http.port": "1"]

    @Test func theStrongestSourceWins() async throws {
        let settings = try await load(flags: Self.flags, environment: Self.environment, file: Self.file)
        #expect(settings.http.port == 1)
        #expect(settings.workers.count == 2)
        #expect(settings.workers.queueMax == 3)
        #expect(settings.connectionsMax == Settings().connectionsMax)
    }

    @Test func describeSaysWhereEachCameFrom() async throws {
        let settings = try await load(flags: Self.flags, environment: Self.environment, file: Self.file)
        let lines = Dictionary(uniqueKeysWithValues: settings.describe().map { ($0.key, $0) })
        #expect(lines["http.port"]?.source == "flag")
        #expect(lines["workers"]?.source == "environment")
        #expect(lines["queue.max"]?.source.hasPrefix("file /") == true)
        #expect(lines["connections.max"] == .init(key: "connections.max", value: "2048", source: "default"))
        #expect(lines["public.base.url"] == .init(key: "public.base.url", value: nil, source: "default"))
        #expect(lines.count == Settings.table.count)
    }

    @Test func secretsAreMaskedWhereverSettingsArePrinted() async throws {
        let settings = try await load(environment: ["MEDIA_API_TOKEN": "correct-horse-battery"])
        #expect(settings.apiToken?.value == "correct-horse-battery")
        #expect(settings.describe().first { $0.key == "api.token" }?.value == Secret.mask)
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!(dumped + "\(settings)" + String(reflecting: settings)).contains("correct-horse"))
    }

    @Test func derivedDefaultsFollowWhatTheyDeriveFrom() async throws {
        let moved = try await load(flags: ["data.dir": "/srv/media"])
        #expect(moved.keyRingPath == "/srv/media/keys")
        #expect(moved.workerPath.hasSuffix("/mediaworker"))
        let given = try await load(flags: ["data.dir": "/srv/media", "key.ring.path": "/etc/keys", "worker.path": "/w"])
        #expect(given.keyRingPath == "/etc/keys")
        #expect(given.workerPath == "/w")
    }
}
