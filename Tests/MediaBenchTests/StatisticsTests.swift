import Glibc
import MediaBench
import Testing

/// What the comparison rests on.
@Suite struct StatisticsTests {
    @Test(arguments: [([3.0], 3.0), ([4.0, 1.0], 2.5), ([9.0, 1.0, 5.0], 5.0)])
    func theMedianIsTheMiddle(values: [Double], median: Double) {
        #expect(Statistics.median(values) == median)
    }

    @Test func equalSamplesHaveARatioOfOne() throws {
        let values = (1...20).map { 1 + Double($0) / 100 }
        let estimate = try #require(Statistics.ratio(of: values, to: values))
        #expect(estimate.ratio == 1)
        #expect(estimate.low < 1 && estimate.high > 1)
        // 20 against 20: the table of the test has 105 as the least rank sum that is not refused at 1 %.
        #expect(abs(estimate.low * estimate.high - 1) < 1e-9)
    }

    @Test func aFactorIsFound() throws {
        let before = (1...20).map { 1 + Double($0) / 100 }
        let estimate = try #require(Statistics.ratio(of: before.map { $0 * 1.3 }, to: before))
        #expect(abs(estimate.ratio - 1.3) < 1e-9)
        #expect(estimate.low > 1.2 && estimate.high < 1.4)
    }

    @Test func someWildRoundsChangeLittle() throws {
        var before = (1...20).map { 1 + Double($0) / 100 }
        let after = before.map { $0 * 1.3 }
        for index in 0..<4 { before[index] = 50 }
        let estimate = try #require(Statistics.ratio(of: after, to: before))
        #expect(estimate.ratio > 1.2 && estimate.ratio < 1.35)
        #expect(estimate.low > 1)
    }

    /// What disturbs a service only makes it slower: half of the rounds may be wild.
    @Test func theQuartileForgivesHalfOfTheRounds() throws {
        let calm = (1...20).map { 1 + Double($0) / 200 }
        let wild = calm.enumerated().map { $0.offset.isMultiple(of: 2) ? $0.element * 10 : $0.element }
        let same = try #require(Statistics.quartileRatio(of: wild, to: calm))
        #expect(same.low < 1.1 && same.ratio < 1.1)
        let slower = try #require(Statistics.quartileRatio(of: calm.map { $0 * 1.3 }, to: calm))
        #expect(slower.low > 1.2 && slower.high < 1.4 && abs(slower.ratio - 1.3) < 1e-9)
        #expect(slower == Statistics.quartileRatio(of: calm.map { $0 * 1.3 }, to: calm))
        #expect(Statistics.quartileRatio(of: [1, 1, 1, 1, 1, 1, 1], to: calm) == nil)
    }

    /// By numpy: the averages of the logarithms two by two, and of the 78 the 7th from either end. The table of
    /// Wilcoxon's test has 7 as the largest sum of ranks that is refused at 1 % for 12 pairs, so the 8th would do.
    @Test func pairsAreComparedOneByOne() throws {
        let after = [1.31, 1.22, 1.18, 1.40, 1.27, 1.35, 1.09, 1.30, 1.25, 1.33, 1.28, 1.21]
        let before = [1.02, 0.97, 1.05, 1.01, 0.99, 1.10, 0.95, 1.00, 1.03, 0.98, 1.04, 1.00]
        let estimate = try #require(Statistics.pairedRatio(of: after, to: before))
        #expect(abs(estimate.ratio - 1.2482765747) < 1e-9)
        #expect(abs(estimate.low - 1.1760740551) < 1e-9)
        #expect(abs(estimate.high - 1.3282641734) < 1e-9)
        // What both have in common does not count, however large.
        let storm = (0..<12).map { pow(3, Double($0 % 5)) }
        let disturbed = try #require(
            Statistics.pairedRatio(of: zip(after, storm).map(*), to: zip(before, storm).map(*))
        )
        #expect(abs(disturbed.ratio - estimate.ratio) < 1e-9)
        #expect(abs(disturbed.high - estimate.high) < 1e-9)
        #expect(Statistics.pairedRatio(of: after, to: Array(before.dropLast())) == nil)
        #expect(Statistics.pairedRatio(of: Array(after.prefix(8)), to: Array(before.prefix(8))) == nil)
        #expect(Statistics.pairedRatio(of: after + [0], to: before + [1]) == nil)
        #expect(Statistics.pairedRatio(of: [], to: []) == nil)
    }

    @Test func fewRoundsSayNothing() {
        #expect(Statistics.ratio(of: [2, 2, 2], to: [1, 1, 1]) == nil)
        #expect(Statistics.ratio(of: [2, 2, 2, 2, 2], to: [1, 1, 1, 1, 1]) != nil)
    }

    @Test(arguments: [0, -1, Double.nan, .infinity])
    func whatHasNoLogarithmHasNoRatio(value: Double) {
        let values = [Double](repeating: 1, count: 20)
        #expect(Statistics.ratio(of: values + [value], to: values) == nil)
    }

    /// Two samples of one distribution: the interval must have 1 in it in 99 of 100 cases.
    @Test func theIntervalHoldsWhatItPromises() {
        var generator = SystemRandomNumberGenerator()
        func sample() -> [Double] {
            // Skewed, with a tail, as latencies are.
            (0..<20).map { _ in 1 / Double.random(in: 0.01...1, using: &generator) }
        }
        let missed = (0..<1000).filter { _ in
            guard let estimate = Statistics.ratio(of: sample(), to: sample()) else { return true }
            return estimate.low > 1 || estimate.high < 1
        }
        // 10 are to be expected; more than 30 come about once in a hundred million runs.
        #expect(missed.count <= 30)
    }
}
