package import ArgumentParser
import FoundationEssentials
import Glibc

/// What a program's exit code says (ARCHITECTURE §6).
package enum CommandExit {
    package static let done = ExitCode(0)
    /// Something that was asked for was not done.
    package static let failed = ExitCode(1)
    /// The arguments or settings make no sense; nothing was tried.
    package static let usage = ExitCode(2)
    /// What was to be checked was checked, and is not as it should be.
    package static let unmet = ExitCode(3)

    /// Runs the command that the arguments name and ends the process with one of the codes above.
    ///
    /// ArgumentParser's own `main` would end with 64 for arguments that make no sense.
    package static func run(_ root: any AsyncParsableCommand.Type) async -> Never {
        do {
            var command = try await root.asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Self.end(Self.done)
        } catch let error as SettingsError {
            Self.complain(error.description)
            Self.end(Self.usage)
        } catch {
            let code = root.exitCode(for: error)
            let message = root.fullMessage(for: error)
            if code.isSuccess {
                // Help and version were asked for: they are the output.
                Self.write(message, to: STDOUT_FILENO)
            } else {
                Self.complain(message)
            }
            Self.end(code == .validationFailure ? Self.usage : code)
        }
    }

    /// A line or more on standard error; nothing for an empty text.
    package static func complain(_ message: String) { Self.write(message, to: STDERR_FILENO) }

    /// A line or more on standard output; nothing for an empty text.
    package static func say(_ message: String) { Self.write(message, to: STDOUT_FILENO) }

    private static func write(_ message: String, to file: Int32) {
        guard !message.isEmpty else { return }
        var rest = Array("\(message)\n".utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // A reader that is gone (`mediactl … | head`) needs no more lines.
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    private static func end(_ code: ExitCode) -> Never { Glibc.exit(code.rawValue) }
}
