/// What a series held at one moment, for code of ours that judges it: the rolling windows of the objectives.
package enum MetricReading: Sendable, Equatable {
    /// A counter or a gauge.
    case number(Double)
    case histogram(HistogramReading)
}

/// A histogram at one moment.
package struct HistogramReading: Sendable, Equatable {
    /// Upper bounds of the buckets in the unit of the metric's name, seconds or bytes, ascending; the last bucket, of
    /// what lies above them all, has none.
    package let bounds: [Double]
    /// Observations at or under each bound, and last of all, without a bound: one longer than `bounds`.
    package let cumulative: [Int]
    /// In the unit of the metric's name.
    package let sum: Double

    package var count: Int { self.cumulative.last ?? 0 }
}

extension PrometheusRegistry {
    /// Reads every series of a metric that handles write; none was made yet: empty.
    ///
    /// Values that collectors read elsewhere at a scrape are not among them. Series are read one after the other while
    /// others write them, so two of them may be an observation apart; a histogram's count is always its last bucket.
    ///
    /// - Parameter name: of the table; another one ends the program.
    /// - Returns: readings by the label values, in the order in which the metric's declaration has the labels.
    package func snapshot(of name: String) -> [[String]: MetricReading] {
        let unit = Double(self.definition(name).kind.unitsPerExposed)
        let bounds = self.definition(name).kind.bounds.map { Double($0) / unit }
        return self.series(of: name).mapValues { series in
            switch series {
            case .counter(let counter): return .number(Double(counter.value))
            case .value(let value): return .number(value.value)
            case .histogram(let histogram):
                let (cumulative, sum) = histogram.snapshot
                return .histogram(HistogramReading(bounds: bounds, cumulative: cumulative, sum: sum))
            }
        }
    }

    /// Names of a metric's labels, in the order of the values in `snapshot`.
    package func labelNames(of name: String) -> [String] { self.definition(name).labels.map(\.name) }
}
