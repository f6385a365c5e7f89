package import Tracing

/// Which span it is, as others are told of it.
package struct SpanContext: Hashable, Sendable {
    package let traceID: TraceID
    package let spanID: SpanID
    /// Whether the trace is recorded.
    package let isSampled: Bool
    /// What is passed on as it came; nil: nothing came.
    var traceState: String?
    /// Whether the span is the caller's.
    var isRemote = false

    enum Key: ServiceContextKey {
        typealias Value = SpanContext
        static var nameOverride: String? { "span" }
    }
}

extension ServiceContext {
    /// The span that this is a context of.
    package var span: SpanContext? {
        get { self[SpanContext.Key.self] }
        set { self[SpanContext.Key.self] = newValue }
    }
}

/// The trace that the current task works for.
package enum CurrentTrace {
    /// Its id where it is recorded, 32 hexadecimal digits: what an exemplar of a metric points at.
    @Sendable package static func sampledID() -> String? {
        guard let span = ServiceContext.current?.span, span.isSampled else { return nil }
        return span.traceID.description
    }
}
