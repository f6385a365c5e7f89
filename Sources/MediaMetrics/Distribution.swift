/// Observations by bucket: what a histogram held, or what came between two readings of it.
struct Distribution: Sendable, Hashable {
    static let none = Distribution(bounds: [], cumulative: [])

    /// Upper bounds of the buckets, ascending; the last bucket has none.
    let bounds: [Double]
    /// Observations at or under each bound, and last all of them; empty where there is nothing.
    private(set) var cumulative: [Int]

    init(bounds: [Double], cumulative: [Int]) {
        precondition(cumulative.isEmpty || cumulative.count == bounds.count + 1, "a bucket without its count")
        self.bounds = bounds
        self.cumulative = cumulative
    }

    var count: Int { self.cumulative.last ?? 0 }

    /// Adds the observations of another series of the same metric.
    mutating func add(_ other: Distribution) {
        guard !self.cumulative.isEmpty else {
            self = other
            return
        }
        guard !other.cumulative.isEmpty else { return }
        precondition(other.bounds == self.bounds, "two histograms of different buckets")
        for index in self.cumulative.indices { self.cumulative[index] += other.cumulative[index] }
    }

    /// What came after an earlier reading of the same.
    func since(_ earlier: Distribution) -> Distribution {
        guard !earlier.cumulative.isEmpty else { return self }
        return Distribution(bounds: self.bounds, cumulative: zip(self.cumulative, earlier.cumulative).map(-))
    }

    /// The value under which that share of the observations lies, as Prometheus' `histogram_quantile` tells it: linear
    /// within a bucket, the first of which begins at 0; and of what lies above all bounds the last bound.
    ///
    /// - Returns: nil where there are none.
    func quantile(_ share: Double) -> Double? {
        guard let last = self.bounds.last, self.count > 0 else { return nil }
        let rank = share * Double(self.count)
        guard let bucket = self.cumulative.firstIndex(where: { Double($0) >= rank }), bucket < self.bounds.count else {
            return last
        }
        let below = bucket == 0 ? 0 : self.cumulative[bucket - 1]
        let within = self.cumulative[bucket] - below
        let start = bucket == 0 ? 0 : self.bounds[bucket - 1]
        guard within > 0 else { return start }
        return start + (self.bounds[bucket] - start) * (rank - Double(below)) / Double(within)
    }
}
