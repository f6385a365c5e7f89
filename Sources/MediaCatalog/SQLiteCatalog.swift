import Dispatch
import FoundationEssentials
import GRDB
import Glibc
package import MediaModel
import Synchronization

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
    /// The WAL's length that triggers a checkpoint (``Checkpoints``), in pages: 16 MiB, four times SQLite's default.
    /// The commit that reaches it waits while all of them are written and synced; among a million assets nearly every
    /// page of an upload is another one (ids of blobs are random), so that this should not be often.
    static let checkpointPages = 4000
    /// Memory for pages, in bytes, which fills as the file grows: the upper levels of the trees of a million assets in
    /// part. What is not here is a copy from the system's own cache of the file; more would be memory that everybody
    /// pays for and that only the largest catalogs use (`make hostile-memory`, `make fault-catalog-cost`).
    static let readerCacheBytes = 1 << 20
    static let writerCacheBytes = 4 << 20

    let pool: DatabasePool
    let commits: CommitQueue
    let outbox: PurgeOutbox
    /// Reads that have a connection at this moment.
    private let readsRunning = Atomic<Int>(0)

    private init(_ pool: DatabasePool, _ commits: CommitQueue, _ outbox: PurgeOutbox) {
        self.pool = pool
        self.commits = commits
        self.outbox = outbox
    }

    /// Opens the catalog, or makes a new one (mode 0600; its folder must exist), checks it and brings it to this
    /// program's schema.
    ///
    /// - Parameters:
    ///   - commitDelay: how long the first of the writes that share a transaction waits for others. Zero: those share
    ///     one that came while the one before was made durable.
    ///   - onCommit: told of every transaction: how many writes it had (1 ... 64), how long it took from its begin
    ///     until it was durable. It must not wait.
    ///   - purgeTargets: who is told of changes to what caches may hold (``PurgeCatalog``), each once.
    ///   - onPurge: told when there may be new records of the purge outbox. It must not wait.
    /// - Throws: ``CatalogError``: `.newer` for a newer program's catalog, which is left as it is; `.corrupt` for one
    ///   that `quick_check` finds damaged or that is no database; `.failed` for a database of another program.
    package static func open(
        path: String,
        commitDelay: Duration = .zero,
        onCommit: @escaping @Sendable (_ writes: Int, _ duration: Duration) -> Void = { _, _ in },
        purgeTargets: [PurgeTargetName] = [],
        onPurge: @escaping @Sendable () -> Void = {}
    ) async throws -> SQLiteCatalog {
        try await Self.open(
            path,
            Checkpoints(framesMax: Self.checkpointPages),
            commitDelay: commitDelay,
            onCommit: onCommit,
            outbox: PurgeOutbox(targets: purgeTargets, onCommit: onPurge)
        )
    }

    static func open(
        _ path: String,
        _ checkpoints: Checkpoints,
        commitDelay: Duration = .zero,
        onCommit: @escaping @Sendable (_ writes: Int, _ duration: Duration) -> Void = { _, _ in },
        outbox: PurgeOutbox = PurgeOutbox(targets: [], onCommit: {})
    ) async throws -> SQLiteCatalog {
        // `quick_check` reads the whole file.
        let pool = try await Self.blocking("open") { try Self.openBlocking(path, checkpoints) }
        return SQLiteCatalog(pool, CommitQueue(pool, checkpoints, delay: commitDelay, onCommit: onCommit), outbox)
    }

    /// Waits for the writes that were asked for before, brings all commits from the WAL into the file and closes it,
    /// also where something is in the way of the first. Every later call fails. A catalog that is not closed loses
    /// nothing: the next start reads the WAL.
    ///
    /// - Throws: ``CatalogError``, for the first that went wrong; `.syncFailed` where the file could not be made
    ///   durable: it then stays open as long as the process lives, which must end.
    package func close() async throws {
        await self.commits.close()
        try await Self.blocking("close") {
            let checkpoint = Result { try self.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } }
                .mapError(CatalogError.init(committing:))
            if case .failure(let error) = checkpoint, error.code == .syncFailed {
                // The last connection that closes would try once more, believe that it worked, and remove the WAL.
                _ = Unmanaged.passRetained(self.pool)
                throw error
            }
            let closing = Result { try self.pool.close() }
            _ = try checkpoint.get()
            try closing.get()
        }
    }

    /// Which catalog it is; that of every copy of it, too.
    package func id() async throws -> CatalogID {
        try await self.read { database in
            let bytes = try Data.fetchOne(CatalogSQL.identity.prepared(database, []))
            guard let bytes, bytes.count == CatalogID.byteCount else {
                throw CatalogError(.corrupt, detail: "identity: the catalog's own row is not there; restore a back-up")
            }
            return CatalogID(bytes: Array(bytes))
        }
    }

    /// Commits nothing but the schema's number, which is what it was: the file, the WAL and its fsync(2) are all tried.
    package func checkHealth() async throws {
        try await self.commit { try $0.execute(sql: "PRAGMA user_version = \(Schema.version)") }
    }

    /// The one place where this process commits: all or nothing, durable when it returns. `write` may run more than
    /// once (what it did before was rolled back).
    func commit<Value: Sendable>(_ write: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await self.commits.commit(write)
    }

    /// Reads one snapshot, which has every commit that returned before.
    func read<Value: Sendable>(_ read: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.pool.asyncRead { database in
                self.readsRunning.wrappingAdd(1, ordering: .relaxed)
                let result = Result { try read(database.get()) }.mapError(CatalogError.init(_:))
                // Before anybody hears of it: who was answered is not counted any more.
                self.readsRunning.wrappingSubtract(1, ordering: .relaxed)
                continuation.resume(with: result)
            }
        }
    }

    /// What the connections do at this moment. Back-ups and audits, which have connections of their own, are not seen.
    package struct Connections: Sendable, Hashable {
        package let readersBusy: Int
        package let readersMax: Int
        package let isWriterBusy: Bool
        package let writesWaiting: Int
    }

    package var connections: Connections {
        Connections(
            readersBusy: min(self.readsRunning.load(ordering: .relaxed), Self.readersMax),
            readersMax: Self.readersMax,
            isWriterBusy: !self.commits.isIdle,
            writesWaiting: self.commits.waitingCount
        )
    }
}

