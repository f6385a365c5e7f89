import CoreMetrics
import Testing

@testable import MediaMetrics

@Suite struct RegistryTests {
    private static let tasks = 8
    private static let increments = 100_000

    private let registry = PrometheusRegistry([
        MetricDefinition("a_total", .counter, labels: ["kind"], seriesMax: 3, help: "A."),
        MetricDefinition("b_total", .counter, labels: [.init("method", fromOutside: ["GET"])], help: "B."),
        MetricDefinition("c_total", .counter, help: "C."),
        MetricDefinition("g", .gauge, help: "G."),
        MetricDefinition("h_seconds", .durations(buckets: [0.001, 0.002, 0.003]), help: "H."),
        MetricDefinition("s_bytes", .sizes(buckets: [1]), help: "S."),
    ])

    @Test func concurrentIncrementsAddUp() async {
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<Self.tasks {
                group.addTask { [registry] in
                    // Every task makes its own handles: they are to share the series.
                    let counter = Counter(label: "c_total", factory: registry)
                    let meter = Meter(label: "g", factory: registry)
                    let timer = Timer(label: "h_seconds", factory: registry)
                    for index in 0..<Self.increments {
                        counter.increment()
                        meter.increment(by: task.isMultiple(of: 2) ? 2 : -1)
                        timer.recordMilliseconds(index % 5)
                    }
                }
            }
        }
        let total = Self.tasks * Self.increments
        #expect(self.registry.lines("c_total") == ["c_total \(total)"])
        #expect(self.registry.lines("g ") == ["g \(total / 2)"])
        #expect(
            self.registry.lines("h_") == [
                "h_seconds_bucket{le=\"0.001\"} \(total * 2 / 5)",
                "h_seconds_bucket{le=\"0.002\"} \(total * 3 / 5)",
                "h_seconds_bucket{le=\"0.003\"} \(total * 4 / 5)",
                "h_seconds_bucket{le=\"+Inf\"} \(total)",
                "h_seconds_sum \(total * 2 / 1000)",
                "h_seconds_count \(total)",
            ]
        )
    }

    @Test func scrapesDuringObservationsAreConsistent() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [registry] in
                let timer = Timer(label: "h_seconds", factory: registry)
                for index in 0..<Self.increments { timer.recordMilliseconds(index % 5) }
            }
            group.addTask { [registry] in
                _ = Timer(label: "h_seconds", factory: registry)
                for _ in 0..<200 {
                    let counts = registry.lines("h_").filter { !$0.contains("_sum") }
                        .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
                    #expect(counts == counts.sorted(), "buckets are cumulative")
                    #expect(counts.count == 5 && counts[3] == counts[4], "+Inf is the count")
                }
            }
        }
    }

    @Test func seriesBeyondTheBoundBecomeOther() {
        for kind in ["1", "2", "3", "4", "5", "4"] {
            Counter(label: "a_total", dimensions: [("kind", kind)], factory: self.registry).increment()
        }
        Counter(label: "a_total", dimensions: [("kind", "1")], factory: self.registry).increment()
        #expect(
            self.registry.lines("a_total") == [
                #"a_total{kind="1"} 2"#, #"a_total{kind="2"} 1"#, #"a_total{kind="3"} 1"#, #"a_total{kind="other"} 3"#,
            ]
        )
        #expect(self.registry.lines("media_") == [#"media_metrics_series_folded_total{metric="a_total"} 3"#])
    }

    @Test func aValueOutsideAClosedLabelIsOther() {
        for method in ["GET", "BREW", "WHEN"] {
            Counter(label: "b_total", dimensions: [("method", method)], factory: self.registry).increment()
        }
        #expect(
            self.registry.lines("b_total") == [#"b_total{method="GET"} 1"#, #"b_total{method="other"} 2"#]
        )
    }

    @Test(arguments: [(-5, 0, 1), (0, 0, 1), (1, 1, 1), (2, 2, 0)])
    func aBoundBelongsToItsBucket(bytes: Int, sum: Int, inFirst: Int) {
        Recorder(label: "s_bytes", factory: self.registry).record(bytes)
        #expect(
            self.registry.lines("s_") == [
                "s_bytes_bucket{le=\"1.0\"} \(inFirst)", "s_bytes_bucket{le=\"+Inf\"} 1", "s_bytes_sum \(sum)",
                "s_bytes_count 1",
            ]
        )
    }

    @Test(arguments: [Double.nan, .infinity, 1e30])
    func anAbsurdObservationDoesNotOverflow(value: Double) {
        let recorder = Recorder(label: "h_seconds", factory: self.registry)
        for _ in 0..<100 { recorder.record(value) }
        Recorder(label: "h_seconds", factory: self.registry).record(Int64.max)
        #expect(self.registry.lines("h_seconds_count") == ["h_seconds_count 101"])
        #expect(self.registry.lines("h_seconds_sum").first?.contains("-") == false)
    }

    @Test func aRecorderOfSecondsAndATimerAgree() {
        Timer(label: "h_seconds", factory: self.registry).recordMicroseconds(1500)
        Recorder(label: "h_seconds", factory: self.registry).record(0.0015)
        #expect(self.registry.lines("h_seconds_sum") == ["h_seconds_sum 0.003"])
    }

    @Test func aDestroyedHandleLeavesItsSeries() {
        let counter = Counter(label: "c_total", factory: self.registry)
        counter.increment(by: 2)
        counter.destroy()
        Counter(label: "c_total", factory: self.registry).increment()
        #expect(self.registry.lines("c_total") == ["c_total 3"])
    }

    @Test func fractionsAreCounted() {
        let counter = FloatingPointCounter(label: "c_total", factory: self.registry)
        counter.increment(by: 0.25)
        counter.increment(by: 0.5)
        #expect(self.registry.lines("c_total") == ["c_total 0.75"])
    }

    @Test func readingsAreWhatWasCounted() {
        Counter(label: "a_total", dimensions: [("kind", "1")], factory: self.registry).increment(by: 3)
        Counter(label: "a_total", dimensions: [("kind", "2")], factory: self.registry).increment()
        Meter(label: "g", factory: self.registry).set(0.5)
        for milliseconds in [1, 2, 9] {
            Timer(label: "h_seconds", factory: self.registry).recordMilliseconds(milliseconds)
        }
        #expect(self.registry.labelNames(of: "a_total") == ["kind"])
        #expect(self.registry.snapshot(of: "a_total") == [["1"]: .number(3), ["2"]: .number(1)])
        #expect(self.registry.snapshot(of: "g") == [[]: .number(0.5)])
        let histogram = HistogramReading(bounds: [0.001, 0.002, 0.003], cumulative: [1, 2, 2, 3], sum: 0.012)
        #expect(self.registry.snapshot(of: "h_seconds") == [[]: .histogram(histogram)])
        #expect(self.registry.snapshot(of: "c_total").isEmpty, "nobody made a handle of it")
    }
}

