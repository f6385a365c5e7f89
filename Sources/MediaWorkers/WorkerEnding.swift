import CSandbox
import Glibc

/// How a worker's process ended.
struct WorkerEnding: Sendable, Hashable, CustomStringConvertible {
    /// Signals that somebody else sends to a process that does nothing wrong: the kernel when memory is short, whoever
    /// stops the service. What a codec dies of by itself is none of them.
    private static let outsiders: Set<Int32> = [-SIGKILL, -SIGTERM, -SIGINT, -SIGHUP]

    /// For logs.
    let description: String
    /// Whether somebody who is neither the worker nor the pool ended it.
    let isFromOutside: Bool

    /// - Parameters:
    ///   - status: as waitpid(2) gives it.
    ///   - isKilledByUs: whether it had not ended when the pool sent its SIGKILL.
    init(status: Int32, isKilledByUs: Bool) {
        let code = csandbox_exit_code(status)
        self.description = code < 0 ? "ended by signal \(-code)\(Self.meaning(-code))" : "ended with status \(code)"
        self.isFromOutside = !isKilledByUs && Self.outsiders.contains(code)
    }

    private static func meaning(_ signal: Int32) -> String {
        switch signal {
        case SIGSYS: " (a system call that the sandbox forbids)"
        case SIGXCPU: " (it had used its processor time)"
        default: ""
        }
    }

    /// Nothing is known but `description`.
    init(unknown description: String) {
        self.description = description
        self.isFromOutside = false
    }
}
