package import CoreMetrics
import Synchronization

/// The backend of swift-metrics: keeps every series in memory and prints them in Prometheus' text formats.
///
/// `MetricsSystem.bootstrap` gets one at the start of the program; handles are then made with the names, the kinds and
/// the labels of the definitions. A handle of a name that was not declared, of another kind or with other labels ends
/// the program: it is a mistake in our code, and a metric that is silently missing is found only when it is needed.
///
/// | definition | handles |
/// |---|---|
/// | `.counter` | `Counter`, or `FloatingPointCounter`, but not both of the same labels |
/// | `.gauge` | `Gauge`, `Meter`, `Recorder(aggregate: false)` |
/// | `.info` | none: a collector's |
/// | `.durations` | `Timer`, or `Recorder` in seconds |
/// | `.sizes` | `Recorder` in bytes |
package final class PrometheusRegistry: MetricsFactory, Sendable {
    /// Handles that were asked for beyond a metric's `seriesMax`.
    static let folded = MetricDefinition(
        "media_metrics_series_folded_total",
        .counter,
        labels: [MetricLabel("metric", meaning: "its name")],
        condition: "a metric had more series than it may",
        help: "Label values that were counted as 'other' because the metric had its most series already."
    )

    private struct State {
        var series: [String: [[String]: Series]] = [:]
        var collectors: [@Sendable () -> [MetricSample]] = []
    }

    enum Series: Sendable {
        case counter(CounterSeries)
        case value(ValueSeries)
        case histogram(HistogramSeries)

        /// Of a counter or a histogram that nobody has written.
        static func unwritten(_ kind: MetricDefinition.Kind) -> Series {
            kind.isDistribution ? .histogram(HistogramSeries(kind)) : .counter(CounterSeries())
        }
    }

    let definitions: [String: MetricDefinition]
    private let state = Mutex(State())

    private let exemplars: ExemplarSource?
    private let isCounting: Bool

    /// - Parameters:
    ///   - definitions: every metric there will be; two of one name end the program.
    ///   - exemplars: the traces that histograms name; nil: none, at no cost.
    ///   - isCounting: whether handles are made of it. Where nothing is counted, nothing is said to be 0.
    package init(_ definitions: [MetricDefinition], exemplars: ExemplarSource? = nil, isCounting: Bool = true) {
        let isThere = definitions.contains { $0.name == Self.folded.name }
        let all = definitions + (isThere ? [] : [Self.folded])
        self.exemplars = exemplars
        self.isCounting = isCounting
        self.definitions = Dictionary(all.map { ($0.name, $0) }) { _, again in
            preconditionFailure("the metric '\(again.name)' is declared twice")
        }
    }

    /// Adds values that live elsewhere (the bytes of a cache, the busy workers): `collect` is called at every scrape,
    /// on the scraping task, and must not block. Where it names a series that handles write too, its value is the one
    /// shown.
    package func registerCollector(_ collect: @escaping @Sendable () -> [MetricSample]) {
        self.state.withLock { $0.collectors.append(collect) }
    }

    /// All series of a metric, by their label values.
    func series(of name: String) -> [[String]: Series] { self.state.withLock { $0.series[name] ?? [:] } }

    /// All series in UTF-8; sorted, so that two scrapes of the same values are the same bytes.
    ///
    /// Counters and histograms whose labels are declared with all their values are there from the start, at 0: whoever
    /// asks for an increase sees the first event. Gauges are not: their 0 would say something that nobody knows.
    package func exposition(_ format: ExpositionFormat = .text004) -> [UInt8] {
        let (series, collectors) = self.state.withLock { ($0.series, $0.collectors) }
        var exposition = Exposition(format)
        for definition in self.definitions.values where definition.isThereAtOnce && self.isCounting {
            for labelValues in definition.allSeries ?? [] where series[definition.name]?[labelValues] == nil {
                exposition.add(definition, labelValues, Series.unwritten(definition.kind))
            }
        }
        for (name, ofMetric) in series {
            for (labelValues, one) in ofMetric { exposition.add(self.definition(name), labelValues, one) }
        }
        for sample in collectors.flatMap({ $0() }) {
            let definition = self.definition(sample.name)
            exposition.add(definition, self.labelValues(definition, sample.labels), value: sample.value)
        }
        return exposition.bytes
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard case .counter(let counter) = self.series(label, dimensions, [.counter], { .counter(CounterSeries()) })
        else { preconditionFailure("'\(label)' is a counter of fractions already") }
        return counter
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        self.value(label, dimensions, .counter)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.value(label, dimensions, .gauge)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? self.histogram(label, dimensions) : self.value(label, dimensions, .gauge)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.histogram(label, dimensions)
    }

    // Series stay, see Series.swift.

    package func destroyCounter(_ handler: any CounterHandler) {}

    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}

    package func destroyMeter(_ handler: any MeterHandler) {}

    package func destroyRecorder(_ handler: any RecorderHandler) {}

    package func destroyTimer(_ handler: any TimerHandler) {}
}

