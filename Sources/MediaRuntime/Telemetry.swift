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

    /// All metrics of the service as a page in Markdown: the whole of docs/METRICS.md, which a test compares.
    package static var metricsPage: String { MetricReference.page }

    /// swift-metrics may be set up once in a process; a second call traps.
    ///
    /// - Parameter exemplars: the traces that histograms name; nil: none, at no cost.
    package static func startMetrics(_ settings: Settings, exemplars: ExemplarSource? = nil) -> PrometheusRegistry {
        let registry = OriginMetrics.makeRegistry(
            version: Product.version,
            exemplars: exemplars,
            isCounting: settings.metricsEnabled
        )
        // Without, every handle writes nowhere; what is looked up at a scrape is there all the same.
        if settings.metricsEnabled { MetricsSystem.bootstrap(registry) }
        return registry
    }
}
