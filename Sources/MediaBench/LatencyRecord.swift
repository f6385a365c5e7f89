import Histogram

/// Latencies in a histogram of high dynamic range (HdrHistogram): every value counts, with three digits, and
/// percentiles of parts can be put together, which those of a summary cannot.
package struct LatencyRecord: Sendable {
    /// Past an hour nothing is told apart.
    private static let nanosecondsMax: UInt64 = 3_600_000_000_000

    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 1000,
        highestTrackableValue: Self.nanosecondsMax,
        numberOfSignificantValueDigits: .three
    )

    package init() {}

    package var count: Int { Int(self.histogram.totalCount) }

    package mutating func record(_ latency: Duration) {
        let nanoseconds = UInt64(max(0, latency / .nanoseconds(1)))
        _ = self.histogram.record(min(nanoseconds, Self.nanosecondsMax))
    }

    package mutating func add(_ other: LatencyRecord) { self.histogram.add(other.histogram) }

    /// Seconds; all 0 where nothing was recorded.
    package var summary: LatencySummary {
        func seconds(_ percentile: Double) -> Double { Double(self.histogram.valueAtPercentile(percentile)) / 1e9 }
        guard self.count > 0 else { return LatencySummary() }
        return LatencySummary(
            average: self.histogram.mean / 1e9,
            median: seconds(50),
            p95: seconds(95),
            p99: seconds(99),
            minimum: Double(self.histogram.min) / 1e9,
            maximum: Double(self.histogram.max) / 1e9
        )
    }
}

/// Latencies in seconds, from the scheduled moment to the last byte.
package struct LatencySummary: Codable, Sendable, Equatable {
    package var average = 0.0
    package var median = 0.0
    package var p95 = 0.0
    package var p99 = 0.0
    package var minimum = 0.0
    package var maximum = 0.0
}