extension PrometheusRegistry {
    private func value(
        _ name: String,
        _ dimensions: [(String, String)],
        _ kind: MetricDefinition.Kind
    ) -> ValueSeries {
        guard case .value(let value) = self.series(name, dimensions, [kind], { .value(ValueSeries()) })
        else { preconditionFailure("'\(name)' is a counter of whole numbers already") }
        return value
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        let kind = self.definition(name).kind
        let series = self.series(
            name,
            dimensions,
            [kind],
            {
                .histogram(HistogramSeries(kind, exemplars: self.exemplars))
            }
        )
        guard case .histogram(let histogram) = series, !kind.bounds.isEmpty
        else { preconditionFailure("'\(name)' is no histogram") }
        return histogram
    }

    /// The series of that name and those labels, made when it is new.
    private func series(
        _ name: String,
        _ dimensions: [(String, String)],
        _ kinds: [MetricDefinition.Kind],
        _ make: () -> Series
    ) -> Series {
        let definition = self.definition(name)
        precondition(kinds.contains(definition.kind), "'\(name)' is a \(definition.kind.typeName)")
        var labelValues = self.labelValues(definition, dimensions)
        return self.state.withLock { state in
            if let series = state.series[name]?[labelValues] { return series }
            let all = definition.labels.map { _ in MetricLabel.other }
            if labelValues != all, state.series[name, default: [:]].count >= definition.seriesMax {
                labelValues = all
                Self.countFolded(name, &state)
                if let series = state.series[name]?[all] { return series }
            }
            let series = make()
            state.series[name, default: [:]][labelValues] = series
            return series
        }
    }

    private static func countFolded(_ name: String, _ state: inout State) {
        let known = state.series[Self.folded.name]?[[name]]
        guard case .counter(let counter) = known ?? .counter(CounterSeries()) else { return }
        counter.increment(by: 1)
        state.series[Self.folded.name, default: [:]][[name]] = .counter(counter)
    }

    func definition(_ name: String) -> MetricDefinition {
        guard let definition = self.definitions[name] else {
            preconditionFailure("the metric '\(name)' is not declared: add it to OriginMetrics")
        }
        return definition
    }

    /// The values in the order of the declaration, whatever the order in which they were given.
    private func labelValues(_ definition: MetricDefinition, _ dimensions: [(String, String)]) -> [String] {
        precondition(
            dimensions.count == definition.labels.count,
            "'\(definition.name)' has the labels \(definition.labels.map(\.name))"
        )
        return definition.labels.map { label in
            guard let value = dimensions.first(where: { $0.0 == label.name })?.1 else {
                preconditionFailure("'\(definition.name)' needs the label '\(label.name)'")
            }
            return label.admitted(value)
        }
    }
}

/// One value that a collector reads at a scrape.
package struct MetricSample: Sendable {
    let name: String
    let labels: [(String, String)]
    let value: Double

    /// - Parameters:
    ///   - definition: no histogram.
    ///   - labels: name and value of each of its labels.
    package init(_ definition: MetricDefinition, labels: [(String, String)] = [], _ value: Double) {
        precondition(definition.kind.bounds.isEmpty, "a collector cannot read a histogram")
        self.name = definition.name
        self.labels = labels
        self.value = value
    }
}
