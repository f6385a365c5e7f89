import FoundationEssentials
import GRDB
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaCatalog

@Suite("The purge outbox in SQLite", .timeLimit(.minutes(5)))
struct PurgeOutboxTests {
    private let folder: TemporaryFolder
    private var path: String { self.folder.path("catalog.sqlite") }

    init() throws { self.folder = try TemporaryFolder() }

    private func open(_ targets: [PurgeTargetName]) async throws -> SQLiteCatalog {
        let catalog = try await SQLiteCatalog.open(path: self.path, purgeTargets: targets)
        if try await catalog.envelopeKeys().isEmpty { try await catalog.add(Samples.envelopeKey) }
        return catalog
    }

    @Test("is empty where no target is configured")
    func nothingIsWrittenForNobody() async throws {
        let rings = Mutex(0)
        let catalog = try await SQLiteCatalog.open(path: self.path, onPurge: { rings.withLock { $0 += 1 } })
        try await catalog.add(Samples.envelopeKey)
        let ready = try await catalog.addReady()
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        let count = try await catalog.requestPurge(of: ready.ref.asset, at: Samples.moment)
        #expect(count == 0)
        let records = try await catalog.purges(after: nil, limit: 1)
        #expect(records.isEmpty)
        #expect(rings.withLock { $0 } == 0)
    }

    @Test("rings when the record is durable, not before")
    func itRingsAfterTheCommit() async throws {
        let found = Mutex<[Int]>([])
        let path = self.path
        let catalog = try await SQLiteCatalog.open(
            path: path,
            purgeTargets: CatalogContract.purgeTargets,
            onPurge: {
                // Another connection sees what is committed.
                let count = try? DatabaseQueue(path: path).read {
                    try Int.fetchOne($0, sql: "SELECT count(*) FROM purges")
                }
                found.withLock { $0.append(count ?? -1) }
            }
        )
        try await catalog.add(Samples.envelopeKey)
        let ready = try await catalog.addReady()
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        #expect(found.withLock { $0 } == [2, 4])
    }

    @Test("keeps what is meant for a target that is not configured any more")
    func anUnknownTargetKeepsItsRecords() async throws {
        let catalog = try await self.open(CatalogContract.purgeTargets)
        _ = try await catalog.addReady()
        try await catalog.close()
        let again = try await self.open([CatalogContract.purgeTargets[0]])
        _ = try await again.addReady()
        let records = try await again.purges(after: nil, limit: 10)
        #expect(records.map(\.target) == CatalogContract.purgeTargets + [CatalogContract.purgeTargets[0]])
    }

    @Test("is told where a repair moves latest")
    func aRepairIsAChange() async throws {
        let catalog = try await self.open(CatalogContract.purgeTargets)
        let ready = try await catalog.addReady()
        try await catalog.settle(try await catalog.purges(after: nil, limit: 10).map { .done($0.id) })
        try await catalog.commit { try $0.execute(sql: "UPDATE assets SET latest_ready = NULL") }
        let findings = try await catalog.audit(repairs: true)
        #expect(findings.map(\.code) == ["latest-differs"])
        let records = try await catalog.purges(after: nil, limit: 10)
        #expect(records.map(\.asset) == [ready.ref.asset, ready.ref.asset])
        #expect(records.map(\.change) == [.latest, .latest])
    }

    @Test("never gives an id twice, also where all records were removed")
    func idsAreNotUsedTwice() async throws {
        let catalog = try await self.open(CatalogContract.purgeTargets)
        _ = try await catalog.addReady()
        let first = try await catalog.purges(after: nil, limit: 10).map(\.id)
        try await catalog.settle(first.map { .done($0) })
        _ = try await catalog.addReady()
        let second = try await catalog.purges(after: nil, limit: 10).map(\.id)
        #expect(second == first.map { $0 + 2 })
    }

    @Test("comes to a catalog of the schema before it, in one transaction")
    func theMigrationGoesForward() async throws {
        let queue = try DatabaseQueue(path: self.path)
        try Schema.migrator.migrate(queue, upTo: "5")
        // Something is in the way.
        try await queue.write { try $0.execute(sql: "CREATE TABLE purges_in_the_way (a); ") }
        try await queue.write { try $0.execute(sql: "CREATE INDEX purges_created ON purges_in_the_way(a)") }
        #expect(throws: DatabaseError.self) { try Schema.migrator.migrate(queue) }
        let (number, isThere) = try await queue.read { database in
            (try Int.fetchOne(database, sql: "PRAGMA user_version"), try database.tableExists("purges"))
        }
        #expect(number == 5)
        #expect(!isThere)
        try await queue.write { try $0.execute(sql: "DROP TABLE purges_in_the_way") }
        try queue.close()
        let catalog = try await self.open(CatalogContract.purgeTargets)
        _ = try await catalog.addReady()
        let records = try await catalog.purges(after: nil, limit: 10)
        #expect(records.count == 2)
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty)
    }
}
