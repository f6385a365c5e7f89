import FoundationEssentials
import GRDB
import Glibc
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaCatalog

@Suite("A back-up of the catalog", .timeLimit(.minutes(5)))
struct BackupTests {
    private let folder: TemporaryFolder
    private var copy: String { self.folder.path("backup/catalog.sqlite") }

    init() throws {
        self.folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: self.folder.path("backup"), withIntermediateDirectories: false)
    }

    private func open() async throws -> SQLiteCatalog {
        try await SQLiteCatalog.openWithKey(path: self.folder.path("catalog.sqlite"))
    }

    @Test("is one file for its owner, which opens as a catalog with all that was committed before")
    func itIsACatalog() async throws {
        let catalog = try await self.open()
        let ready = try await catalog.addReady()
        let processing = try await catalog.addProcessing(2, of: ready.ref.asset)
        let steps = Mutex<[(Int, Int)]>([])
        try await catalog.backup(to: self.copy) { copied, total in steps.withLock { $0.append((copied, total)) } }
        let files = try self.folder.files().filter { $0.hasPrefix("backup/") }
        #expect(files == ["backup/catalog.sqlite"])
        let attributes = try FileManager.default.attributesOfItem(atPath: self.copy)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Bytes 18 and 19 of the header: 1 is a file without a WAL (https://sqlite.org/fileformat.html, 1.3.3).
        let header = [UInt8](try Data(contentsOf: URL(filePath: self.copy)).prefix(20))
        #expect(header[18...] == [1, 1])
        #expect(steps.withLock { $0 }.last.map { $0.0 == $0.1 && $0.1 > 0 } == true)

        let again = try await SQLiteCatalog.open(path: self.copy)
        let found = try await [again.version(ready.ref), again.version(processing.ref)]
        #expect(found == [ready, processing])
        let findings = try await again.audit(repairs: false)
        #expect(findings.isEmpty)
        let ids = try await [catalog.id(), again.id()]
        #expect(ids[0] == ids[1])
        let other = try await SQLiteCatalog.open(path: self.folder.path("other.sqlite")).id()
        #expect(other != ids[0])
    }

    @Test("is of one moment, while uploads go on and are not kept waiting")
    func uploadsGoOn() async throws {
        let catalog = try await self.open()
        for _ in 0..<200 { _ = try await catalog.addReady() }
        let before = try await catalog.blobTotals()
        let isOver = Mutex(false)
        let count = Atomic(0)
        let (acknowledged, signal) = AsyncStream<AssetVersion>.makeStream()
        async let uploads: Void = {
            while !isOver.withLock({ $0 }) {
                signal.yield(try await catalog.addReady())
                count.add(1, ordering: .relaxed)
            }
        }()
        // It begins in the middle of the uploads.
        var first: AssetVersion?
        for await version in acknowledged {
            first = version
            break
        }
        try await catalog.backup(to: self.copy) { _, _ in
            // Another upload is acknowledged between two steps of the copy.
            let (before, start) = (count.load(ordering: .relaxed), ContinuousClock.now)
            while count.load(ordering: .relaxed) == before, start.duration(to: .now) < Patience.timeMax { usleep(1000) }
            #expect(count.load(ordering: .relaxed) > before, "uploads are kept waiting")
        }
        isOver.withLock { $0 = true }
        try await uploads
        let again = try await SQLiteCatalog.open(path: self.copy)
        let findings = try await again.audit(repairs: false)
        #expect(findings.isEmpty)
        let found = try await again.version(#require(first).ref)
        #expect(found == first)
        let totals = try await again.blobTotals()
        let now = try await catalog.blobTotals()
        #expect(before.blobs < totals.blobs && totals.blobs <= now.blobs)
    }

    /// Makes the catalog larger than two steps of a copy.
    private func enlarge(_ catalog: SQLiteCatalog) async throws {
        try await catalog.pool.write { connection in
            try connection.execute(
                sql: "CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(9 << 20))"
            )
        }
    }

    @Test("ends, and is of the moment at which it began, also where something is committed between any two steps")
    func itIsOneSnapshot() async throws {
        let catalog = try await self.open()
        try await self.enlarge(catalog)
        let steps = Mutex(0)
        try await catalog.backup(to: self.copy) { _, total in
            let step = steps.withLock { steps -> Int in
                steps += 1
                return steps
            }
            #expect(total < 3 * 1024)
            // A copy that begins anew with each commit ends after the last one.
            guard step < 50 else { return }
            #expect(throws: Never.self) {
                try catalog.pool.write { try $0.execute(sql: "INSERT INTO filler VALUES (zeroblob(1))") }
            }
        }
        #expect(steps.withLock { $0 } == 3)
        let copied = try DatabaseQueue(path: self.copy)
        let rows = try await copied.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM filler") }
        #expect(rows == 1)
        let sound = try await copied.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
        #expect(sound == "ok")
    }

    @Test("ends at the next step when it is cancelled, and leaves what was there")
    func itCanBeCancelled() async throws {
        let catalog = try await self.open()
        try await self.enlarge(catalog)
        try Data("before".utf8).write(to: URL(filePath: self.copy))
        let copy = self.copy
        let (steps, signal) = AsyncStream<Void>.makeStream()
        let isCancelled = Mutex(false)
        let count = Mutex(0)
        let backup = Task {
            try await catalog.backup(to: copy) { _, _ in
                count.withLock { $0 += 1 }
                signal.yield()
                while !isCancelled.withLock({ $0 }) { usleep(1000) }
            }
        }
        for await _ in steps { break }
        backup.cancel()
        isCancelled.withLock { $0 = true }
        await #expect(throws: CancellationError.self) { try await backup.value }
        #expect(count.withLock { $0 } == 1)
        #expect(try self.folder.files().filter { $0.hasPrefix("backup/") } == ["backup/catalog.sqlite"])
        #expect(try Data(contentsOf: URL(filePath: self.copy)) == Data("before".utf8))
    }

    @Test("replaces one before only when it is complete, and leaves nothing where it fails")
    func itIsAllOrNothing() async throws {
        let catalog = try await self.open()
        for _ in 0..<20 { _ = try await catalog.addReady() }
        try Data("before".utf8).write(to: URL(filePath: self.copy))
        let disk = FaultyDisk(folder: self.folder.path("backup"))
        defer { disk.remove() }
        for fault in FaultyDisk.Fault.allCases {
            disk.inject(FaultPlan(failAt: 10), fault)
            let error = await #expect(throws: CatalogError.self) { try await catalog.backup(to: self.copy) }
            // The live catalog's commits are all right: the process need not end.
            #expect(error?.code == (fault == .full ? .full : .failed))
            #expect(disk.hits == 1)
            #expect(try Data(contentsOf: URL(filePath: self.copy)) == Data("before".utf8))
            let files = try self.folder.files().filter { $0.hasPrefix("backup/") }
            #expect(files == ["backup/catalog.sqlite"])
        }
        disk.inject(nil)
        try await catalog.backup(to: self.copy)
        let again = try await SQLiteCatalog.open(path: self.copy)
        let totals = try await again.blobTotals()
        #expect(totals.blobs == 60)
        let missing = await #expect(throws: CatalogError.self) {
            try await catalog.backup(to: self.folder.path("missing/catalog.sqlite"))
        }
        #expect(missing?.detail == "open: No such file or directory (errno 2)")
    }

    @Test("takes the place of what a back-up that was cut off left behind")
    func aPartIsRemoved() async throws {
        let catalog = try await self.open()
        let ready = try await catalog.addReady()
        for suffix in ["", "-journal", "-wal"] {
            try Data(Samples.bytes(9000)).write(to: URL(filePath: "\(self.copy).part\(suffix)"))
        }
        try await catalog.backup(to: self.copy)
        let again = try await SQLiteCatalog.open(path: self.copy)
        let found = try await again.version(ready.ref)
        #expect(found == ready)
    }
}
