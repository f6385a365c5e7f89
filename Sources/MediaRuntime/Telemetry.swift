import CoreMetrics
package import Logging
package import MediaMetrics
import MediaModel
import MediaTracing

/// Sets up, once and before anything else runs, where logs, metrics and traces of a program go.
package enum Telemetry {
    /// Logs go to standard error; standard output is for what the program was asked for.
    package static func startLogging(_ settings: Settings, program: String) -> Logger {
        let level = settings.log.level
        let format = settings.log.format
        let bootstrap: @Sendable (String, Logger.MetadataProvider?) -> any LogHandler = { label, provider in
            var handler: any LogHandler =
                switch format {
                case .text: TextLogHandler(label: label)
                case .json: JSONLogHandler(label: label)
                }
            handler.logLevel = level
            handler.metadataProvider = provider
            return handler
        }
        // Without a tracer there is no trace to name, and nothing to ask at each line.
        let provider = settings.trace.endpoint == nil ? nil : CurrentTrace.logMetadata
        LoggingSystem.bootstrap(bootstrap, metadataProvider: provider)
        return Logger(label: program)
    }

    /// swift-metrics may be set up once in a process; a second call traps.
    package static func startMetrics() -> PrometheusRegistry {
        let registry = OriginMetrics.makeRegistry(version: Product.version)
        MetricsSystem.bootstrap(registry)
        return registry
    }
}
