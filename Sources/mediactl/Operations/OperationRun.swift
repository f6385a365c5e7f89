import Logging
import MediaOrigin
import MediaRuntime

/// One operation from the command line to its exit code. Where a service runs, it does the work: it has the data folder
/// and the keys. Otherwise this process takes the folder for as long as the operation lasts.
struct OperationRun: Sendable {
    let request: OperationRequest
    let settings: Settings
    let printer: OperationPrinter

    private var socket: ServiceSocket { ServiceSocket(path: self.settings.controlSocketPath) }

    /// - Throws: `ExitCode`; everything was said.
    func callAsFunction() async throws {
        do {
            // What makes no sense is told before anything is asked or opened.
            let operation = try OperationTable.operation(self.request.operation)
            try operation.check(self.request.options)
            try await self.perform(operation)
        } catch let error as OperationOptionsError {
            CommandExit.complain("mediactl: \(error)")
            throw CommandExit.usage
        } catch {
            let text = error is OriginFailure ? "\(error)" : OperationFailure.sentence(for: error)
            CommandExit.complain("mediactl: \(text)")
            throw CommandExit.failed
        }
        switch self.printer.outcome {
        case .done: return
        case .findings: throw CommandExit.unmet
        case .failed, .unended: throw CommandExit.failed
        }
    }

    private func perform(_ operation: Operation) async throws {
        let report: OperationReport = { self.printer.take($0) }
        switch self.socket.state {
        case .listening where operation.runsInService:
            try await ControlClient(socket: self.socket).run(self.request, report: report)
        case .listening:
            throw OriginFailure(
                summary: "\(operation.name) needs the data folder \(self.settings.dataDirectory) for itself, and a "
                    + "service runs on it (it answers at \(self.socket.path))",
                advice: "stop the service, run this again, and start it again then"
            )
        case .absent:
            try await self.performHere(report)
        case .unusable(let reason):
            throw OriginFailure(
                summary: "the control socket \(self.socket.path) cannot be used: \(reason)",
                advice: "run this as the user that the service runs as, or say where its socket is with "
                    + "--control-socket"
            )
        }
    }

    private func performHere(_ report: @escaping OperationReport) async throws {
        var logger = Telemetry.startLogging(self.settings, program: "mediactl")
        // What is news in a service's log would stand between the lines of an answer.
        if !self.settings.isGiven("log.level") { logger.logLevel = .warning }
        do {
            try await OfflineOrigin.run(
                self.request.operation,
                self.request.options,
                settings: self.settings,
                logger: logger,
                report: report
            )
        } catch let error as OfflineOriginError where error.code == .folderInUse {
            throw OriginFailure(
                summary: "another process has the data folder \(self.settings.dataDirectory), and nobody answers at "
                    + "\(self.socket.path)",
                advice:
                    "a service that starts or stops, or another mediactl: try again in a moment. If a service runs, "
                    + "say where its socket is with --control-socket; 'fuser -v \(self.settings.dataDirectory)/LOCK' "
                    + "names the process"
            )
        }
    }
}
