/// Two runs, and what changed from one to the other. docs/decisions/0026 says why it is judged so.
package struct Comparison: Codable, Sendable {
    /// What is said of a change.
    package enum Verdict: String, Codable, Sendable {
        case regression
        case improvement
        case noChange = "no change"
        /// The interval has both changes in it that count and changes that do not: more rounds would tell.
        case unclear
        /// Shown, and not judged.
        case none = ""
    }

    /// One metric of one endpoint.
    package struct Change: Codable, Sendable {
        package let endpoint: String
        package let metric: BenchMetric
        package let before: Double
        package let after: Double
        /// After by before, and where it lies with 99 % confidence; nil where only totals are compared.
        package let estimate: RatioEstimate?
        /// The same in yardsticks of the machine; nil where there is none for it.
        package let inYardsticks: RatioEstimate?
        package let verdict: Verdict
    }

    /// The least changes that count, as parts: 0.1 is 10 %.
    package struct Thresholds: Sendable {
        package var cpu = 0.1
        package var latency = 0.5

        package init() {}

        /// - Parameters:
        ///   - cpu: of CPU, throughput and size.
        ///   - latency: of latency.
        package init(cpu: Double, latency: Double) {
            self.cpu = cpu
            self.latency = latency
        }
    }

    package let changes: [Change]
    /// Endpoints that only one of the two has.
    package let unmatched: [String]

    package var hasRegression: Bool { self.changes.contains { $0.verdict == .regression } }

    /// - Throws: ``BenchError`` where the two were not measured alike.
    package init(
        before: BenchReport,
        after: BenchReport,
        thresholds: Thresholds = Thresholds()
    ) throws(BenchError) {
        try Self.demandLike(before, after)
        let isPaired = before.pair != nil && before.pair == after.pair
        let later = Dictionary(after.endpoints.map { ($0.name, $0) }) { first, _ in first }
        self.changes = before.endpoints.flatMap { endpoint in
            later[endpoint.name].map { Self.changes(endpoint, $0, isPaired, thresholds) } ?? []
        }
        let names = Set(before.endpoints.map(\.name)).symmetricDifference(later.keys)
        self.unmatched = names.sorted()
    }

    private static func demandLike(_ before: BenchReport, _ after: BenchReport) throws(BenchError) {
        func demand(_ isAlike: Bool, _ what: String) throws(BenchError) {
            if isAlike { return }
            throw BenchError(
                .usage,
                "the two were not measured alike: \(what); measure the second as the first with --like FILE"
            )
        }
        for report in [before, after] where report.format != BenchReport.formatNow {
            throw BenchError(.usage, "format \(report.format) is not known here: expected \(BenchReport.formatNow)")
        }
        let plans = (before.plan, after.plan)
        try demand(plans.0.slotSeconds == plans.1.slotSeconds, "the slots are not of one length")
        try demand(plans.0.connections == plans.1.connections, "the connections are not as many")
        try demand(plans.0.pictures == plans.1.pictures, "the pictures are others")
        let common = Set(plans.0.rates.keys).intersection(plans.1.rates.keys)
        try demand(!common.isEmpty, "they have no endpoint in common")
        for name in common.sorted() {
            try demand(plans.0.rates[name] == plans.1.rates[name], "\(name) was sent at another rate")
        }
    }

    private static func changes(
        _ before: EndpointReport,
        _ after: EndpointReport,
        _ isPaired: Bool,
        _ thresholds: Thresholds
    ) -> [Change] {
        BenchMetric.allCases.compactMap { metric in
            guard let earlier = metric.total(before), let later = metric.total(after) else { return nil }
            let estimate =
                isPaired
                ? Statistics.pairedRatio(of: metric.rounds(after), to: metric.rounds(before))
                : Self.estimate(metric, metric.rounds(before), metric.rounds(after))
            // Side by side the machine was the same one, and the other service is the yardstick.
            let inYardsticks =
                isPaired
                ? estimate
                : metric.yardsticks(before).flatMap { earlier in
                    metric.yardsticks(after).flatMap { Self.estimate(metric, earlier, $0) }
                }
            let verdict: Verdict =
                switch metric.judgement {
                case .none: .none
                case .cpu: Self.verdict(estimate, inYardsticks, thresholds.cpu)
                case .latency: Self.verdict(estimate, inYardsticks, thresholds.latency)
                case .throughput: Self.verdict(estimate?.inverse, thresholds.cpu)
                case .part(let lossMax): Self.verdict(loss: earlier - later, lossMax)
                case .size: Self.verdict(RatioEstimate(exactly: earlier > 0 ? later / earlier : 1), thresholds.cpu)
                }
            return Change(
                endpoint: before.name,
                metric: metric,
                before: earlier,
                after: later,
                estimate: estimate,
                inYardsticks: inYardsticks,
                verdict: verdict
            )
        }
    }

    private static func estimate(_ metric: BenchMetric, _ before: [Double], _ after: [Double]) -> RatioEstimate? {
        if case .cpu = metric.judgement { return Statistics.quartileRatio(of: after, to: before) }
        return Statistics.ratio(of: after, to: before)
    }

    /// What seconds and yardsticks agree about. Where they do not, the machine was another one.
    private static func verdict(
        _ seconds: RatioEstimate?,
        _ yardsticks: RatioEstimate?,
        _ threshold: Double
    ) -> Verdict {
        let verdicts = [Self.verdict(seconds, threshold), Self.verdict(yardsticks, threshold)]
        if verdicts[0] == verdicts[1] { return verdicts[0] }
        // One of them is sure that nothing counts, and the other that it may be so.
        return verdicts.contains(.noChange) && verdicts.contains(.unclear) ? .noChange : .unclear
    }

    /// Worse only where even the better end of the interval is worse by what counts.
    static func verdict(_ estimate: RatioEstimate?, _ threshold: Double) -> Verdict {
        guard let estimate else { return .unclear }
        let worse = 1 + threshold
        if estimate.low > worse { return .regression }
        if estimate.high < 1 / worse { return .improvement }
        return estimate.low >= 1 / worse && estimate.high <= worse ? .noChange : .unclear
    }

    private static func verdict(loss: Double, _ lossMax: Double) -> Verdict {
        if loss > lossMax { return .regression }
        return loss < -lossMax ? .improvement : .noChange
    }
}

extension RatioEstimate {
    /// Before by after.
    fileprivate var inverse: RatioEstimate {
        RatioEstimate(ratio: 1 / self.ratio, low: 1 / self.high, high: 1 / self.low)
    }

    /// What is counted and not sampled.
    fileprivate init(exactly ratio: Double) { self.init(ratio: ratio, low: ratio, high: ratio) }
}
