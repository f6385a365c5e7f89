import FoundationEssentials
import GRDB
import MediaModel
import MediaTesting
import Testing

@testable import MediaCatalog

/// SQLite's own method (RELIABILITY §1.4): the N-th write, sync or truncation fails, N = 1, 2, 3, … until there is none
/// left to fail, once and for good; then the file must be sound, and every transaction there or not.
@Suite("A disk that fails", .timeLimit(.minutes(5)))
struct FaultyDiskTests {
    struct Sweep: Sendable, CustomTestStringConvertible {
        var isSticky: Bool
        var fault: FaultyDisk.Fault
        /// Every commit is followed by a checkpoint, so that this is met, too.
        var checkpoints: Bool

        var testDescription: String {
            let times = self.isSticky ? "for good" : "once"
            return "\(self.fault) \(times), \(self.checkpoints ? "with" : "without") checkpoints"
        }
    }

    static let sweeps = [false, true].flatMap { isSticky in
        FaultyDisk.Fault.allCases.flatMap { fault in
            [false, true].map { Sweep(isSticky: isSticky, fault: fault, checkpoints: $0) }
        }
    }

    /// What the client of one upload was told.
    private struct Told {
        var hasBegun = false
        var isReady = false
        var error: CatalogError?
    }

    @Test("leaves every transaction of an upload there or not, wherever it fails", arguments: Self.sweeps)
    func everyTransactionIsThereOrNot(_ sweep: Sweep) async throws {
        var position = 0
        var hits = 0
        repeat {
            position += 1
            hits = try await self.upload(failingAt: position, sweep)
        } while hits > 0 && position < 200
        // Two commits have at least a write and a sync each.
        #expect(position > 4 && position < 200, "the sweep ended at \(position)")
    }

