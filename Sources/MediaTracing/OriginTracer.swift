package import Tracing

/// Makes spans, and hands those of recorded traces to a queue when they end.
package final class OriginTracer: Tracer {
    package typealias Span = TracedSpan

    static let parentField = "traceparent"
    static let stateField = "tracestate"

    private let sampler: Sampler
    private let queue: SpanQueue

    /// - Parameter queue: takes the spans that have ended.
    package init(sampler: Sampler, queue: SpanQueue) {
        self.sampler = sampler
        self.queue = queue
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> InstrumentationContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> TracedSpan {
        var context = context()
        let parent = context.span
        let isSampled: Bool
        let traceID: TraceID
        if let parent {
            isSampled = self.sampler.samples(childOf: parent)
            // Nobody will ask for the parts of what is not recorded.
            if !isSampled, !parent.isSampled { return TracedSpan(context: context, recording: nil) }
            traceID = parent.traceID
        } else {
            traceID = .random()
            isSampled = self.sampler.samples(traceID)
        }
        let own = SpanContext(
            traceID: traceID,
            spanID: .random(),
            isSampled: isSampled,
            traceState: parent?.traceState
        )
        context.span = own
        guard isSampled else { return TracedSpan(context: context, recording: nil) }
        let start = SpanRecord(
            context: own,
            parent: parent,
            name: operationName,
            kind: kind,
            startNanoseconds: instant().nanosecondsSinceEpoch
        )
        return TracedSpan(context: context, recording: SpanRecording(start, queue: self.queue))
    }

    /// Export has its own pace; what is left goes when the service stops.
    package func forceFlush() {}

    /// The caller's span, from `traceparent` and `tracestate`; nothing where they are not by the specification, so that
    /// a new trace begins.
    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout InstrumentationContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: Self.parentField, from: carrier).flatMap(TraceParent.init) else {
            return
        }
        context.span = SpanContext(
            traceID: parent.traceID,
            spanID: parent.spanID,
            isSampled: parent.isSampled,
            traceState: extractor.extract(key: Self.stateField, from: carrier).flatMap(TraceState.checked),
            isRemote: true
        )
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.span else { return }
        let parent = TraceParent(traceID: span.traceID, spanID: span.spanID, isSampled: span.isSampled)
        injector.inject(parent.text, forKey: Self.parentField, into: &carrier)
        if let state = span.traceState { injector.inject(state, forKey: Self.stateField, into: &carrier) }
    }
}