/// Mistakes in our own code end the program, so each runs in a process of its own.
@Suite struct ProgrammerErrorTests {
    @Test func anUndeclaredNameEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            _ = PrometheusRegistry([]).makeCounter(label: "nobody_total", dimensions: [])
        }
    }

    @Test func anotherKindEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let registry = PrometheusRegistry([MetricDefinition("a_total", .counter, help: "A.")])
            _ = registry.makeMeter(label: "a_total", dimensions: [])
        }
    }

    @Test func aMissingLabelEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let registry = PrometheusRegistry([MetricDefinition("a_total", .counter, labels: ["l"], help: "A.")])
            _ = registry.makeCounter(label: "a_total", dimensions: [])
        }
    }

    @Test func aMisspelledLabelEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let registry = PrometheusRegistry([MetricDefinition("a_total", .counter, labels: ["l"], help: "A.")])
            _ = registry.makeCounter(label: "a_total", dimensions: [("L", "1")])
        }
    }

    @Test func aCounterNeverFalls() async {
        await #expect(processExitsWith: .failure) { CounterSeries().increment(by: -1) }
    }

    @Test func aCounterIsCalledTotal() async {
        await #expect(processExitsWith: .failure) { _ = MetricDefinition("a", .counter, help: "A.") }
    }

    @Test func aDistributionHasItsUnitInItsName() async {
        await #expect(processExitsWith: .failure) {
            _ = MetricDefinition("a_seconds", .sizes(buckets: [1]), help: "A.")
        }
    }

    @Test func bucketsAreInOrder() async {
        await #expect(processExitsWith: .failure) {
            _ = MetricDefinition("a_bytes", .sizes(buckets: [2, 1]), help: "A.")
        }
    }
}
