package import Logging
import Tracing

extension CurrentTrace {
    /// What log lines say of the trace that they belong to, under the names that OpenTelemetry has for log formats that
    /// are not its own. `trace_flags` tells whether there is a trace to look for.
    package static let logMetadata = Logger.MetadataProvider {
        guard let span = ServiceContext.current?.span else { return [:] }
        return [
            "trace_id": .stringConvertible(span.traceID), "span_id": .stringConvertible(span.spanID),
            "trace_flags": span.isSampled ? "01" : "00",
        ]
    }
}
