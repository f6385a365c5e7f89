import Metrics

/// Counts what was refused on purpose, which a status of 5xx alone does not tell from a failure: the objectives do.
///
/// It is counted where the status is, and only if that is: what was to be refused and was never sent would else hide
/// an error of another request.
struct RefusalMeters: Sendable {
    /// All from the start: a series that appears with its first value has no increase.
    private let refusals = Dictionary(
        uniqueKeysWithValues: ProblemTable.deliberate.map { code in
            (code, Counter(label: "http_refusals_total", dimensions: [("problem", code)]))
        }
    )

    /// - Parameters:
    ///   - problem: its code.
    ///   - status: that was sent, and counted.
    func answered(_ problem: String, status: Int) {
        if status >= 500 { self.refusals[problem]?.increment() }
    }
}
