import FoundationEssentials
import GRDB
import MediaModel
import MediaTesting
import Testing

@testable import MediaCatalog

@Suite("A catalog of the schema before", .timeLimit(.minutes(5)))
struct MigrationTests {
    private let folder: TemporaryFolder
    private let old = SecondSchema()
    private var path: String { self.folder.path("catalog.sqlite") }

    init() throws {
        self.folder = try TemporaryFolder()
        try self.old.write(to: self.path)
    }

    @Test("is what the migrations that were released make")
    func theOldSchemaIsAsReleased() async throws {
        let schema = "SELECT type || ' ' || name || ': ' || sql FROM sqlite_schema WHERE sql <> '' ORDER BY 1"
        let file = try DatabaseQueue(path: self.path)
        let released = try await file.read { try String.fetchAll($0, sql: schema) }
        let queue = try DatabaseQueue()
        try Schema.migrator.migrate(queue, upTo: "2")
        let made = try await queue.read { try String.fetchAll($0, sql: schema) }
        #expect(made == released)
    }

    @Test("comes through with all that it says")
    func nothingIsLost() async throws {
        let catalog = try await SQLiteCatalog.open(path: self.path)
        let number = try await catalog.pool.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
        #expect(number == Schema.version)
        for version in self.old.versions {
            let found = try await catalog.version(version.ref)
            #expect(found == version)
        }
        let latest = try await catalog.latest(of: self.old.ready.ref.asset)
        #expect(latest == .first)
        let unfinished = try await catalog.unfinished()
        #expect(unfinished == [self.old.processing.ref])
        let known = try await catalog.known(among: self.old.versions.map(\.source.id))
        #expect(known == Set(self.old.versions.map(\.source.id)).subtracting([self.old.failed.source.id]))
        let purges = try await catalog.purges(after: nil, limit: 1)
        #expect(purges.isEmpty)
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty)
    }

    @Test("has its keys adopted, as lines of the key ring: those that blobs need, as old as the oldest blob")
    func keysAreAdopted() async throws {
        let catalog = try await SQLiteCatalog.open(path: self.path)
        let keys = try await catalog.envelopeKeys()
        let expected = EnvelopeKeyRecord(
            id: SecondSchema.formerKey,
            tenant: .default,
            createdAt: self.old.duplicate.createdAt,
            wrapped: nil
        )
        #expect(keys == [expected])
        let counts = try await catalog.blobCounts()
        #expect(counts == [SecondSchema.formerKey: 7])
        let error = await #expect(throws: CatalogError.self) { try await catalog.retire(SecondSchema.formerKey) }
        #expect(error?.code == .keyInUse)
    }

    @Test("has its sums made, and its sources found by their digests")
    func sumsAreMade() async throws {
        let catalog = try await SQLiteCatalog.open(path: self.path)
        let stored = self.old.versions.filter { $0.state != .failed }.flatMap {
            [$0.source] + $0.renditions.map(\.blob)
        }
        let bytes = stored.reduce(0) { $0 + $1.sealedBytes }
        let usage = try await catalog.usage(of: .default)
        #expect(usage == Usage(bytes: bytes, files: 4))
        let totals = try await catalog.blobTotals()
        #expect(totals == BlobTotals(blobs: 7, sealedBytes: bytes))
        // It was uploaded twice before there was one source for equal pictures.
        let picture = Samples.digest(1)
        let size = self.old.ready.source.bytes
        let found = try await catalog.source(of: .default, sha256: picture, bytes: size)
        #expect([self.old.ready.source, self.old.duplicate.source].contains(found))
        let equal = try await catalog.begin(Samples.version(sha256: picture))
        #expect(equal.source == found)
    }

    @Test("goes on being used: what was unfinished is finished, deleted, erased")
    func lifeGoesOn() async throws {
        let catalog = try await SQLiteCatalog.open(path: self.path)
        try await catalog.add(Samples.envelopeKey)
        _ = try await catalog.finish(self.old.processing)
        for version in self.old.versions {
            let asset = version.ref.asset
            try await catalog.delete(asset, at: Samples.moment)
            let blobs = try await catalog.erase(asset)
            #expect(blobs.count == (version.state == .failed ? 0 : 3))
        }
        try await catalog.retire(SecondSchema.formerKey)
        let usage = try await catalog.usage(of: .default)
        #expect(usage == .none)
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty)
    }

    @Test("is as it was where the migration fails")
    func theMigrationIsAllOrNothing() async throws {
        // Something is in the way of the last table but one of the migration.
        let queue = try DatabaseQueue(path: self.path)
        try await queue.write { try $0.execute(sql: "CREATE TABLE scrub (text TEXT)") }
        try queue.close()
        let error = await #expect(throws: CatalogError.self) { try await SQLiteCatalog.open(path: self.path) }
        #expect(error?.code == .failed)
        let again = try DatabaseQueue(path: self.path)
        try await again.write { try $0.execute(sql: "DROP TABLE scrub") }
        let number = try await again.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
        #expect(number == 2)
        try again.close()
        try await self.nothingIsLost()
    }
}
