import ArgumentParser
import FoundationEssentials
import MediaModel
import Testing

@testable import MediaRuntime

/// The table, the flags and the docs say the same.
@Suite struct SettingsTableTests {
    @Test func everySettingHasItsFlagAndEveryFlagItsSetting() throws {
        for setting in Settings.table {
            let options = try SettingsOptions.parse([setting.flag, "given"])
            #expect(options.values == [setting.key: "given"])
        }
        let all = try SettingsOptions.parse(Settings.table.flatMap { [$0.flag, $0.key] } + ["--config", "file"])
        #expect(all.values == Dictionary(uniqueKeysWithValues: Settings.table.map { ($0.key, $0.key) }))
        #expect(all.config == "file")
    }

    @Test func noFlagHasAValueThatNobodyGave() throws {
        let options = try SettingsOptions.parse([])
        #expect(options.values.isEmpty)
        #expect(options.config == nil)
    }

    @Test func clientsHaveShortSpellings() throws {
        let options = try ClientOptions.parse(["--origin", "http://a.example", "--token", "t"])
        #expect(options.values == ["origin.url": "http://a.example", "api.token": "t"])
    }

    @Test func keysAreLowercaseWordsAndUnique() {
        #expect(Set(Settings.table.map(\.key)).count == Settings.table.count)
        for setting in Settings.table {
            #expect(setting.key.allSatisfy { ("a"..."z").contains($0) || $0 == "." })
            #expect(!setting.summary.hasSuffix("."))
        }
    }

    @Test func oneKeyHasThreeSpellings() throws {
        let setting = try #require(Settings.setting("image.pixels.total.max"))
        #expect(setting.variable == "MEDIA_IMAGE_PIXELS_TOTAL_MAX")
        #expect(setting.flag == "--image-pixels-total-max")
    }

    @Test func theDefaultsAreThoseOfTheDesign() {
        let settings = Settings()
        let shown = Dictionary(uniqueKeysWithValues: settings.describe().map { ($0.key, $0.value ?? "none") })
        let promised = [
            "http.host": "127.0.0.1", "http.port": "8080", "admin.host": "127.0.0.1", "admin.port": "9090",
            "data.dir": "./media-data", "public.base.url": "none", "upload.bytes.max": "64MiB",
            "image.pixels.max": "50000000", "image.pixels.total.max": "100000000", "image.side.max": "65535",
            "image.frames.max": "500", "worker.memory.max": "2GiB", "queue.max": "64", "render.deadline": "10s",
            "cache.bytes.max": "256MiB", "presets": "thumbnail:w=320,h=320;preview:w=1280,h=1280,anim=1",
            "key.ring.path": "./media-data/keys", "api.token": "none", "log.level": "info", "log.format": "text",
            "connections.max": "2048", "http.idle.timeout": "30s", "upload.timeout": "2m", "shutdown.deadline": "30s",
        ]
        for (key, value) in promised { #expect(shown[key] == value, "\(key)") }
        #expect(settings.workers.count >= 1)
    }

    @Test func theConfigurationPageIsTheGeneratedOne() throws {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: checkout.appending(path: "docs/CONFIGURATION.md"), encoding: .utf8)
        #expect(page == Settings.markdownPage(), "run: mediactl config docs > docs/CONFIGURATION.md")
    }
}
