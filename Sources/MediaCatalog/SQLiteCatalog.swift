import Dispatch
import GRDB
import Glibc
import MediaModel

/// The catalog in one SQLite file (RELIABILITY §3.2). ``Schema`` has the tables, ``CatalogSQL`` every statement.
///
/// **Exactly one connection writes and checkpoints.** SQLite up to 3.51.2 (Debian 12 has 3.40.1) can corrupt a database
/// when two connections write or checkpoint at the same moment ("WAL-reset bug", RELIABILITY §1.4). GRDB's
/// `DatabasePool` has one writer; its readers are opened with `SQLITE_OPEN_READONLY`, which can neither commit nor take
/// the lock that a checkpoint needs, not even when the last of them closes. They let delivery read a snapshot while a
/// commit waits for fsync(2), which a `DatabaseQueue` would not. A second process is kept out by `DataFolderLock`.
///
/// Calls do not look at cancellation: GRDB's `async` forms roll back and throw when the task is cancelled, and then an
/// upload whose client went away could not remove its own version. Hence `asyncRead` and `asyncWrite` with
/// continuations.
package final class SQLiteCatalog: Catalog {
    /// Connections that read at once.
    static let readersMax = 4
    /// How long a statement waits for a lock: only another program on the file (a back-up) can hold one.
    static let busyTimeoutMilliseconds = 5000
    /// The size to which the WAL is cut back after a checkpoint, in bytes.
    static let walBytesMax = 64 << 20
    /// The WAL's length that triggers a checkpoint, in pages.
    static let checkpointPages = 1000

    let pool: DatabasePool

    private init(_ pool: DatabasePool) { self.pool = pool }

    /// Opens the catalog, or makes a new one (mode 0600; its folder must exist), checks it and brings it to this
    /// program's schema.
    ///
    /// - Throws: ``CatalogError``: `.newer` for a newer program's catalog, which is left as it is; `.corrupt` for one
    ///   that `quick_check` finds damaged or that is no database; `.failed` for a database of another program.
    package static func open(path: String) async throws -> SQLiteCatalog {
        // `quick_check` reads the whole file: a thread of its own, not one of the cooperative pool.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "catalog.open").async {
                continuation.resume(with: Result { try Self.openBlocking(path) }.mapError(CatalogError.init(_:)))
            }
        }
    }

    /// Brings all commits from the WAL into the file and closes it, also where the first fails. Every later call fails.
    /// A catalog that is not closed loses nothing: the next start reads the WAL.
    ///
    /// - Throws: ``CatalogError``, for the first that went wrong.
    package func close() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue(label: "catalog.close").async {
                let checkpoint = Result { try self.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } }
                let closing = Result { try self.pool.close() }
                continuation.resume(with: checkpoint.flatMap { closing }.mapError(CatalogError.init(_:)))
            }
        }
    }

    /// Commits nothing but the schema's number, which is what it was: the file, the WAL and its fsync(2) are all tried.
    package func checkHealth() async throws {
        try await self.commit { try $0.execute(sql: "PRAGMA user_version = \(Schema.version)") }
    }

    /// The one place where this process commits: one transaction, durable when it returns.
    func commit<Value: Sendable>(_ write: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.pool.asyncWrite(write) { _, result in
                continuation.resume(with: result.mapError(CatalogError.init(_:)))
            }
        }
    }

    /// Reads one snapshot, which has every commit that returned before.
    func read<Value: Sendable>(_ read: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.pool.asyncRead { database in
                continuation.resume(with: Result { try read(database.get()) }.mapError(CatalogError.init(_:)))
            }
        }
    }
}

extension SQLiteCatalog {
    private static func openBlocking(_ path: String) throws -> SQLiteCatalog {
        try Self.makeFile(path)
        let pool = try DatabasePool(path: path, configuration: Self.configuration)
        try pool.writeWithoutTransaction { writer in
            // GRDB sets NORMAL when it turns the WAL on; a commit would then be lost in a power cut (RELIABILITY §3.1).
            try writer.execute(sql: "PRAGMA synchronous = FULL")
            try Self.checkSound(writer)
        }
        try Schema.migrator.migrate(pool)
        return SQLiteCatalog(pool)
    }

    /// SQLite would make the file readable for all; the WAL takes the file's mode.
    private static func makeFile(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let number = errno
            throw CatalogError(.failed, detail: "open: \(String(cString: strerror(number))) (errno \(number))")
        }
        Glibc.close(descriptor)
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = Self.readersMax
        configuration.prepareDatabase { connection in
            let isReader = connection.configuration.readonly
            try connection.execute(
                sql: """
                    PRAGMA busy_timeout = \(Self.busyTimeoutMilliseconds);
                    PRAGMA trusted_schema = OFF;
                    PRAGMA mmap_size = 0;
                    PRAGMA cell_size_check = ON;
                    PRAGMA wal_autocheckpoint = \(isReader ? 0 : Self.checkpointPages);
                    PRAGMA journal_size_limit = \(Self.walBytesMax);
                    """
            )
            if isReader {
                try connection.execute(sql: "PRAGMA query_only = ON")
            } else {
                // Here, since GRDB writes to the file as soon as this returns.
                try Schema.checkIsOurs(connection)
            }
        }
        return configuration
    }

    private static func checkSound(_ writer: Database) throws {
        let findings = try String.fetchAll(writer, sql: "PRAGMA quick_check(1)")
        guard findings == ["ok"] else {
            let detail = "quick_check: \(findings.joined(separator: "; ")); restore a back-up"
            throw CatalogError(.corrupt, detail: detail)
        }
    }
}
