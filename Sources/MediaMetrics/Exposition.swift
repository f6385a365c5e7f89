import FoundationEssentials

/// Prints series in one of Prometheus' text formats.
struct Exposition {
    private struct Family {
        let definition: MetricDefinition
        /// The lines of each series, by its label values; one a series, for Prometheus refuses a scrape that has it
        /// twice.
        var series: [[String]: [String]] = [:]
    }

    private let format: ExpositionFormat
    private var families: [String: Family] = [:]

    init(_ format: ExpositionFormat) { self.format = format }

    /// Adds a series that handles write.
    mutating func add(_ definition: MetricDefinition, _ labelValues: [String], _ series: PrometheusRegistry.Series) {
        let labels = Self.labels(definition, labelValues)
        switch series {
        case .counter(let counter):
            self.add(definition, labelValues, ["\(definition.name)\(Self.braced(labels)) \(counter.value)"])
        case .value(let value):
            self.add(definition, labelValues, value: value.value)
        case .histogram(let histogram):
            self.add(definition, labelValues, self.lines(definition, labels, histogram))
        }
    }

    /// Adds a counter's or a gauge's value; it takes the place of one that was added before.
    mutating func add(_ definition: MetricDefinition, _ labelValues: [String], value: Double) {
        let labels = Self.labels(definition, labelValues)
        self.add(definition, labelValues, ["\(definition.name)\(Self.braced(labels)) \(ExposedNumber.sample(value))"])
    }

    /// The whole text: families by name, their series by their labels' values.
    var bytes: [UInt8] {
        var text = ""
        for family in self.families.values.sorted(by: { $0.definition.name < $1.definition.name }) {
            text += self.metadata(of: family.definition)
            let series = family.series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for line in series.flatMap(\.value) { text += line + "\n" }
        }
        if self.format == .openMetrics100 { text += "# EOF\n" }
        return Array(text.utf8)
    }

    /// In the order that each format recommends. The older one knows no units, and no quotes in help that were to be
    /// escaped.
    private func metadata(of definition: MetricDefinition) -> String {
        let name = self.format.familyName(of: definition)
        let type = "# TYPE \(name) \(self.format.typeName(of: definition.kind))\n"
        switch self.format {
        case .text004: return "# HELP \(name) \(Self.escaped(definition.help, quotes: false))\n" + type
        case .openMetrics100:
            let unit = definition.unit.map { "# UNIT \(name) \($0)\n" } ?? ""
            return type + unit + "# HELP \(name) \(Self.escaped(definition.help, quotes: true))\n"
        }
    }

    private mutating func add(_ definition: MetricDefinition, _ labelValues: [String], _ lines: [String]) {
        self.families[definition.name, default: Family(definition: definition)].series[labelValues] = lines
    }

    private func lines(
        _ definition: MetricDefinition,
        _ labels: [String],
        _ histogram: HistogramSeries
    ) -> [String] {
        // Before the counts, so that no bucket names an observation that it does not count.
        let exemplars = self.format == .openMetrics100 ? histogram.lastExemplars : [:]
        let (cumulative, sum) = histogram.snapshot
        let unit = Double(definition.kind.unitsPerExposed)
        let bounds = definition.kind.bounds.map { ExposedNumber.bound(Double($0) / unit) } + ["+Inf"]
        let buckets = zip(bounds, cumulative).enumerated().map { index, bucket in
            let labels = Self.braced(labels + ["le=\"\(bucket.0)\""])
            return "\(definition.name)_bucket\(labels) \(bucket.1)\(Self.text(exemplars[index], unit: unit))"
        }
        let rest = Self.braced(labels)
        return buckets + [
            "\(definition.name)_sum\(rest) \(ExposedNumber.sample(sum))",
            "\(definition.name)_count\(rest) \(cumulative.last ?? 0)",
        ]
    }

    /// With the space before it; empty where there is none. Timestamps to the millisecond.
    private static func text(_ exemplar: Exemplar?, unit: Double) -> String {
        guard let exemplar else { return "" }
        let labels = "{\(Exemplar.label)=\"\(Self.escaped(exemplar.traceID, quotes: true))\"}"
        let seconds = (exemplar.time.timeIntervalSince1970 * 1000).rounded() / 1000
        let value = ExposedNumber.sample(Double(exemplar.value) / unit)
        return " # \(labels) \(value) \(ExposedNumber.sample(seconds))"
    }

    private static func labels(_ definition: MetricDefinition, _ values: [String]) -> [String] {
        zip(definition.labels, values).map { "\($0.name)=\"\(Self.escaped($1, quotes: true))\"" }
    }

    private static func braced(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    /// Byte by byte: Swift takes CR LF for one character, and its line feed would break the line.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += Array(#"\\"#.utf8)
            case UInt8(ascii: "\n"): bytes += Array(#"\n"#.utf8)
            case UInt8(ascii: "\"") where quotes: bytes += Array(#"\""#.utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
