import MediaTesting
import Testing

/// One run of the built `mediactl`, to its end.
struct MediactlRun {
    /// Nil when a signal ended it.
    let code: Int32?
    let output: String
    let errors: String

    var outputLines: [String] { self.output.split(separator: "\n").map(String.init) }

    /// - Parameter environment: settings; the test's own variables are there besides, with ``RunningService/settings``
    ///   for its own.
    init(_ arguments: [String], environment: [String: String] = [:]) async throws {
        let outcome = try await ChildProcess.run(
            try #require(BuiltProducts.path("mediactl")),
            arguments,
            environment: ChildProcess.cleanEnvironment.merging(RunningService.settings.merging(environment) { $1 }) {
                $1
            },
            timeout: Patience.timeMax * 2
        )
        self.code = if case .code(let code) = outcome.exit { code } else { nil }
        self.output = outcome.text
        self.errors = outcome.errorText
    }
}
