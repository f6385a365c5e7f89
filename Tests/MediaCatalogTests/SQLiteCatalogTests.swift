import FoundationEssentials
import GRDB
import Glibc
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaCatalog

@Suite("The catalog in SQLite", .timeLimit(.minutes(5)))
struct SQLiteCatalogTests {
    private let folder: TemporaryFolder
    private var path: String { self.folder.path("catalog.sqlite") }

    init() throws { self.folder = try TemporaryFolder() }

    @Test("commits durably: the writer syncs at every commit, and only it checkpoints")
    func connectionsAreSetUp() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        let both = [
            "journal_mode": "wal", "foreign_keys": "1", "trusted_schema": "0", "mmap_size": "0", "cell_size_check": "1",
            "busy_timeout": "5000", "journal_size_limit": "67108864", "temp_store": "2",
            // The writer has a hook of its own, whose errors are told.
            "wal_autocheckpoint": "0",
        ]
        let writer = ["synchronous": "2", "query_only": "0", "cache_size": "-4096"]
        let reader = ["query_only": "1", "cache_size": "-1024"]
        try await catalog.pool.writeWithoutTransaction { connection in
            for (name, value) in both.merging(writer, uniquingKeysWith: { $1 }) {
                let found = try String.fetchOne(connection, sql: "PRAGMA \(name)")
                #expect(found == value, "\(name) of the writer")
            }
        }
        try await catalog.pool.read { connection in
            for (name, value) in both.merging(reader, uniquingKeysWith: { $1 }) {
                let found = try String.fetchOne(connection, sql: "PRAGMA \(name)")
                #expect(found == value, "\(name) of a reader")
            }
            #expect(connection.configuration.readonly)
        }
        let error = await #expect(throws: CatalogError.self) {
            try await catalog.read { try $0.checkpoint(.passive) }
        }
        #expect(error?.code == .failed)
    }

    /// Statements that read all there is of something, because that is the question: what is unfinished and what is
    /// damaged (each all that a partial index holds), the envelope keys, the sums of tenants, the blobs under each key,
    /// every asset, sources that have cost workers.
    private static let scans: [CatalogSQL: String] = [
        .unfinished: "SCAN v USING INDEX versions_processing", .damagedBlobs: "SCAN b USING INDEX blobs_damaged",
        .skipVersions: "SCAN assets", .envelopeKeys: "SCAN envelope_keys", .blobTotals: "SCAN usage",
        .blobCounts: "SEARCH blobs USING INDEX blobs_needed_key (needed_key>?)",
        // Two thousand rows at the most.
        .poisoned: "SCAN poisoned USING INDEX poisoned_last",
        .makeRoomForStrike: "SCAN poisoned USING COVERING INDEX poisoned_worst",
    ]

    @Test("reads no whole table for any statement", arguments: CatalogSQL.allCases)
    func everyStatementUsesAnIndex(_ statement: CatalogSQL) throws {
        let queue = try DatabaseQueue()
        try Schema.migrator.migrate(queue)
        let plan = try queue.read { connection in
            let explain = try connection.makeStatement(sql: "EXPLAIN QUERY PLAN \(statement.text)")
            // Unbound parameters are null, which is as good as any value for a plan.
            explain.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(explain).map { try #require($0["detail"] as String?) }
        }
        for step in plan where step.hasPrefix("SCAN") && step != "SCAN CONSTANT ROW" {
            #expect(step == Self.scans[statement], "\(plan)")
        }
        if let scan = Self.scans[statement] { #expect(plan.contains(scan), "\(plan)") }
        // The few envelope keys are sorted by age.
        if statement != .envelopeKeys { #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)") }
    }

    @Test("is a file for its owner only, in a WAL that close puts away")
    func filesAreForTheOwner() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        _ = try await catalog.addReady()
        for name in try self.folder.files() {
            let attributes = try FileManager.default.attributesOfItem(atPath: self.folder.path(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        try await catalog.close()
        #expect(try self.size("catalog.sqlite-wal") == 0)
        await #expect(throws: CatalogError.self) { try await catalog.checkHealth() }
        await #expect(throws: CatalogError.self) { try await catalog.unfinished() }
    }

    @Test("is closed also where its last checkpoint fails, which is reported")
    func aFailedCheckpointDoesNotKeepItOpen() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        let ready = try await catalog.addReady()
        try await catalog.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = 0") }
        // Another program that reads: the WAL cannot be cut back under it.
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: self.path, configuration: configuration)
        try await reader.writeWithoutTransaction { connection in
            try connection.execute(sql: "BEGIN")
            _ = try Int.fetchOne(connection, sql: "SELECT count(*) FROM blobs")
        }
        let error = await #expect(throws: CatalogError.self) { try await catalog.close() }
        #expect(error?.detail.hasPrefix("SQLite 5: ") == true)
        await #expect(throws: CatalogError.self) { try await catalog.checkHealth() }
        try await reader.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        try reader.close()
        let again = try await SQLiteCatalog.open(path: self.path)
        let found = try await again.version(ready.ref)
        #expect(found == ready)
    }

    @Test("brings the WAL into the file after the commit that makes it 4000 pages long, not before")
    func theWALIsCheckpointed() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        try await catalog.commit { try $0.execute(sql: "CREATE TABLE filler (bytes BLOB)") }
        let page = try #require(try await catalog.read { try Int.fetchOne($0, sql: "PRAGMA page_size") })
        let fill = { (pages: Int) async throws -> Void in
            let bytes = pages * page
            try await catalog.commit { try $0.execute(sql: "INSERT INTO filler VALUES (zeroblob(\(bytes)))") }
        }
        try await fill(3800)
        #expect(try self.size("catalog.sqlite") < 1000 * page)
        try await fill(200)
        #expect(try self.size("catalog.sqlite") > 4000 * page)
    }

    @Test("loses no commit when the process is killed")
    func aKilledProcessLosesNothing() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        let ready = try await catalog.addReady()
        let processing = try await catalog.addProcessing(2, of: ready.ref.asset)
        // The files as they are while the catalog is open: what kill -9 leaves.
        let copy = self.folder.path("copy.sqlite")
        try FileManager.default.copyItem(atPath: self.path, toPath: copy)
        try FileManager.default.copyItem(atPath: self.path + "-wal", toPath: copy + "-wal")
        let again = try await SQLiteCatalog.open(path: copy)
        let versions = try await [again.version(ready.ref), again.version(processing.ref)]
        #expect(versions == [ready, processing])
        let unfinished = try await again.unfinished()
        #expect(unfinished == [processing.ref])
    }

    @Test("does not wait for a commit to read")
    func readsDoNotWaitForCommits() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        let ready = try await catalog.addReady()
        let (readsDone, signal) = AsyncStream<Void>.makeStream()
        let isRead = Mutex(false)
        async let commit: Void = catalog.commit { connection in
            try connection.execute(sql: "UPDATE versions SET announced = 1")
            signal.yield()
            // Holds the transaction open until the read is done.
            let start = ContinuousClock.now
            while !isRead.withLock({ $0 }), start.duration(to: .now) < Patience.timeMax { usleep(1000) }
            #expect(isRead.withLock { $0 })
        }
        for await _ in readsDone { break }
        let version = try await catalog.version(ready.ref)
        #expect(version == ready)
        isRead.withLock { $0 = true }
        try await commit
        let after = try await catalog.version(ready.ref)
        #expect(after?.isAnnounced == true)
    }

    @Test("reports a full disk as full, and works again when there is room")
    func aFullDiskIsFull() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.path)
        let ready = try await catalog.addReady()
        try await catalog.pool.writeWithoutTransaction { connection in
            let pages = try Int.fetchOne(connection, sql: "PRAGMA page_count") ?? 0
            try connection.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        var caught: CatalogError?
        var begun: [AssetVersion] = []
        while caught == nil, begun.count < 1000 {
            let version = Samples.version()
            do {
                _ = try await catalog.begin(version, terms: CommitTerms())
                begun.append(version)
            } catch {
                caught = error as? CatalogError
                let left = try await catalog.newestVersion(of: version.ref.asset)
                #expect(left == nil)
            }
        }
        #expect(caught?.code == .full)
        let found = try await catalog.version(ready.ref)
        #expect(found == ready)
        try await catalog.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        _ = try await catalog.addReady()
    }

    private func size(_ name: String) throws -> Int {
        let path = self.folder.path(name)
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? -1
    }
}

extension SQLiteCatalog {
    /// A catalog that has the envelope key of ``Samples``.
    static func openWithKey(path: String) async throws -> SQLiteCatalog {
        let catalog = try await SQLiteCatalog.open(path: path)
        try await catalog.add(Samples.envelopeKey)
        return catalog
    }
}
