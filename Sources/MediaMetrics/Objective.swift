/// A service level objective: a share of requests that must be good, or a time that most of them must keep to.
///
/// What counts as good, and why: docs/decisions/0024-objectives.md.
package struct Objective: Sendable, Hashable {
    /// What is measured.
    package enum Measure: Sendable, Hashable {
        /// The share of requests that were answered as they should; at least the target.
        case availability
        /// The share of requests that failed for a fault of ours; at most the target.
        case serverErrors
        /// The quantile (0.95) of the durations of all requests, in seconds; at most the target.
        case latency(Double)
        /// The quantile of the durations of hits, in seconds; at most the target.
        case hitLatency(Double)
    }

    /// Also the value of the metrics' label `objective`.
    package let name: String
    package let measure: Measure
    /// A ratio, 0 to 1, or seconds.
    package let target: Double

    /// How people read its figures.
    package var unit: Unit {
        switch self.measure {
        case .availability, .serverErrors: .percent
        case .latency, .hitLatency: .milliseconds
        }
    }

    /// Units of figures for people; the metrics have base units.
    package enum Unit: String, Sendable {
        case percent
        case milliseconds = "ms"

        /// How many of it a ratio of 1, or a second, is.
        package var scale: Double {
            switch self {
            case .percent: 100
            case .milliseconds: 1000
            }
        }
    }

    /// All of them. deploy/prometheus/rules has the same figures.
    package static let all = [
        Objective(name: "availability", measure: .availability, target: 0.999),
        Objective(name: "latency-p95", measure: .latency(0.95), target: 0.5),
        Objective(name: "latency-p99", measure: .latency(0.99), target: 1),
        Objective(name: "hit-latency-p95", measure: .hitLatency(0.95), target: 0.2),
        Objective(name: "server-errors", measure: .serverErrors, target: 0.001),
    ]
}

extension Objective {
    /// One or two failures are no share of anything: they happen to the best, and where few ask they would be a breach.
    static let failuresMin = 3
    /// Of so few requests no share is told.
    static let requestsMin = 20

    /// What the requests between two readings say.
    ///
    /// - Returns: nil where there are too few of them to say anything: under 20, and under 100 for a p99, so that the
    ///   slowest one alone is never the percentile.
    func assess(from start: ObjectiveReading, to end: ObjectiveReading) -> Assessment? {
        let requests = end.requests - start.requests
        switch self.measure {
        case .availability:
            guard requests >= Self.requestsMin else { return nil }
            let failures = min(end.unavailable - start.unavailable, requests)
            let share = Double(failures) / Double(requests)
            return Assessment(requests, value: 1 - share, used: share / (1 - self.target), failures: failures)
        case .serverErrors:
            guard requests >= Self.requestsMin else { return nil }
            let failures = min(max(0, end.errors - start.errors), requests)
            let share = Double(failures) / Double(requests)
            return Assessment(requests, value: share, used: share / self.target, failures: failures)
        case .latency(let quantile): return self.assess(quantile, of: end.durations.since(start.durations))
        case .hitLatency(let quantile): return self.assess(quantile, of: end.hitDurations.since(start.hitDurations))
        }
    }

    private func assess(_ quantile: Double, of durations: Distribution) -> Assessment? {
        let countMin = Int((1 / (1 - quantile)).rounded())
        guard durations.count >= countMin, let value = durations.quantile(quantile) else { return nil }
        return Assessment(durations.count, value: value, used: value / self.target, failures: nil)
    }

    /// What some requests say of an objective.
    struct Assessment: Sendable, Hashable {
        let requests: Int
        /// A ratio or seconds.
        let value: Double
        /// What of that which the objective allows was used; above 1 it is missed.
        let used: Double
        /// Whether there is more than bad luck behind `used`.
        let isSignificant: Bool

        /// - Parameter failures: nil where it is not failures that are counted.
        init(_ requests: Int, value: Double, used: Double, failures: Int?) {
            self.requests = requests
            self.value = value
            self.used = used
            self.isSignificant = failures.map { $0 >= Objective.failuresMin } ?? true
        }
    }
}
