import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

@Suite("A restore")
struct RestoreTests {
    let origin = OriginHarness()
    let lines = Lines()

    @Test(
        "brings the catalog and every blob that it names, then has them checked",
        arguments: [Restore.Depth.quick, .full]
    )
    func bringsEverything(depth: Restore.Depth) async throws {
        _ = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = try await MemoryRestore(of: self.origin)
        let asked = Mutex<[Restore.Depth]>([])
        let restore = self.restore(folder) { depth, report in
            // The folder has its name when the check looks at it.
            #expect(folder.isCommitted)
            asked.withLock { $0.append(depth) }
            await report(OperationLine(.done, "the check's last line"))
            return true
        }
        let restored = try await restore(depth, report: self.lines.report)
        #expect(restored.isSound && restored.blobs == 3 && restored.linked == 3 && restored.damaged == 0)
        #expect(folder.blobs == self.origin.store.blobs && folder.hasCatalog)
        #expect(asked.withLock { $0 } == [depth])
        #expect(self.lines.all.dropLast().allSatisfy { $0.kind == .progress } && self.lines.last?.kind == .done)
        #expect(self.lines.all.first?.text.contains("2026-11-21T07:00:00Z") == true)
        #expect(self.lines.all.last?.fields["sound"] == "true")
    }

    @Test("skips the numbers that may have been taken after the back-up")
    func numbersAreSkipped() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = try await MemoryRestore(of: self.origin)
        _ = try await self.restore(folder)(report: self.lines.report)
        let next = try await folder.catalog.reserveVersion(of: version.ref.asset)
        #expect(next == VersionNumber(1002))
    }

    @Test("brings what there is where the back-up lacks a blob, and says what is missing")
    func damagedBackUp() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(1000))
        try await self.origin.store.remove(version.source.id)
        let folder = try await MemoryRestore(of: self.origin)
        folder.failTaking(version.renditions[1].blob.id, .failed)
        let restored = try await self.restore(folder)(report: self.lines.report)
        #expect(!restored.isSound && restored.damaged == 2 && restored.linked == 1 && folder.isCommitted)
        #expect(self.lines.sortedCodes == ["missing", "read-failed"])
        #expect(self.lines.all.last?.fields["sound"] == "false")
    }

    @Test("is not sound when the check says so")
    func checkDecides() async throws {
        _ = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = try await MemoryRestore(of: self.origin)
        let restored = try await self.restore(folder) { _, report in
            await report(OperationLine(.finding, "found"))
            return false
        }(report: self.lines.report)
        #expect(!restored.isSound && self.lines.findings.map(\.text) == ["found"])
    }

    @Test("stops on a disk that is full, and there is no data folder")
    func fullDisk() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = try await MemoryRestore(of: self.origin)
        folder.failTaking(version.source.id, .full)
        await #expect(throws: BlobStoreError.self) { try await self.restore(folder)(report: self.lines.report) }
        #expect(!folder.isCommitted)
    }

    @Test("that fails at any call leaves no data folder, and the next one goes on from what is there")
    func everyFault() async throws {
        _ = try await self.origin.upload(OriginHarness.picture(1000))
        for call in 1...100 {
            let folder = try await MemoryRestore(of: self.origin)
            folder.fail(at: call)
            do {
                _ = try await self.restore(folder)(report: self.lines.report)
                #expect(call > 5, "fewer calls than there are things to do")
                return
            } catch {
                #expect(!folder.isCommitted, "after call \(call)")
                let brought = folder.blobs.count
                folder.fail(at: nil)
                let next = try await self.restore(folder)(report: self.lines.report)
                #expect(next.isSound && next.present == brought && folder.blobs == self.origin.store.blobs)
            }
        }
        Issue.record("more than 100 calls")
    }

    private func restore(
        _ folder: MemoryRestore,
        check: @escaping @Sendable (Restore.Depth, @escaping OperationReport) async throws -> Bool = { _, _ in true }
    ) -> Restore {
        Restore(
            to: folder,
            openCatalog: { path in
                #expect(path == MemoryRestore.path)
                return CatalogCopy(folder.catalog) { folder.closeCatalog() }
            },
            check: check
        )
    }
}

/// A data folder in memory that is made of a back-up in memory.
final class MemoryRestore: RestoreTarget {
    private struct State {
        var blobs: [BlobID: [UInt8]] = [:]
        var hasCatalog = false
        var isClosed = false
        var isCommitted = false
        var refused: [BlobID: BlobStoreError.Code] = [:]
        var calls = 0
        var failAt: Int?
    }

    static let path = "/restored.restoring/catalog.sqlite"

    let manifest = BackupManifest(createdAt: Samples.moment, catalog: .make(), blobs: 3, sealedBytes: 7)
    let catalog: MemoryCatalog
    private let backup: MemoryBlobStore
    private let state = Mutex(State())

    /// - Parameter origin: what was backed up; its store is the back-up's.
    init(of origin: OriginHarness) async throws {
        self.catalog = try await origin.catalog.copied()
        self.backup = origin.store
    }

    var blobs: [BlobID: [UInt8]] { self.state.withLock { $0.blobs } }
    var hasCatalog: Bool { self.state.withLock { $0.hasCatalog } }
    var isCommitted: Bool { self.state.withLock { $0.isCommitted } }

    func fail(at call: Int?) { self.state.withLock { ($0.calls, $0.failAt) = (0, call) } }
    func failTaking(_ id: BlobID, _ code: BlobStoreError.Code) { self.state.withLock { $0.refused[id] = code } }
    func closeCatalog() { self.state.withLock { $0.isClosed = true } }

    func blobs(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try self.call { state in
            state.blobs.filter { row in after.map { $0 < row.key } ?? true }.sorted { $0.key < $1.key }.prefix(limit)
                .map { StoredBlob(id: $0.key, sealedBytes: $0.value.count, modifiedAt: Samples.moment) }
        }
    }

    func take(_ id: BlobID) async throws -> BlobPassage {
        let bytes = self.backup.blobs[id]
        return try self.call { state in
            if let code = state.refused[id] { throw BlobStoreError(code, detail: "injected") }
            guard let bytes else { throw BlobStoreError(.missing, detail: "no blob \(id)") }
            state.blobs[id] = bytes
            return .linked
        }
    }

    func takeCatalog() async throws -> String {
        try self.call { state in
            state.hasCatalog = true
            state.isClosed = false
            return Self.path
        }
    }

    func commit() async throws {
        try self.call { state in
            #expect(state.isClosed, "the catalog is still in use")
            state.isCommitted = true
        }
    }

    private func call<Value>(_ body: (inout State) throws -> Value) throws -> Value {
        try self.state.withLock { state in
            state.calls += 1
            if state.calls == state.failAt { throw BlobStoreError(.syncFailed, detail: "injected") }
            return try body(&state)
        }
    }
}
