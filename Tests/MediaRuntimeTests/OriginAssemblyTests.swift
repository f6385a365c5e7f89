import FoundationEssentials
import Glibc
import Logging
import MediaMetrics
import MediaModel
import MediaTesting
import Testing

@testable import MediaRuntime

@Suite(.timeLimit(.minutes(5)))
struct OriginAssemblyTests {
    private static let sqlite = "/usr/bin/sqlite3"

    /// A service that does not start must not leave processes behind that somebody else then has to end.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: Self.sqlite), "needs sqlite3"))
    func noWorkerIsLeftOfAStartThatFails() async throws {
        let worker = try #require(BuiltProducts.path("mediaworker"))
        var folder = try await DataFolder().filled(1)
        folder.settings.workers.pathGiven = worker
        folder.settings.workers.count = 2
        // Workers are told it in their arguments, and no other's are.
        folder.settings.workers.memoryBytesMax = (2 << 30) - 4096 * (Int(getpid()) % 1000)
        let argument = "address-space-bytes-max=\(folder.settings.workers.memoryBytesMax)"
        let assembly = try await Self.build(folder)
        #expect(Self.processes(with: argument) == 2)
        await assembly.close()
        #expect(Self.processes(with: argument) == 0)
        // The first thing that is read after the workers have started: which versions are unfinished.
        let id = String(repeating: "!", count: 26)
        let changes = "PRAGMA foreign_keys = OFF; UPDATE versions SET asset = '\(id)'; UPDATE assets SET id = '\(id)'"
        let changed = try await ChildProcess.run(Self.sqlite, [OriginStorage.catalogPath(folder.settings), changes])
        #expect(changed.exit == .code(0), "\(changed.errorText)")
        let error = await #expect(throws: CatalogError.self) { _ = try await Self.build(folder) }
        #expect(error?.code == .corrupt)
        #expect(Self.processes(with: argument) == 0)
        // Nor is the folder held.
        try await folder.withStorage { _ in }
    }

    private static func build(_ folder: DataFolder) async throws -> OriginAssembly {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try await OriginAssembly.build(
            folder.settings,
            metrics: PrometheusRegistry(OriginMetrics.definitions),
            logger: logger
        )
    }

    private static func processes(with argument: String) -> Int {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return pids.count { pid in
            guard let line = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")) else { return false }
            return line.split(separator: 0).contains(Data(argument.utf8))
        }
    }
}
