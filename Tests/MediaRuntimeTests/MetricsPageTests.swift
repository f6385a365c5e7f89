import FoundationEssentials
import MediaModel
import Testing

@testable import MediaMetrics
@testable import MediaOrigin
@testable import MediaRuntime

@Suite struct MetricsPageTests {
    @Test func theMetricsPageIsTheGeneratedOne() throws {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: checkout.appending(path: "docs/METRICS.md"), encoding: .utf8)
        #expect(page == Telemetry.metricsPage, "run: mediactl metrics docs > docs/METRICS.md")
    }

    @Test func everyMetricIsInThePageOnce() {
        let rows = Telemetry.metricsPage.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == OriginMetrics.definitions.count)
        for definition in OriginMetrics.definitions {
            #expect(rows.filter { $0.hasPrefix("| `\(definition.name)` |") }.count == 1, "\(definition.name)")
        }
    }

    /// Whoever reads of a setting looks for it by that name.
    @Test func theSettingsThatTheTextsNameAreThere() {
        let texts = OriginMetrics.groups.flatMap { group in
            [group.about]
                + group.metrics.flatMap { metric in
                    [metric.help, metric.condition ?? ""] + metric.labels.map { $0.meaning ?? "" }
                }
        }
        let keys = Set(Settings.table.map(\.key))
        // Files are no settings.
        let named = texts.flatMap { $0.matches(of: /[a-z]+(?:\.[a-z]+)+/) }.map { String($0.0) }
            .filter { !$0.hasSuffix(".md") }
        #expect(named.contains("disk.free.min"))
        #expect(named.filter { !keys.contains($0) } == [])
    }
}

@Suite struct MachineLimitsTests {
    @Test func allGroupsAboveCount() {
        #expect(MachineLimits.groups(of: "0::/a/b.service\n") == ["/a/b.service", "/a", ""])
        #expect(MachineLimits.groups(of: "1:cpu:/x\n0::/\n") == [""])
        // Version 1 alone.
        #expect(MachineLimits.groups(of: "1:memory:/x\n") == nil)
    }

    @Test(arguments: [("max\n", nil), ("536870912\n", 536_870_912), ("", nil)])
    func aLimitIsBytesOrNone(text: String, expected: Int?) { #expect(MachineLimits.limit(text) == expected) }

    @Test func thisMachineHasMemoryAndADisk() throws {
        #expect(try #require(MachineLimits.memoryBytes()) > 64 << 20)
        let disk = try #require(MachineLimits.disk(of: "/"))
        #expect(disk.total > disk.free && disk.free > 0)
        #expect(MachineLimits.disk(of: "/no/such/folder") == nil)
    }
}
