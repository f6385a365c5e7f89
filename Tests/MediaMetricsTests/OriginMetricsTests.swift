import CoreMetrics
import Foundation
import Testing

@testable import MediaMetrics

@Suite struct OriginMetricsTests {
    private static let promtool = "/usr/bin/promtool"
    /// The checkout; `MEDIA_CHECKOUT` overrides.
    private static let checkout =
        ProcessInfo.processInfo.environment["MEDIA_CHECKOUT"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A registry with a handle of every metric, used once.
    private static func used() -> PrometheusRegistry {
        let registry = OriginMetrics.makeRegistry(version: "1.2.3")
        for definition in OriginMetrics.definitions {
            let dimensions = definition.labels.map { ($0.name, $0.values?.first ?? "a") }
            switch definition.kind {
            case .counter: Counter(label: definition.name, dimensions: dimensions, factory: registry).increment()
            case .gauge: Gauge(label: definition.name, dimensions: dimensions, factory: registry).record(1.5)
            case .durations:
                Timer(label: definition.name, dimensions: dimensions, factory: registry).recordMilliseconds(7)
            case .info: break
            case .sizes: Recorder(label: definition.name, dimensions: dimensions, factory: registry).record(70_000)
            }
        }
        return registry
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "needs promtool (Debian: prometheus)"))
    func promtoolAcceptsEveryMetric() throws {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(filePath: Self.promtool)
        process.arguments = ["check", "metrics"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(Self.used().exposition()))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(String(decoding: said, as: UTF8.self).isEmpty)
        #expect(process.terminationStatus == 0)
    }

    @Test func everyMetricIsExposed() {
        let text = Self.used().text
        for definition in OriginMetrics.definitions {
            let type = definition.kind == .info ? "gauge" : definition.kind.typeName
            #expect(text.contains("# TYPE \(definition.name) \(type)\n"))
        }
        #expect(text.contains("media_build_info{version=\"1.2.3\"} 1\n"))
    }

    /// OpenMetrics takes the suffix off counters and infos: two families must not meet then.
    @Test func noTwoFamiliesHaveOneName() {
        let names = OriginMetrics.definitions.map { ExpositionFormat.openMetrics100.familyName(of: $0) }
        #expect(Set(names).count == names.count)
    }

    /// A sentence that ends, so that a condition can follow it in the reference; and no cell ends early.
    @Test func everyHelpIsASentence() {
        for definition in OriginMetrics.definitions {
            #expect(definition.help.hasSuffix("."), "\(definition.name)")
            #expect(!definition.help.contains("|"), "\(definition.name)")
        }
    }

    /// Whatever is declared with its values is a series from the start: not thousands of lines.
    @Test func aScrapeAtTheStartIsSmall() {
        let lines = OriginMetrics.makeRegistry(version: "").text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count < 1500, "\(lines.count) series")
        #expect(lines.count > 100)
    }

    /// The use cases cannot import this module (ARCHITECTURE §5, rule 2) and name their metrics in text: a name that is
    /// misspelled there would end the program at its first upload.
    @Test func everyHandleInTheSourcesIsDeclared() throws {
        let definitions = OriginMetrics.makeRegistry(version: "").definitions
        var handles = 0
        let sources = Self.checkout.appending(path: "Sources").resolvingSymlinksInPath()
        let call = /(Counter|FloatingPointCounter|Gauge|Meter|Timer|Recorder)\(\s*label: "([^"]*)"/
        for path in try FileManager.default.subpathsOfDirectory(atPath: sources.path) where path.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            for match in text.matches(of: call) {
                handles += 1
                let kind = definitions[String(match.2)]?.kind.typeName
                let expected =
                    switch match.1 {
                    case "Counter", "FloatingPointCounter": "counter"
                    case "Gauge", "Meter": "gauge"
                    default: "histogram"
                    }
                #expect(kind == expected, "\(path): \(match.1) \(match.2)")
            }
        }
        #expect(handles > 0, "found no handle below \(sources.path): is the expression above out of date?")
    }

    @Test func theProcessIsMeasured() throws {
        let samples = ProcessCollector.collect()
        let values = Dictionary(samples.map { ($0.name, $0.value) }) { first, _ in first }
        #expect(Set(values.keys) == Set(ProcessCollector.definitions.map(\.name)))
        #expect(samples.count == values.count + 2, "two have two kinds")
        for name in ["process_page_faults_total", "process_context_switches_total"] {
            #expect(samples.filter { $0.name == name }.map(\.value).reduce(0, +) > 0, "\(name)")
        }
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(
            try #require(values["process_virtual_memory_bytes"]) > #require(values["process_resident_memory_bytes"])
        )
        #expect(try #require(values["process_threads"]) >= 1)
        #expect(try #require(values["process_max_fds"]) > #require(values["process_open_fds"]))
        let age = Date().timeIntervalSince1970 - (try #require(values["process_start_time_seconds"]))
        #expect((-2...3600).contains(age), "started \(age) s ago")
    }

    @Test func anOpenFileIsCounted() throws {
        let openFiles = { ProcessCollector.collect().first { $0.name == "process_open_fds" }?.value ?? 0 }
        let before = openFiles()
        // Other tests open and close files meanwhile; so many do not go unseen.
        let handles = try (0..<200).map { _ in try #require(FileHandle(forReadingAtPath: "/dev/null")) }
        #expect(openFiles() > before + 100)
        for handle in handles { try handle.close() }
    }
}
