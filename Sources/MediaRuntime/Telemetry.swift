import CoreMetrics
package import Logging
package import MediaMetrics
import MediaModel

/// Sets up, once and before anything else runs, where logs and metrics of a program go.
package enum Telemetry {
    /// Logs go to standard error; standard output is for what the program was asked for.
    package static func startLogging(_ settings: Settings, program: String) -> Logger {
        let level = settings.log.level
        let format = settings.log.format
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler =
                switch format {
                case .text: StreamLogHandler.standardError(label: label)
                case .json: JSONLogHandler(label: label)
                }
            handler.logLevel = level
            return handler
        }
        return Logger(label: program)
    }

    /// swift-metrics may be set up once in a process; a second call traps.
    package static func startMetrics() -> PrometheusRegistry {
        let registry = OriginMetrics.makeRegistry(version: Product.version)
        MetricsSystem.bootstrap(registry)
        return registry
    }
}
