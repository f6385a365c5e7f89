import MediaModel
import Testing

@testable import MediaRuntime

/// What a file given with `--config` may look like.
@Suite struct SettingFilesTests {
    @Test(arguments: [
        "http:\n  port: 8081\n  idle:\n    timeout: 5s\nlog.level: debug\npresets:\n  - a:w=1\n  - b:h=2\n",
        #"{"http": {"port": 8081, "idle.timeout": "5s"}, "log": {"level": "debug"}, "presets": ["a:w=1", "b:h=2"]}"#,
        "{\n\t\"http\": {\n\t\t\"port\": \"8081\",\n\t\t\"idle\": {\"timeout\": \"5s\"}\n\t},"
            + "\n\t\"log.level\": \"debug\",\n\t\"presets\": \"a:w=1;b:h=2\"\n}\n",
    ])
    func yamlAndJSONAreRead(text: String) async throws {
        let settings = try await load(file: text)
        #expect(settings.http.port == 8081)
        #expect(settings.httpIdleTimeout == .seconds(5))
        #expect(try #require(Settings.setting("log.level")).text(settings) == "debug")
        #expect(settings.presets.map(\.name.description) == ["a", "b"])
    }

    @Test(arguments: [
        (#"{"http": {"port": true}}"#, "http.port"),
        (#"{"http": {"port": 80.5}}"#, "http.port"),
        (#"{"http": {"port": null}}"#, "http.port"),
        (#"{"http": 80}"#, "http"),
        (#"{"HTTP": {"port": 80}}"#, "HTTP.port"),
        (#"{"data": {"dir": ["a"]}}"#, "data.dir"),
        (#"{"presets": []}"#, "presets"),
        (#"{"presets": {"a": "w=1"}}"#, "presets.a"),
        (#"{"http": {"port": 1}, "http.port": 2}"#, "http.port"),
        (#"{"http.port": 1, "http.port": 2}"#, "--config"),
        ("data.dir:\n", "data.dir"),
        ("data.dir: ~\n", "data.dir"),
        ("http: [1, {a: 2}]\n", "--config"),
        ("- a\n- b\n", "--config"),
        ("", "--config"),
        ("a: [", "--config"),
    ])
    func filesThatMeanSomethingElseAreRefused(text: String, key: String) async throws {
        #expect(try await problems(file: text).map(\.key) == [key])
    }

    @Test func aFileThatIsNotThereIsRefused() async throws {
        let error = await #expect(throws: SettingsError.self) {
            _ = try await Settings.load(environment: [:], configFile: "/nonexistent/settings.yaml")
        }
        #expect(try #require(error).problems.map(\.key) == ["--config"])
        #expect("\(try #require(error))".contains("/nonexistent/settings.yaml"))
    }

    @Test func secretsInAFileAreMasked() async throws {
        let found = try await problems(file: "api.token: hunter2\n")
        #expect(found.map(\.key) == ["api.token"])
        #expect(!found.map(\.description).joined().contains("hunter2"))
    }

    /// The YAML library's words for a mistake include the line it is in.
    @Test(arguments: ["api.token: \"hunter2", "api.token: hunter2: x", "api.token: hunter2\n\tx: 1", "hunter2"])
    func aFileThatDoesNotParseIsNotQuoted(text: String) async throws {
        let found = try await problems(file: text)
        #expect(found.map(\.key) == ["--config"])
        #expect(!found.map(\.description).joined().contains("hunter2"))
    }
}
