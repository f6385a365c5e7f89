package import FoundationEssentials

/// One observation that a bucket of a histogram names, so that whoever sees it can look at the trace behind it.
struct Exemplar: Sendable, Equatable {
    /// What OpenMetrics allows the names and values of an exemplar's labels together, in characters.
    static let charactersMax = 128
    static let label = "trace_id"

    let traceID: String
    /// In nanoseconds or bytes.
    let value: Int
    let time: Date
}

/// Says which trace is being followed where something is counted.
package struct ExemplarSource: Sendable {
    let currentTraceID: @Sendable () -> String?
    let now: @Sendable () -> Date

    /// - Parameters:
    ///   - currentTraceID: called at each observation of a histogram, by whoever observes; the id of a trace that is
    ///     kept (sampled), in hexadecimal, or nil.
    ///   - now: the time that exemplars get.
    package init(
        currentTraceID: @escaping @Sendable () -> String?,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.currentTraceID = currentTraceID
        self.now = now
    }

    /// - Returns: nil without a trace, and for an id that no exposition may have.
    func exemplar(of value: Int) -> Exemplar? {
        guard let traceID = self.currentTraceID(), !traceID.isEmpty,
            traceID.count + Exemplar.label.count <= Exemplar.charactersMax
        else { return nil }
        return Exemplar(traceID: traceID, value: value, time: self.now())
    }
}