extension SQLiteCatalog {
    /// Runs what takes long on a thread of its own, not on one of the cooperative pool.
    static func blocking<Value: Sendable>(
        _ name: String,
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "catalog.\(name)").async {
                continuation.resume(with: Result(catching: work).mapError(CatalogError.init(_:)))
            }
        }
    }

    private static func openBlocking(_ path: String, _ checkpoints: Checkpoints) throws -> DatabasePool {
        try Self.makeFile(path)
        let pool = try DatabasePool(path: path, configuration: Self.configuration)
        try pool.writeWithoutTransaction { writer in
            // GRDB sets NORMAL when it turns the WAL on; a commit would then be lost in a power cut (RELIABILITY §3.1).
            try writer.execute(sql: "PRAGMA synchronous = FULL")
            try Self.checkSound(writer)
            checkpoints.watch(writer)
        }
        try Schema.migrator.migrate(pool)
        return pool
    }

    /// SQLite would make the file readable for all; the WAL takes the file's mode.
    static func makeFile(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(of: "open") }
        Glibc.close(descriptor)
    }

    /// Of the writer. A reader has the same, but for `readonly`.
    static var configuration: Configuration {
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
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cache_size = -\((isReader ? Self.readerCacheBytes : Self.writerCacheBytes) >> 10);
                    PRAGMA mmap_size = 0;
                    PRAGMA cell_size_check = ON;
                    PRAGMA wal_autocheckpoint = 0;
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