    /// - Returns: how many calls failed.
    private func upload(failingAt position: Int, _ sweep: Sweep) async throws -> Int {
        let folder = try TemporaryFolder()
        let disk = FaultyDisk(folder: folder.path)
        defer { disk.remove() }
        let catalog = try await SQLiteCatalog.open(
            folder.path("catalog.sqlite"),
            Checkpoints(framesMax: sweep.checkpoints ? 1 : SQLiteCatalog.checkpointPages)
        )
        try await catalog.add(Samples.envelopeKey)
        let before = try await catalog.addReady()
        disk.inject(FaultPlan(failAt: position, isSticky: sweep.isSticky), sweep.fault)
        let version = Samples.version()
        var told = await Self.upload(version, to: catalog)
        let hits = disk.hits
        // What failed was told, also of a checkpoint, and that the process must end.
        if sweep.fault == .error, hits > 0 { #expect(told.error?.code == .syncFailed, "\(sweep), \(position)") }

        // What kill -9 leaves now, and what a start makes of it.
        let copy = folder.path("copy.sqlite")
        try FileManager.default.copyItem(atPath: folder.path("catalog.sqlite"), toPath: copy)
        try FileManager.default.copyItem(atPath: folder.path("catalog.sqlite-wal"), toPath: copy + "-wal")
        disk.inject(nil)
        try await Self.check(version, told, before, in: SQLiteCatalog.open(path: copy), "\(sweep), \(position)")

        // A process that need not end goes on, and what failed can be done again.
        if told.error?.code != .syncFailed {
            told = await Self.upload(version, to: catalog, after: told)
            #expect(told.isReady, "\(sweep), \(position): \(String(describing: told.error))")
            try await Self.check(version, told, before, in: catalog, "\(sweep), \(position), again")
        }
        try? await catalog.close()
        return hits
    }

    @Test("is not asked again when a catalog is closed, so that the WAL stays that has what may be lost")
    func closingDoesNotTryAgain() async throws {
        // Each call fails once; the next try would find all well.
        for position in 1...100 {
            let folder = try TemporaryFolder()
            let disk = FaultyDisk(folder: folder.path)
            defer { disk.remove() }
            let catalog = try await SQLiteCatalog.openWithKey(path: folder.path("catalog.sqlite"))
            let ready = try await catalog.addReady()
            disk.inject(FaultPlan(failAt: position))
            let closing: Result<Void, any Error>
            do {
                closing = .success(try await catalog.close())
            } catch {
                closing = .failure(error)
            }
            guard disk.hits > 0 else {
                // Two syncs, a page and the end of the WAL at the least.
                #expect(position > 4)
                return try closing.get()
            }
            let error = #expect(throws: CatalogError.self) { try closing.get() }
            #expect(error?.code == .syncFailed, "\(position)")
            let copy = folder.path("copy.sqlite")
            try FileManager.default.copyItem(atPath: folder.path("catalog.sqlite-wal"), toPath: copy + "-wal")
            try FileManager.default.copyItem(atPath: folder.path("catalog.sqlite"), toPath: copy)
            let again = try await SQLiteCatalog.open(path: copy)
            let found = try await again.version(ready.ref)
            #expect(found == ready)
        }
    }

    @Test("may have committed where the WAL's index could not grow for it: the process must end")
    func theIndexCannotGrow() async throws {
        let folder = try TemporaryFolder()
        let disk = FaultyDisk(folder: folder.path)
        defer { disk.remove() }
        let catalog = try await SQLiteCatalog.openWithKey(path: folder.path("catalog.sqlite"))
        try await catalog.commit { try $0.execute(sql: "CREATE TABLE filler (bytes BLOB)") }
        // More frames than the index's first region has room for (4062), and less than the writer's cache, which is
        // made larger for that: all of it is written by the COMMIT.
        try await catalog.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA cache_size = -32768") }
        disk.failGrowingIndex()
        let error = await #expect(throws: CatalogError.self) {
            try await catalog.commit { try $0.execute(sql: "INSERT INTO filler VALUES (zeroblob(20 << 20))") }
        }
        #expect(disk.hits > 0)
        #expect(error?.code == .syncFailed)
        #expect(error?.detail.hasPrefix("SQLite 4874: ") == true)
        // What kill -9 leaves: the next start finds the transaction.
        let copy = folder.path("copy.sqlite")
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: folder.path("catalog.sqlite\(suffix)"), toPath: copy + suffix)
        }
        disk.inject(nil)
        let again = try await SQLiteCatalog.open(path: copy)
        let rows = try await again.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM filler") }
        #expect(rows == 1)
    }

    @Test(
        "means another thing in a COMMIT than in a statement",
        arguments: [
            (ResultCode.SQLITE_IOERR_SHMSIZE, CatalogError.Code.full), (.SQLITE_IOERR_READ, .failed),
            (.SQLITE_IOERR_NOMEM, .failed), (.SQLITE_IOERR_FSYNC, .syncFailed),
        ]
    )
    func commitsAreMapped(code: ResultCode, inStatement: CatalogError.Code) {
        let error = DatabaseError(resultCode: code)
        #expect(CatalogError(error).code == inStatement)
        #expect(CatalogError(committing: error).code == .syncFailed)
        let full = DatabaseError(resultCode: .SQLITE_FULL)
        #expect(CatalogError(committing: full).code == .full)
    }

    private static func upload(
        _ version: AssetVersion,
        to catalog: SQLiteCatalog,
        after told: Told = Told()
    ) async -> Told {
        var told = Told(hasBegun: told.hasBegun, isReady: told.isReady)
        do {
            if !told.hasBegun {
                try await catalog.begin(version)
                told.hasBegun = true
            }
            if !told.isReady {
                _ = try await catalog.finish(version)
                told.isReady = true
            }
        } catch {
            told.error = error as? CatalogError
            #expect(told.error != nil, "\(error)")
        }
        return told
    }

    private static func check(
        _ version: AssetVersion,
        _ told: Told,
        _ before: AssetVersion,
        in catalog: SQLiteCatalog,
        _ name: String
    ) async throws {
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty, "\(name)")
        let kept = try await catalog.version(before.ref)
        #expect(kept == before, "\(name)")
        let found = try await catalog.version(version.ref)
        if told.isReady { #expect(found?.state == .ready, "\(name)") }
        if told.hasBegun { #expect(found != nil, "\(name)") }
        if let found, found.state == .processing { #expect(found == version, "\(name)") }
        if let found, found.state == .ready { #expect(found.renditions.count == 2, "\(name)") }
        // What the client was not told of may be there only where nobody could know (the process then ends).
        if told.error?.code != .syncFailed, !told.hasBegun { #expect(found == nil, "\(name)") }
        if told.error?.code != .syncFailed, !told.isReady { #expect(found?.state != .ready, "\(name)") }
    }
}
