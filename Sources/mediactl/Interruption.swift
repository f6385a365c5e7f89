import Dispatch
import Glibc

/// ^C and SIGTERM, answered in order: what runs is cancelled and may clean up.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM]

    /// Runs `work`; a signal cancels it. A second one ends the program at once.
    ///
    /// - Returns: what `work` returns, also where it was cancelled.
    static func cancelling<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await work() }
        let sources = Self.sources { task.cancel() }
        defer { for source in sources { source.cancel() } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Runs `work`, and `notice` at the first signal. A second one ends the program at once.
    static func noticing<Result>(
        _ notice: @escaping @Sendable () -> Void,
        during work: () async throws -> Result
    ) async rethrows -> Result {
        let sources = Self.sources(notice)
        defer { for source in sources { source.cancel() } }
        return try await work()
    }

    private static func sources(_ notice: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        Self.signals.map { number in
            // The default answer would come before the handler's.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                for number in Self.signals { signal(number, SIG_DFL) }
                notice()
            }
            source.resume()
            return source
        }
    }
}
