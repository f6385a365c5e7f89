/// What a metric is, declared once: handles are made by its name, and the exposition prints what is said here.
///
/// Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters and only for them,
/// `_seconds` and `_bytes` for distributions.
package struct MetricDefinition: Sendable {
    /// What a metric measures, and how it is kept.
    package enum Kind: Sendable, Hashable {
        /// Goes up only, from 0 at the start of the process.
        case counter
        /// Goes up and down.
        case gauge
        /// A histogram of durations; the upper bounds of its buckets are in seconds.
        case durations(buckets: [Double])
        /// A histogram of sizes; the upper bounds of its buckets are in bytes.
        case sizes(buckets: [Int])
    }

    /// Series of a metric unless it says otherwise. A series of a histogram is about 15 lines of every scrape.
    package static let seriesMaxDefault = 100

    package let name: String
    /// One sentence for whoever reads the scrape.
    package let help: String
    package let kind: Kind
    /// The labels of every series, in the order in which they are printed.
    package let labels: [MetricLabel]
    /// Series there may be; whatever comes beyond is counted in one more, whose label values are all `other`.
    package let seriesMax: Int

    /// A declaration is code: one that breaks the rules above ends the program.
    package init(
        _ name: String,
        _ kind: Kind,
        labels: [MetricLabel] = [],
        seriesMax: Int = MetricDefinition.seriesMaxDefault,
        help: String
    ) {
        let isDistribution = kind != .counter && kind != .gauge
        precondition(name.isMetricName, "'\(name)' is no name of a metric")
        precondition(name.hasSuffix("_total") == (kind == .counter), "'\(name)': _total is for counters")
        precondition(!isDistribution || name.hasSuffix(kind.unitSuffix), "'\(name)' lacks its unit \(kind.unitSuffix)")
        precondition(
            labels.allSatisfy { $0.name.isMetricName && $0.name != "le" },
            "'\(name)' has a label of a bad name"
        )
        precondition(Set(labels.map(\.name)).count == labels.count, "'\(name)' has a label twice")
        precondition(!help.isEmpty && seriesMax > 0, "'\(name)' says nothing")
        precondition(kind.bounds.count <= HistogramSeries.bucketsMax, "'\(name)' has too many buckets")
        precondition(isDistribution == !kind.bounds.isEmpty, "'\(name)' has no buckets")
        precondition(zip(kind.bounds, kind.bounds.dropFirst()).allSatisfy(<), "'\(name)': buckets not in order")
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.seriesMax = seriesMax
    }
}

/// One label of a metric.
package struct MetricLabel: Sendable, ExpressibleByStringLiteral {
    /// What stands for every value that is not told apart.
    package static let other = "other"

    package let name: String
    /// The values that are told apart; nil where the code that counts chooses among few.
    package let values: Set<String>?

    /// - Parameter values: for a label whose values come from outside: any other value becomes `other`.
    package init(_ name: String, values: Set<String>? = nil) {
        self.name = name
        self.values = values
    }

    package init(stringLiteral name: String) { self.init(name) }

    func admitted(_ value: String) -> String {
        self.values.map { $0.contains(value) ? value : Self.other } ?? value
    }
}

extension MetricDefinition.Kind {
    /// What Prometheus calls it.
    var typeName: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .durations, .sizes: "histogram"
        }
    }

    var unitSuffix: String {
        switch self {
        case .counter, .gauge: ""
        case .durations: "_seconds"
        case .sizes: "_bytes"
        }
    }

    /// Distributions are kept in whole nanoseconds and bytes: sums stay exact, and adding is one instruction.
    var unitsPerExposed: Int {
        if case .durations = self { 1_000_000_000 } else { 1 }
    }

    /// Upper bounds of the buckets, in nanoseconds or bytes.
    var bounds: [Int] {
        switch self {
        case .counter, .gauge: []
        case .durations(let seconds): seconds.map { Int(($0 * Double(self.unitsPerExposed)).rounded()) }
        case .sizes(let bytes): bytes
        }
    }
}

extension String {
    /// `[a-z][a-z0-9_]*`: what Prometheus allows, less upper case and the colon, which is for recording rules.
    fileprivate var isMetricName: Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = self.utf8.first, letters.contains(first) else { return false }
        return self.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
    }
}
