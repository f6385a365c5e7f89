import Glibc

/// What the comparison rests on. Nothing here takes the figures for normally distributed: those of a busy machine are
/// not.
package enum Statistics {
    /// 99 % of a normal distribution lies within so many standard deviations.
    private static let deviations99 = 2.576

    /// The middle of the values, in any order; at least one.
    package static func median(_ values: [Double]) -> Double {
        precondition(!values.isEmpty, "nothing has no median")
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// What a quarter of the values is not above; at least one value. What disturbs a service on a shared machine only
    /// ever makes it slower: the better rounds say what it takes itself.
    package static func lowerQuartile(_ values: [Double]) -> Double {
        precondition(!values.isEmpty, "nothing has no quartile")
        return values.sorted()[(values.count - 1) / 4]
    }

    /// By what factor the lower quartile of the later values is larger, and its interval of 99 % confidence by the
    /// bootstrap (Efron 1979): what the quartiles' ratio would be, had other rounds come of the same. Always the same
    /// for the same values. Nil as for ``ratio(of:to:)``.
    package static func quartileRatio(of after: [Double], to before: [Double]) -> RatioEstimate? {
        guard min(before.count, after.count) >= Self.quartileCountMin,
            (before + after).allSatisfy({ $0 > 0 && $0.isFinite })
        else { return nil }
        var random = SplitMix(state: 1)
        func again(_ values: [Double]) -> Double {
            Self.lowerQuartile(values.map { _ in values[Int(random.next() % UInt64(values.count))] })
        }
        let ratios = (0..<Self.resamples).map { _ in again(after) / again(before) }.sorted()
        let outside = Self.resamples / 200
        return RatioEstimate(
            ratio: Self.lowerQuartile(after) / Self.lowerQuartile(before),
            low: ratios[outside],
            high: ratios[ratios.count - 1 - outside]
        )
    }

    /// Rounds of each; a quartile of fewer is one lucky round.
    private static let quartileCountMin = 8
    private static let resamples = 4000

    /// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    private struct SplitMix {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = self.state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// By what factor the later values are larger than the earlier ones: the estimate of Hodges and Lehmann (1963) on
    /// the logarithms, which is the median of the ratios of all pairs, and its interval of 99 % confidence, which is
    /// what a two-sided test of Mann and Whitney at 1 % would not refuse (Moses; Hollander, Wolfe and Chicken §4.2).
    /// Nil where there are too few values to be sure of anything (fewer than 5 against 5), or where one is not
    /// positive.
    package static func ratio(of after: [Double], to before: [Double]) -> RatioEstimate? {
        guard !before.isEmpty, !after.isEmpty, (before + after).allSatisfy({ $0 > 0 && $0.isFinite }) else {
            return nil
        }
        let earlier = Double(before.count)
        let later = Double(after.count)
        // The pairs that lie outside at either end, by the normal approximation of the test's statistic.
        let spread = (earlier * later * (earlier + later + 1) / 12).squareRoot()
        let outside = (earlier * later / 2 - Self.deviations99 * spread).rounded(.down)
        guard outside >= 0 else { return nil }
        let ratios = after.flatMap { late in before.map { late / $0 } }.sorted()
        return RatioEstimate(
            ratio: Self.median(ratios),
            low: ratios[Int(outside)],
            high: ratios[ratios.count - 1 - Int(outside)]
        )
    }
}

extension Statistics {
    /// By what factor each later value is larger than the earlier one beside it: the estimate of Hodges and Lehmann on
    /// the logarithms of the ratios, which is the median of their averages two by two, and its interval of 99 %
    /// confidence by Wilcoxon's signed ranks (Hollander, Wolfe and Chicken §3.2 and §3.3). Nil for fewer than 9 pairs,
    /// for another number of either, or where a value is not positive.
    package static func pairedRatio(of after: [Double], to before: [Double]) -> RatioEstimate? {
        guard !before.isEmpty, before.count == after.count, (before + after).allSatisfy({ $0 > 0 && $0.isFinite })
        else { return nil }
        let ratios = zip(after, before).map { log($0 / $1) }
        let count = Double(ratios.count)
        let spread = (count * (count + 1) * (2 * count + 1) / 24).squareRoot()
        let outside = (count * (count + 1) / 4 - Self.deviations99 * spread).rounded(.down)
        guard outside >= 0 else { return nil }
        let averages = ratios.indices.flatMap { first in
            ratios[first...].map { (ratios[first] + $0) / 2 }
        }.sorted()
        return RatioEstimate(
            ratio: exp(Self.median(averages)),
            low: exp(averages[Int(outside)]),
            high: exp(averages[averages.count - 1 - Int(outside)])
        )
    }
}

/// A factor, and between what it is with 99 % confidence.
package struct RatioEstimate: Codable, Sendable, Equatable {
    package let ratio: Double
    package let low: Double
    package let high: Double

    package init(ratio: Double, low: Double, high: Double) {
        self.ratio = ratio
        self.low = low
        self.high = high
    }
}
