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
        /// What the program is, in its labels; its value is 1.
        case info
        /// A histogram of durations; the upper bounds of its buckets are in seconds.
        case durations(buckets: [Double])
        /// A histogram of sizes; the upper bounds of its buckets are in bytes.
        case sizes(buckets: [Int])
    }

    static let counterSuffix = "_total"
    static let infoSuffix = "_info"
    /// Units that a name may end in, before `_total`. OpenMetrics and the reference say them apart.
    private static let units = ["seconds", "bytes", "ratio", "pixels"]

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
    /// What must be set up for the metric to be there at all, for the reference; nil: it always is.
    package let condition: String?

    /// A declaration is code: one that breaks the rules above ends the program.
    package init(
        _ name: String,
        _ kind: Kind,
        labels: [MetricLabel] = [],
        seriesMax: Int = MetricDefinition.seriesMaxDefault,
        condition: String? = nil,
        help: String
    ) {
        let isDistribution = kind.isDistribution
        precondition(name.isMetricName, "'\(name)' is no name of a metric")
        precondition(name.hasSuffix(Self.counterSuffix) == (kind == .counter), "'\(name)': _total is for counters")
        precondition(kind != .info || name.hasSuffix(Self.infoSuffix), "'\(name)' is no _info")
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
        self.condition = condition
    }

    /// What its values are in, as its name says; nil: a number of things, or a moment.
    package var unit: String? {
        let name = self.kind == .counter ? self.name.dropLast(Self.counterSuffix.count) : self.name[...]
        return Self.units.first { name.hasSuffix("_\($0)") }
    }

    /// Whether its series are shown before anybody has written them, where they are known.
    var isThereAtOnce: Bool { self.kind == .counter || self.kind.isDistribution }

    /// Label values of all series there can be; nil where a label takes what the code that counts makes up, or what
    /// comes from outside.
    var allSeries: [[String]]? {
        self.labels.reduce([[]]) { series, label in
            guard let series, let values = label.values, !label.isFromOutside else { return nil }
            return series.flatMap { one in values.map { one + [$0] } }
        }
    }
}

/// One label of a metric.
package struct MetricLabel: Sendable, ExpressibleByStringLiteral {
    /// What stands for every value that is not told apart.
    package static let other = "other"

    package let name: String
    /// The values that are told apart, in the order of the reference; nil where the code that counts chooses among few.
    package let values: [String]?
    /// For the reference, where the values alone do not say it.
    package let meaning: String?
    /// Whether strangers choose the value, so that a series is made when its first one comes.
    let isFromOutside: Bool
    private let admittedValues: Set<String>?

    /// A label that has one of these values. Any other becomes `other`: a mistake of ours that shows.
    package init(_ name: String, _ values: [String], meaning: String? = nil) {
        self.init(name, values: values, meaning: meaning, isFromOutside: false)
    }

    /// A label whose values come from outside: whatever is not among these becomes `other`.
    package init(_ name: String, fromOutside values: [String], meaning: String? = nil) {
        self.init(name, values: values, meaning: meaning, isFromOutside: true)
    }

    /// A label whose values the code that counts chooses.
    package init(_ name: String, meaning: String? = nil) {
        self.init(name, values: nil, meaning: meaning, isFromOutside: false)
    }

    package init(stringLiteral name: String) { self.init(name) }

    private init(_ name: String, values: [String]?, meaning: String?, isFromOutside: Bool) {
        self.name = name
        self.values = values
        self.meaning = meaning
        self.isFromOutside = isFromOutside
        self.admittedValues = values.map(Set.init)
    }

    func admitted(_ value: String) -> String {
        self.admittedValues.map { $0.contains(value) ? value : Self.other } ?? value
    }
}

extension MetricDefinition.Kind {
    /// What Prometheus calls it.
    var typeName: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .info: "info"
        case .durations, .sizes: "histogram"
        }
    }

    var isDistribution: Bool {
        switch self {
        case .counter, .gauge, .info: false
        case .durations, .sizes: true
        }
    }

    var unitSuffix: String {
        switch self {
        case .counter, .gauge, .info: ""
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
        case .counter, .gauge, .info: []
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
