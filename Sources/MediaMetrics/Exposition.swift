/// Prints series in Prometheus' text format 0.0.4.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
struct Exposition {
    private struct Family {
        let definition: MetricDefinition
        /// The lines of each series, by its label values; one a series, for Prometheus refuses a scrape that has it
        /// twice.
        var series: [[String]: [String]] = [:]
    }

    private var families: [String: Family] = [:]

    /// Adds a series that handles write.
    mutating func add(_ definition: MetricDefinition, _ labelValues: [String], _ series: PrometheusRegistry.Series) {
        let labels = Self.labels(definition, labelValues)
        switch series {
        case .counter(let counter):
            self.add(definition, labelValues, ["\(definition.name)\(Self.braced(labels)) \(counter.value)"])
        case .value(let value):
            self.add(definition, labelValues, value: value.value)
        case .histogram(let histogram):
            self.add(definition, labelValues, Self.lines(definition, labels, histogram))
        }
    }

    /// Adds a counter's or a gauge's value; it takes the place of one that was added before.
    mutating func add(_ definition: MetricDefinition, _ labelValues: [String], value: Double) {
        let labels = Self.labels(definition, labelValues)
        self.add(definition, labelValues, ["\(definition.name)\(Self.braced(labels)) \(Self.number(value))"])
    }

    /// The whole text: families by name, their series by their labels' values.
    var bytes: [UInt8] {
        var text = ""
        for family in self.families.values.sorted(by: { $0.definition.name < $1.definition.name }) {
            let definition = family.definition
            text += "# HELP \(definition.name) \(Self.escaped(definition.help, quotes: false))\n"
            text += "# TYPE \(definition.name) \(definition.kind.typeName)\n"
            let series = family.series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for line in series.flatMap(\.value) { text += line + "\n" }
        }
        return Array(text.utf8)
    }

    private mutating func add(_ definition: MetricDefinition, _ labelValues: [String], _ lines: [String]) {
        self.families[definition.name, default: Family(definition: definition)].series[labelValues] = lines
    }

    private static func lines(
        _ definition: MetricDefinition,
        _ labels: [String],
        _ histogram: HistogramSeries
    ) -> [String] {
        let (cumulative, sum) = histogram.snapshot
        let unit = Double(definition.kind.unitsPerExposed)
        let bounds = definition.kind.bounds.map { Self.number(Double($0) / unit) } + ["+Inf"]
        let buckets = zip(bounds, cumulative).map { bound, count in
            "\(definition.name)_bucket\(Self.braced(labels + ["le=\"\(bound)\""])) \(count)"
        }
        let rest = Self.braced(labels)
        return buckets + [
            "\(definition.name)_sum\(rest) \(Self.number(sum))",
            "\(definition.name)_count\(rest) \(cumulative.last ?? 0)",
        ]
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

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}
