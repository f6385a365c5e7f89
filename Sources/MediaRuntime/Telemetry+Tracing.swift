package import Logging
import MediaModel
import MediaTracing
package import ServiceLifecycle
import Tracing

extension Telemetry {
    /// Traces go to the collector of the settings, where there is one. Before any HTTP client is made: each takes the
    /// tracer that there is then. swift-distributed-tracing may be set up once in a process; a second call traps.
    ///
    /// - Returns: nil: nothing is traced.
    /// - Throws: what is wrong with the file of the collector's header fields, and never what is in it.
    package static func startTracing(_ settings: Settings, logger: Logger) throws -> TraceOutlet? {
        guard let endpoint = settings.trace.endpoint else { return nil }
        let fields = try settings.trace.headersFile.map { try Self.headerFields($0) } ?? []
        let queue = SpanQueue(capacity: SpanExport.queueMax)
        let trace = settings.trace
        let sampler = Sampler(ratio: trace.sampleRatio, followsParents: trace.followsParents)
        InstrumentationSystem.bootstrap(OriginTracer(sampler: sampler, queue: queue))
        let instance = Hex.encode((0..<16).map { _ in UInt8.random(in: 0 ... .max) })
        return TraceOutlet(
            SpanExport(
                queue,
                endpoint: endpoint,
                fields: fields.map { ($0.name, $0.value.value) },
                resource: TraceResource(service: trace.serviceName, instance: instance),
                logger: logger
            )
        )
    }

    /// What says which trace the current task works for, where that is recorded: what exemplars name, and answers are
    /// counted with. Nil: nothing is traced.
    package static func currentTraceID(_ settings: Settings) -> (@Sendable () -> String?)? {
        settings.trace.endpoint == nil ? nil : CurrentTrace.sampledID
    }

    private static func headerFields(_ path: String) throws -> [(name: String, value: Secret)] {
        do throws(SecretFileError) {
            return try HeaderFile.read(path)
        } catch {
            throw TraceSettingsError(description: "trace.otlp.headers.file '\(path)': \(error.description)")
        }
    }
}

/// The way of spans out of the service.
package struct TraceOutlet: Sendable {
    private let export: SpanExport

    init(_ export: SpanExport) { self.export = export }

    /// To be started before all that makes spans, so that it stops after it.
    package var service: any Service { BackgroundService { await self.export.run() } }

    /// Sends what is left. To be called when everything else has ended.
    package func close() async { await self.export.close() }
}

/// Why the service cannot trace as the settings say.
struct TraceSettingsError: Error, CustomStringConvertible, CustomDebugStringConvertible {
    let description: String

    var debugDescription: String { self.description }
}
