import HTTPTypes
import Metrics

/// Counts what was refused on purpose, which a status of 5xx alone does not tell from a failure: the objectives do.
struct RefusalMeters: Sendable {
    /// Made on first use, after `MetricsSystem.bootstrap`.
    static let shared = RefusalMeters()

    /// All from the start: a series that appears with its first value has no increase.
    private let refusals = Dictionary(
        uniqueKeysWithValues: ProblemTable.deliberate.map { code in
            (code, Counter(label: "http_refusals_total", dimensions: [("problem", code)]))
        }
    )

    /// Told of every problem that is answered.
    func answered(_ problem: Problem) {
        if problem.status.kind == .serverError { self.refusals[problem.code]?.increment() }
    }
}
