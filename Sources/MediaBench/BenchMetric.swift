/// What is compared of an endpoint, in the order in which it is printed.
package enum BenchMetric: String, Codable, Sendable, CaseIterable {
    case cpu
    case median
    case average
    case p95
    case p99
    case minimum
    case maximum
    case requestsPerSecond = "requests/s"
    case successRate = "success"
    case responseBytes = "bytes"
    case cacheHitRatio = "cache hits"

    /// How it becomes a verdict.
    enum Judgement {
        /// By the rounds of both, and larger is worse; the least change that counts is that of the CPU or of latency.
        case cpu, latency
        /// Likewise, and smaller is worse.
        case throughput
        /// By the total, as a part that may become smaller by so much at most.
        case part(lossMax: Double)
        /// By the total, and larger is worse.
        case size
        /// Only shown. The rarest requests of a run say more of the machine than of the service.
        case none
    }

    var judgement: Judgement {
        switch self {
        case .cpu: .cpu
        case .median: .latency
        case .average, .p95, .p99, .minimum, .maximum: .none
        case .requestsPerSecond: .throughput
        // The objective of issue 6 is at most one server error in a thousand.
        case .successRate: .part(lossMax: 0.001)
        case .cacheHitRatio: .part(lossMax: 0.02)
        case .responseBytes: .size
        }
    }

    /// Of the whole run, in base units; nil where it was not measured.
    package func total(_ endpoint: EndpointReport) -> Double? {
        switch self {
        case .cpu: endpoint.cpuSecondsPerRequest
        case .requestsPerSecond: endpoint.requestsPerSecond
        case .successRate: endpoint.successRate
        case .responseBytes: endpoint.responseBytes
        case .cacheHitRatio: endpoint.cacheHitRatio
        default: self.latency(endpoint.latency)
        }
    }

    /// Of each round, in yardsticks: a machine that was slower for both is no slower build. Nil where there is no
    /// yardstick for it.
    func yardsticks(_ endpoint: EndpointReport) -> [Double]? {
        switch self.judgement {
        case .cpu: zip(self.rounds(endpoint), endpoint.rounds).map { $0 / $1.yardstick.work }
        case .latency: zip(self.rounds(endpoint), endpoint.rounds).map { $0 / $1.yardstick.wakeUp }
        default: nil
        }
    }

    /// Of each round.
    func rounds(_ endpoint: EndpointReport) -> [Double] {
        endpoint.rounds.compactMap { round in
            switch self {
            case .cpu: round.cpuSecondsPerRequest
            case .requestsPerSecond: round.requestsPerSecond
            default: self.latency(round.latency)
            }
        }
    }

    private func latency(_ summary: LatencySummary) -> Double? {
        switch self {
        case .average: summary.average
        case .median: summary.median
        case .p95: summary.p95
        case .p99: summary.p99
        case .minimum: summary.minimum
        case .maximum: summary.maximum
        default: nil
        }
    }
}
