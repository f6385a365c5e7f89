import ArgumentParser
import FoundationEssentials
import MediaRuntime

/// A command that is an operation: done by the running service of the data folder, or here where none runs.
protocol OperationVerb: AsyncParsableCommand {
    /// The names of the operations that it can ask for.
    static var operations: [String] { get }
    /// The columns of the rows that it prints; none: a row is its text.
    static var columns: [OperationText.Column] { get }

    /// What it asks for this time.
    var request: OperationRequest { get }
    /// What all operations have in common.
    var common: OperationOptions { get }
}

extension OperationVerb {
    static var columns: [OperationText.Column] { [] }

    func run() async throws {
        let settings = try await Settings.load(
            flags: self.common.values,
            configFile: self.common.file.config,
            for: .storage
        )
        let printer = OperationPrinter(
            columns: Self.columns,
            json: self.common.json,
            progress: self.common.progressForm
        )
        let run = OperationRun(request: self.request, settings: settings, printer: printer)
        try await Interruption.cancelling { try await run() }
    }
}

/// Paths in operations.
enum OperationPath {
    /// The path from the root: a service runs in a folder of its own.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }
}
