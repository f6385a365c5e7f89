import FoundationEssentials
package import Glibc

/// A program that a test runs: no shell, a clean environment, a process group of its own.
///
/// Its output goes to files, not to pipes, so that nothing has to be pumped, a full pipe blocks nobody, and what it
/// said is there after it was killed. When the last reference goes, whatever is left of the program and of the
/// processes it started is killed, the program is reaped, and the files are removed.
package final class ChildProcess: Sendable {
    /// How a program ended.
    package enum Exit: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    /// All that a program did that ended by itself.
    package struct Outcome: Sendable {
        package let exit: Exit
        package let stdout: [UInt8]
        package let stderr: [UInt8]

        /// Standard output as UTF-8, repaired where it is none.
        package var text: String { String(decoding: self.stdout, as: UTF8.self) }
        /// Standard error likewise.
        package var errorText: String { String(decoding: self.stderr, as: UTF8.self) }
    }

    /// What went wrong with the harness itself; a program that fails is an ``Exit``.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How often the state of a program is looked at.
    package static let pollInterval = Duration.milliseconds(5)

    /// The variables of the test itself, less the settings of the service: another setting is another service.
    package static var cleanEnvironment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MEDIA_") }
    }

    package let pid: pid_t
    private let files: TemporaryFolder

    /// - Parameters:
    ///   - program: its path; `PATH` is not searched.
    ///   - environment: all of its variables, or nil for ``cleanEnvironment``.
    ///   - stdin: what it reads; a file, too.
    ///   - folder: where it runs, or nil for where the test runs.
    package init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String]? = nil,
        stdin: [UInt8] = [],
        folder: String? = nil
    ) throws {
        let files = try TemporaryFolder()
        try Data(stdin).write(to: files.url.appending(path: "stdin"))
        self.pid = try ProgramStart(
            // posix_spawn_file_actions_addchdir_np(3) is hidden from Swift; env(1) becomes the program, under the same
            // id.
            arguments: (folder.map { ["/usr/bin/env", "--chdir=\($0)", "--"] } ?? []) + [program] + arguments,
            environment: environment ?? Self.cleanEnvironment,
            files: files
        ).spawn()
        self.files = files
    }

    deinit {
        // Until it is reaped, its id names this program and this group and no other. The wait is short: it was killed.
        Glibc.kill(-self.pid, SIGKILL)
        while waitpid(self.pid, nil, 0) == -1, errno == EINTR {}
    }

    /// Starts a program and waits for its end.
    ///
    /// - Throws: ``Failure`` when it cannot be started, or is not done in time; then it is killed.
    package static func run(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String]? = nil,
        stdin: [UInt8] = [],
        folder: String? = nil,
        timeout: Duration = Patience.timeMax
    ) async throws -> Outcome {
        let child = try ChildProcess(program, arguments, environment: environment, stdin: stdin, folder: folder)
        let exit = try await child.exit(within: timeout)
        return Outcome(exit: exit, stdout: child.stdout, stderr: child.stderr)
    }

    /// What it has written to standard output until now.
    package var stdout: [UInt8] { self.written("stdout") }

    /// What it has written to standard error until now.
    package var stderr: [UInt8] { self.written("stderr") }

    /// How it ended; nil while it runs.
    package var exit: Exit? {
        var info = siginfo_t()
        // WNOWAIT leaves the dead program unreaped, and so its id taken, until `deinit`.
        let found = waitid(P_PID, id_t(self.pid), &info, WEXITED | WNOHANG | WNOWAIT)
        guard found == 0, info.si_signo == SIGCHLD else { return nil }
        let status = info._sifields._sigchld.si_status
        return info.si_code == CLD_EXITED ? .code(status) : .signal(status)
    }

    /// Waits for its end.
    ///
    /// - Throws: ``Failure`` when it still runs after `timeout`, with the end of what it said on standard error.
    package func exit(within timeout: Duration) async throws -> Exit {
        let start = ContinuousClock.now
        while true {
            if let exit = self.exit { return exit }
            guard ContinuousClock.now - start < timeout else {
                let said = String(decoding: self.stderr.suffix(2000), as: UTF8.self)
                throw Failure(description: "process \(self.pid) still runs after \(timeout); it said: \(said)")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// Sends it a signal; one that has ended takes no notice.
    package func send(signal: Int32) { Glibc.kill(self.pid, signal) }

    /// Sends a signal to it and to what it has started, as far as that is in its group.
    package func sendToGroup(signal: Int32) { Glibc.kill(-self.pid, signal) }

    /// The ids of all processes below it, children before grandchildren.
    package var descendants: [pid_t] { Self.descendants(of: self.pid) }

    /// Whether a process runs. One that has ended and waits to be reaped does not.
    package static func isRunning(_ pid: pid_t) -> Bool {
        // proc(5): the state follows the command's name, which is in parentheses and may hold anything.
        guard let stat = try? String(decoding: Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")), as: UTF8.self),
            let state = stat.split(separator: ")").last?.split(separator: " ").first
        else { return false }
        return state != "Z" && state != "X"
    }

    /// nice(2)'s level of each thread of a process.
    package static func niceLevels(of pid: pid_t) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").compactMap { task in
            let stat = try? String(
                decoding: Data(contentsOf: URL(filePath: "/proc/\(pid)/task/\(task)/stat")),
                as: UTF8.self
            )
            // proc(5): field 19; the state, behind the name, is field 3.
            return stat?.split(separator: ")").last?.split(separator: " ").dropFirst(16).first.flatMap { Int($0) }
        }
    }

    private static func descendants(of pid: pid_t) -> [pid_t] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        let children = tasks.sorted().flatMap { task -> [pid_t] in
            let list = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/task/\(task)/children"))
            return String(decoding: list ?? Data(), as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        }
        return children + children.flatMap { Self.descendants(of: $0) }
    }

    private func written(_ name: String) -> [UInt8] {
        (try? Data(contentsOf: self.files.url.appending(path: name))).map { Array($0) } ?? []
    }
}

/// What posix_spawn(3) wants to know of a program.
private struct ProgramStart {
    let arguments: [String]
    let environment: [String: String]
    /// Has `stdin`; `stdout` and `stderr` are made.
    let files: TemporaryFolder

    func spawn() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        self.redirect(&actions)
        Self.isolate(&attributes)
        var pid = pid_t()
        let variables = self.environment.map { "\($0.key)=\($0.value)" }.sorted()
        let failure = Self.withCStrings(self.arguments) { arguments in
            Self.withCStrings(variables) { variables in
                posix_spawn(&pid, self.arguments[0], &actions, &attributes, arguments, variables)
            }
        }
        guard failure == 0 else {
            let reason = String(cString: strerror(failure))
            throw ChildProcess.Failure(description: "cannot start \(self.arguments[0]): \(reason)")
        }
        return pid
    }

    private func redirect(_ actions: inout posix_spawn_file_actions_t) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, self.files.path("stdin"), O_RDONLY, 0)
        for (descriptor, name) in [(STDOUT_FILENO, "stdout"), (STDERR_FILENO, "stderr")] {
            let flags = O_WRONLY | O_CREAT | O_APPEND
            posix_spawn_file_actions_addopen(&actions, descriptor, self.files.path(name), flags, 0o600)
        }
    }

    /// A process group of its own, no blocked signal, and the default answer to each: what a shell would give it.
    private static func isolate(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    /// Lends the strings as C wants them: an array of pointers that ends with a null pointer.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
