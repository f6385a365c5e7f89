import GRDB
import Glibc
import MediaModel
import Synchronization

extension SQLiteCatalog {
    /// Told of each step; what it throws ends the copy.
    private typealias BackupProgress = (_ copied: Int, _ total: Int) throws -> Void

    /// Pages copied between two calls of `progress`: 4 MiB.
    static let backupPagesPerStep: CInt = 1024

    /// Copies the catalog as it is now into one file, by SQLite's online backup, while reads and writes go on.
    ///
    /// It reads one snapshot, on a connection of its own that can only read (see ``SQLiteCatalog``): until it is done
    /// the WAL cannot begin anew and grows by what is written meanwhile. The copy is complete and durable when it gets
    /// its name (mode 0600); before that it is called `{path}.part`. A file of that name is replaced.
    ///
    /// Unlike other calls it looks at cancellation, between two steps: it may take minutes, and nothing was committed.
    ///
    /// - Parameters:
    ///   - path: where to; ``SQLiteCatalog/open`` takes it. Its folder must exist.
    ///   - progress: told how many pages were copied, of how many. It must not wait.
    /// - Throws: ``CatalogError``: `.full`, `.failed`, `.corrupt`. What went wrong is not the live catalog's commits:
    ///   never `.syncFailed`. `CancellationError`.
    package func backup(
        to path: String,
        progress: (@Sendable (_ copied: Int, _ total: Int) -> Void)? = nil
    ) async throws {
        let isCancelled = Mutex(false)
        do {
            try await withTaskCancellationHandler {
                try await Self.blocking("backup") {
                    try self.backupBlocking(to: path) { copied, total in
                        if isCancelled.withLock({ $0 }) { throw CancellationError() }
                        progress?(copied, total)
                    }
                }
            } onCancel: {
                isCancelled.withLock { $0 = true }
            }
        } catch let error as CatalogError {
            try Task.checkCancellation()
            throw error.code == .syncFailed ? CatalogError(.failed, detail: error.detail) : error
        }
    }

    private func backupBlocking(to path: String, progress: @escaping BackupProgress) throws {
        let part = path + ".part"
        Self.removeParts(of: part)
        do {
            try Self.makeFile(part)
            let copy = try DatabaseQueue(path: part)
            try self.withReader { try $0.read { try Self.copy($0, to: copy, progress: progress) } }
            // The copy says that it has a WAL, as the catalog does. Without one it is a single file, and is one also
            // where nothing can be written beside it.
            try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try copy.close()
            try Self.sync(part, O_RDWR)
            guard rename(part, path) == 0 else { throw Self.failure(of: "rename") }
            try Self.sync(Self.folder(of: path), O_RDONLY | O_DIRECTORY)
        } catch {
            Self.removeParts(of: part)
            throw error
        }
    }

    /// Copies what a transaction sees, which `source` is in.
    private static func copy(
        _ source: Database,
        to copy: DatabaseQueue,
        progress: @escaping BackupProgress
    ) throws {
        // A transaction has no snapshot before its first read. Without one each step takes and drops its own, and a
        // commit between two steps makes the copy begin anew, for as long as there are commits.
        _ = try Int.fetchOne(source, sql: "SELECT count(*) FROM sqlite_schema")
        try copy.writeWithoutTransaction { copy in
            try source.backup(to: copy, pagesPerStep: Self.backupPagesPerStep) {
                try progress($0.totalPageCount - $0.remainingPageCount, $0.totalPageCount)
            }
        }
    }

    /// Lends a connection of its own that can only read: what takes long leaves delivery its readers.
    func withReader<Value>(_ body: (DatabaseQueue) throws -> Value) throws -> Value {
        var configuration = Self.configuration
        configuration.readonly = true
        let reader = try DatabaseQueue(path: self.pool.path, configuration: configuration)
        defer { try? reader.close() }
        return try body(reader)
    }

    private static func removeParts(of part: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(part + suffix) }
    }

    private static func sync(_ path: String, _ flags: CInt) throws {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(of: "open") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure(of: "fsync") }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What a system call said, for an error's detail.
    static func failure(of call: String) -> CatalogError {
        let number = errno
        let code: CatalogError.Code = number == ENOSPC || number == EDQUOT ? .full : .failed
        return CatalogError(code, detail: "\(call): \(String(cString: strerror(number))) (errno \(number))")
    }
}
