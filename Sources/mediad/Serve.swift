import ArgumentParser
import Glibc
import Logging
import MediaHTTP
import MediaMetrics
import MediaModel
import MediaRuntime
import ServiceLifecycle
import UnixSignals

/// `mediad serve`: assembles the origin, opens both listeners and runs until SIGTERM.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start the service. SIGTERM drains and stops it.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try await Settings.load(flags: self.options.values, configFile: self.options.config)
        let logger = Telemetry.startLogging(settings, program: "mediad")
        // What runs in the background logs as the current logger, too.
        try await withLogger(logger) { logger in
            let metrics = Telemetry.startMetrics(settings, exemplars: Self.exemplars(settings))
            let bodies = Self.bodies(logger)
            // Also where there is no such file: the memory that is in use is a sum, and needs all of its terms.
            metrics.registerCollector {
                [MetricSample(OriginMetrics.cacheFileBytes, Double(bodies?.roomInUse ?? 0))]
            }
            let traces = try Self.traces(settings, logger: logger)
            try await withClosing {
                try await Self.serve(settings, metrics, bodies, traces, logger)
            } close: {
                await traces?.close()
            }
        }
    }

    private static func serve(
        _ settings: Settings,
        _ metrics: PrometheusRegistry,
        _ bodies: BodyFile?,
        _ traces: TraceOutlet?,
        _ logger: Logger
    ) async throws {
        let certificate = try Self.certificate(settings)
        let assembly = try await Self.assemble(settings, metrics: metrics, logger: logger)
        let announcement = Announcement()
        let drain = Drain(lead: settings.drainLead)
        let listeners = Listeners(
            settings,
            assembly,
            bodies: bodies,
            drain: drain,
            certificate: certificate,
            logger: logger,
            announcement: announcement
        )
        let renewal: [any Service] =
            certificate.map { [CertificateWatch($0, logger: logger), CertificateSignal($0, logger: logger)] } ?? []
        var group = ServiceGroupConfiguration(
            // They stop in reverse, one after the other.
            services: [traces?.service].compactMap { $0 } + assembly.services + renewal + [
                listeners.admin, listeners.control, listeners.public, drain,
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // A stalled upload must not hold the stop for ever (PRACTICE.md §2.6).
        group.maximumGracefulShutdownDuration = settings.drainLead + settings.shutdownDeadline
        group.maximumCancellationDuration = .seconds(5)
        try await withClosing {
            try await ServiceGroup(configuration: group).run()
        } close: {
            await assembly.close()
        }
    }

    /// Where traces go, if anywhere.
    private static func traces(_ settings: Settings, logger: Logger) throws -> TraceOutlet? {
        do {
            return try Telemetry.startTracing(settings, logger: logger)
        } catch {
            CommandExit.complain("mediad does not start: \(String(reflecting: error))")
            throw CommandExit.failed
        }
    }

    /// Histograms name the trace of the request that is counted, or of what is being done.
    private static func exemplars(_ settings: Settings) -> ExemplarSource? {
        Telemetry.currentTraceID(settings).map { current in
            ExemplarSource(currentTraceID: { RequestTrace.id ?? current() })
        }
    }

    /// Before the first key is read: see `BodyFile`.
    private static func bodies(_ logger: Logger) -> BodyFile? {
        let bodies = BodyFile()
        if let reason = bodies?.smallPagesReason {
            logger.info(
                "Large pictures in memory lie in small pages; with user namespaces they would cost less to send",
                metadata: ["error": "\(String(cString: strerror(reason)))"]
            )
        }
        return bodies
    }

    /// What the public listener speaks TLS with, if it does.
    private static func certificate(_ settings: Settings) throws -> ServerCertificate? {
        guard let certificate = settings.tls.certificateFile, let key = settings.tls.keyFile else { return nil }
        do {
            return try ServerCertificate(CertificateFiles(certificate: certificate, key: key))
        } catch {
            CommandExit.complain("mediad does not start: \(error)")
            throw CommandExit.failed
        }
    }

    /// The operator, unlike a client, is told everything about why the service does not start.
    private static func assemble(
        _ settings: Settings,
        metrics: PrometheusRegistry,
        logger: Logger
    ) async throws -> OriginAssembly {
        do {
            return try await OriginAssembly.build(settings, metrics: metrics, logger: logger)
        } catch {
            CommandExit.complain("mediad does not start: \(String(reflecting: error))")
            throw CommandExit.failed
        }
    }
}
