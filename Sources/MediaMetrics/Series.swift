import CoreMetrics
import Synchronization

// What a handle of swift-metrics writes into. A series is shared by all handles with its name and labels, and is never
// removed: a counter that started again from 0 would look like a restart of the process. Every write is an atomic
// instruction or two, relaxed, for a scrape needs no order among the series.

/// A whole number that goes up.
final class CounterSeries: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Int64 { self.count.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        precondition(amount >= 0, "a counter only goes up")
        self.count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() { self.count.store(0, ordering: .relaxed) }
}

/// A floating point number: a gauge, or a counter of fractions.
final class ValueSeries: FloatingPointCounterHandler, MeterHandler, RecorderHandler {
    /// The bit pattern of a `Double`, for there is no atomic addition of those: a loop of compare and exchange.
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { self.bits.store(value.bitPattern, ordering: .relaxed) }

    func set(_ value: Int64) { self.set(Double(value)) }

    func record(_ value: Double) { self.set(value) }

    func record(_ value: Int64) { self.set(Double(value)) }

    func decrement(by amount: Double) { self.increment(by: -amount) }

    func increment(by amount: Double) {
        var seen = self.bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + amount).bitPattern
            let attempt = self.bits.weakCompareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if attempt.exchanged { return }
            seen = attempt.original
        }
    }

    func reset() { self.set(0.0) }
}

/// A histogram with fixed buckets, in nanoseconds or bytes.
final class HistogramSeries: TimerHandler, RecorderHandler {
    /// Bounds there may be; one more bucket is for what lies above them all.
    static let bucketsMax = 23
    /// The largest observation that is told apart, in nanoseconds (104 days) or bytes: one wrong reading of a clock or
    /// a size must not overflow the sum of all others.
    static let observationMax = 1 << 53

    private let unitsPerExposed: Int
    private let bounds: [Int]
    /// Nil: no observation is asked for its trace.
    private let exemplarSource: ExemplarSource?
    /// Before the buckets, so that it is in one line of the processors' caches with the first of them, where most
    /// observations are.
    private let sum = Atomic<Int>(0)
    /// Observations by bucket, not cumulative: an observation touches one bucket, and a scrape adds them up.
    private let counts = InlineArray<24, Atomic<Int>> { _ in Atomic(0) }
    /// The last one of each bucket, by its number.
    private let exemplars = Mutex<[Int: Exemplar]>([:])

    init(_ kind: MetricDefinition.Kind, exemplars: ExemplarSource? = nil) {
        self.unitsPerExposed = kind.unitsPerExposed
        self.bounds = kind.bounds
        self.exemplarSource = exemplars
    }

    /// - Parameter value: in nanoseconds or bytes. One below 0 (a clock set back) counts as 0, so that the sum never
    ///   falls.
    func observe(_ value: Int) {
        let value = min(max(0, value), Self.observationMax)
        var bucket = 0
        while bucket < self.bounds.count, value > self.bounds[bucket] { bucket += 1 }
        self.counts[bucket].wrappingAdd(1, ordering: .relaxed)
        self.sum.wrappingAdd(value, ordering: .relaxed)
        if let exemplar = self.exemplarSource?.exemplar(of: value) {
            self.exemplars.withLock { $0[bucket] = exemplar }
        }
    }

    func recordNanoseconds(_ duration: Int64) { self.observe(Int(duration)) }

    func record(_ value: Int64) {
        let (units, isTooLarge) = Int(value).multipliedReportingOverflow(by: self.unitsPerExposed)
        self.observe(isTooLarge ? Self.observationMax : units)
    }

    /// - Parameter value: in the unit of the metric's name, seconds or bytes.
    func record(_ value: Double) {
        self.observe(Int(exactly: (value * Double(self.unitsPerExposed)).rounded()) ?? Self.observationMax)
    }

    /// By the bucket's number.
    var lastExemplars: [Int: Exemplar] { self.exemplars.withLock { $0 } }

    /// What was observed until now. A scrape between the two steps of an observation sees a sum that is one behind; the
    /// count is made from the buckets, so that it always equals the last of them.
    var snapshot: (cumulative: [Int], sum: Double) {
        var cumulative: [Int] = []
        for bucket in 0...self.bounds.count {
            cumulative.append((cumulative.last ?? 0) + self.counts[bucket].load(ordering: .relaxed))
        }
        return (cumulative, Double(self.sum.load(ordering: .relaxed)) / Double(self.unitsPerExposed))
    }
}
