import Glibc

/// `mediad serve` as built, on a data folder and on ports of its own.
///
/// When the last reference goes, the program is killed; a data folder that was made for it is removed with the last
/// service on it.
package final class RunningService: Sendable {
    /// From the start until it listens.
    package static let startTimeout = Patience.timeMax
    /// ARCHITECTURE §6: a drain takes at most 30 s; the rest is for a machine that has other things to do.
    package static let stopTimeout = Duration.seconds(30) + Patience.timeMax

    /// Settings for whatever machine the tests run on. No honest picture comes near the deadline of a render, and no
    /// connection is closed for being silent before a test gives up on it.
    package static let settings = [
        "MEDIA_RENDER_DEADLINE": "4m", "MEDIA_HTTP_IDLE_TIMEOUT": "10m", "MEDIA_HTTP_HEAD_TIMEOUT": "10m",
        "MEDIA_HTTP_STALL_TIMEOUT": "10m",
    ]

    package let process: ChildProcess
    /// Of the public listener.
    package let port: Int
    /// Of the listener of `/metrics`, `/livez` and `/readyz`.
    package let adminPort: Int
    /// Path of the data folder.
    package let dataFolder: String
    private let scratch: TemporaryFolder?
    private let arguments: [String]
    private let environment: [String: String]

    private init(
        process: ChildProcess,
        listening: (port: Int, adminPort: Int),
        dataFolder: String,
        scratch: TemporaryFolder?,
        arguments: [String],
        environment: [String: String]
    ) {
        self.process = process
        self.port = listening.port
        self.adminPort = listening.adminPort
        self.dataFolder = dataFolder
        self.scratch = scratch
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts it and waits until it listens.
    ///
    /// - Parameters:
    ///   - arguments: flags after `serve`, besides the ports and the data folder.
    ///   - environment: settings (`MEDIA_…`) besides the test's own variables and ``settings``, and before them.
    ///   - dataFolder: an existing or future folder that stays, or nil for a fresh one.
    /// - Throws: ``ChildProcess/Failure`` when it is not built, ends, or does not listen in time, with what it logged.
    package static func start(
        arguments: [String] = [],
        environment: [String: String] = [:],
        dataFolder: String? = nil
    ) async throws -> RunningService {
        let scratch = try dataFolder == nil ? TemporaryFolder() : nil
        let folder = dataFolder ?? scratch?.path("data") ?? ""
        return try await Self.start(arguments, environment, folder, scratch)
    }

    private static func start(
        _ arguments: [String],
        _ environment: [String: String],
        _ dataFolder: String,
        _ scratch: TemporaryFolder?
    ) async throws -> RunningService {
        guard let program = BuiltProducts.path("mediad") else {
            throw ChildProcess.Failure(description: "mediad is not built")
        }
        let process = try ChildProcess(
            program,
            ["serve", "--http-port", "0", "--admin-port", "0", "--data-dir", dataFolder] + arguments,
            environment: ChildProcess.cleanEnvironment.merging(Self.settings.merging(environment) { $1 }) { $1 }
        )
        return RunningService(
            process: process,
            listening: try await Self.listening(process),
            dataFolder: dataFolder,
            scratch: scratch,
            arguments: arguments,
            environment: environment
        )
    }

    /// Another one with the same folder, flags and settings, once this one has ended.
    package func restart() async throws -> RunningService {
        precondition(self.process.exit != nil, "stop or kill the service before it is started again")
        return try await Self.start(self.arguments, self.environment, self.dataFolder, self.scratch)
    }

    /// SIGTERM, and how it ended after its drain.
    ///
    /// - Throws: ``ChildProcess/Failure`` when it still runs after ``stopTimeout``.
    package func stop() async throws -> ChildProcess.Exit {
        self.process.send(signal: SIGTERM)
        return try await self.process.exit(within: Self.stopTimeout)
    }

    /// SIGKILL to the service alone: that its workers follow is its own duty. See ``ChildProcess/descendants``.
    package func kill() async throws {
        self.process.send(signal: SIGKILL)
        _ = try await self.process.exit(within: Self.stopTimeout)
    }

    /// `http://127.0.0.1:{port}`, without a slash at the end.
    package var url: String { "http://127.0.0.1:\(self.port)" }

    /// `http://127.0.0.1:{adminPort}`, without a slash at the end.
    package var adminURL: String { "http://127.0.0.1:\(self.adminPort)" }

    /// What it has logged until now.
    package var log: String { String(decoding: self.process.stderr, as: UTF8.self) }

    /// A new connection to the public listener.
    package func connect() async throws -> RawConnection { try await RawConnection.connect(port: self.port) }

    /// A new connection to the admin listener.
    package func connectToAdmin() async throws -> RawConnection {
        try await RawConnection.connect(port: self.adminPort)
    }

    /// With port 0 only the program knows where it listens; it says so in one line on standard output.
    private static func listening(_ process: ChildProcess) async throws -> (port: Int, adminPort: Int) {
        let line = /listening http=127\.0\.0\.1:([0-9]+) admin=127\.0\.0\.1:([0-9]+)\n/
        let start = ContinuousClock.now
        while true {
            let exit = process.exit
            let said = String(decoding: process.stdout, as: UTF8.self)
            if let match = said.firstMatch(of: line), let port = Int(match.1), let adminPort = Int(match.2) {
                return (port, adminPort)
            }
            guard exit == nil, ContinuousClock.now - start < Self.startTimeout else {
                let log = String(decoding: process.stderr.suffix(4000), as: UTF8.self)
                let state = exit.map { "ended with \($0)" } ?? "does not listen"
                throw ChildProcess.Failure(description: "mediad \(state); it said: \(said)\(log)")
            }
            try await Task.sleep(for: ChildProcess.pollInterval)
        }
    }
}
