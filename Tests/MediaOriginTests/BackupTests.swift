import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

@Suite("A back-up")
struct BackupTests {
    let origin = OriginHarness()
    let lines = Lines()

    @Test(
        "has every blob that its catalog names, the wrapped keys and a manifest; and says that it lacks the root keys"
    )
    func isWhole() async throws {
        for seed in 1...4 { _ = try await self.origin.upload(OriginHarness.picture(40_000, seed: UInt8(seed))) }
        let folder = MemoryBackup(of: self.origin.store)
        let mirror = MemoryKeyMirror()
        let backedUp = try await self.backup(to: folder, mirror: mirror)(report: self.lines.report)
        #expect(folder.complaints == [])
        #expect(folder.committed?.catalog.versions == self.origin.catalog.versions)
        #expect(backedUp.blobs == 12 && backedUp.linked == 12 && backedUp.rounds == 1 && backedUp.damaged == 0)
        let manifest = try #require(folder.manifest)
        let bytes = self.origin.store.blobs.values.reduce(0) { $0 + $1.count }
        #expect(manifest.blobs == 12 && manifest.sealedBytes == bytes && manifest.createdAt != nil)
        #expect(mirror.records == [Samples.envelopeKey])
        let done = try #require(self.lines.all.last)
        #expect(done.kind == .done && done.text.contains("root keys (key ring, or KMS) are NOT in it"))
        #expect(done.fields["blobs"] == "12" && done.fields["linked"] == "12")
        // The file gets its name when nobody uses it any more.
        #expect(folder.wasClosedAtCommit)
    }

    @Test("into the same folder again takes what is new, and drops what no row names any more")
    func isIncremental() async throws {
        let gone = try await self.origin.upload(OriginHarness.picture(1000, seed: 1))
        _ = try await self.origin.upload(OriginHarness.picture(1000, seed: 2))
        let folder = MemoryBackup(of: self.origin.store)
        _ = try await self.backup(to: folder)(report: self.lines.report)
        try await self.origin.remove(gone.ref.asset, immediately: true)
        _ = try await self.origin.upload(OriginHarness.picture(1000, seed: 3))
        folder.forgetTaken()
        let second = try await self.backup(to: folder)(report: self.lines.report)
        #expect(second.present == 3 && second.linked == 3 && second.removed == 3 && second.blobs == 6)
        #expect(folder.taken.count == 3)
        #expect(folder.complaints == [] && folder.blobs == self.origin.store.blobs)
    }

    @Test("takes a copy anew that has another size")
    func wrongSizeIsTakenAnew() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = MemoryBackup(of: self.origin.store)
        _ = try await self.backup(to: folder)(report: self.lines.report)
        folder.put([1, 2, 3], as: version.source.id)
        let second = try await self.backup(to: folder)(report: self.lines.report)
        #expect(second.linked == 1 && second.present == 2 && folder.complaints == [])
    }

    @Test("copies the catalog again when a blob was erased that the copy names")
    func erasureLeadsToAnotherRound() async throws {
        let gone = try await self.origin.upload(OriginHarness.picture(1000, seed: 1))
        _ = try await self.origin.upload(OriginHarness.picture(1000, seed: 2))
        let folder = MemoryBackup(of: self.origin.store)
        let backup = self.backup(
            to: folder,
            afterCopy: {
                guard try await self.origin.catalog.standing(of: gone.ref.asset) == .present else { return }
                try await self.origin.remove(gone.ref.asset, immediately: true)
            }
        )
        let backedUp = try await backup(report: self.lines.report)
        #expect(backedUp.rounds == 2 && backedUp.blobs == 3)
        #expect(folder.complaints == [] && folder.blobs == self.origin.store.blobs)
        #expect(folder.committed?.catalog.versions == self.origin.catalog.versions)
    }

    @Test("gives up after five rounds, and leaves the one before as it was")
    func roundsAreBounded() async throws {
        _ = try await self.origin.upload(OriginHarness.picture(1000, seed: 1))
        let folder = MemoryBackup(of: self.origin.store)
        _ = try await self.backup(to: folder)(report: self.lines.report)
        let before = folder.committed?.catalog.versions
        // In each round one that it has not seen before is erased.
        let uploaded = Mutex<[AssetID]>([])
        let backup = self.backup(to: folder) {
            let count = uploaded.withLock { $0.count }
            let new = try await self.origin.upload(OriginHarness.picture(1000, seed: UInt8(10 + count)))
            uploaded.withLock { $0.append(new.ref.asset) }
        } afterCopy: {
            if let new = uploaded.withLock({ $0.last }) { try await self.origin.remove(new, immediately: true) }
        }
        let error = await #expect(throws: OriginError.self) { try await backup(report: self.lines.report) }
        #expect(error?.code == .backupUnsettled)
        #expect(uploaded.withLock { $0.count } == Backup.roundsMax)
        #expect(folder.complaints == [] && folder.committed?.catalog.versions == before)
    }

    @Test("goes on past a blob that is missing or cannot be read, and tells of it")
    func damageIsToldOf() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(1000))
        let (missing, unreadable) = (version.renditions[0].blob.id, version.source.id)
        try await self.origin.store.remove(missing)
        let folder = MemoryBackup(of: self.origin.store)
        folder.failTaking(unreadable, .failed)
        // The store's first call is the back-up's own look at the blob that would not be taken.
        self.origin.store.inject(FaultPlan(failAt: 1, isSticky: true))
        let backedUp = try await self.backup(to: folder)(report: self.lines.report)
        #expect(backedUp.damaged == 2 && backedUp.linked == 1 && backedUp.rounds == 1)
        #expect(folder.committed != nil && folder.blobs.count == 1)
        let found = Set(self.lines.findings.map { [$0.fields["blob"], $0.fields["code"]] })
        #expect(found == [["\(missing)", "missing"], ["\(unreadable)", "read-failed"]])
    }

    @Test(
        "stops when the back-up's own disk fails or is full",
        arguments: [BlobStoreError.Code.failed, .full, .syncFailed]
    )
    func ownFailureStopsIt(code: BlobStoreError.Code) async throws {
        let version = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = MemoryBackup(of: self.origin.store)
        folder.failTaking(version.source.id, code)
        let error = await #expect(throws: BlobStoreError.self) {
            try await self.backup(to: folder)(report: self.lines.report)
        }
        #expect(error?.code == code && folder.committed == nil)
        #expect(self.lines.all.allSatisfy { $0.kind == .progress })
    }

    @Test("that fails at any call leaves a whole back-up, and the next one succeeds", arguments: BackupFault.allCases)
    func everyFault(kind: BackupFault) async throws {
        let gone = try await self.origin.upload(OriginHarness.picture(1000, seed: 1))
        let folder = MemoryBackup(of: self.origin.store)
        _ = try await self.backup(to: folder)(report: self.lines.report)
        try await self.origin.remove(gone.ref.asset, immediately: true)
        _ = try await self.origin.upload(OriginHarness.picture(1000, seed: 2))
        for call in 1...100 {
            let fresh = MemoryBackup(of: self.origin.store, from: folder)
            let mirror = MemoryKeyMirror()
            switch kind {
            case .target: fresh.fail(at: call)
            case .mirror: mirror.inject(FaultPlan(failAt: call))
            case .copy: break
            }
            let copyFault = kind == .copy ? call : nil
            let backup = self.backup(to: fresh, mirror: mirror, failingCopyAt: copyFault)
            do {
                _ = try await backup(report: self.lines.report)
                #expect(call > 1, "no call was counted")
                return
            } catch {
                #expect(fresh.complaints == [], "after call \(call)")
                fresh.fail(at: nil)
                let next = try await self.backup(to: fresh)(report: self.lines.report)
                #expect(next.blobs == 3 && fresh.complaints == [] && fresh.blobs == self.origin.store.blobs)
            }
        }
        Issue.record("more than 100 calls")
    }

    @Test("does not replace the back-up of another catalog, unless it is told to")
    func anotherCatalogsIsLeftAlone() async throws {
        _ = try await self.origin.upload(OriginHarness.picture(1000))
        let folder = MemoryBackup(of: self.origin.store)
        _ = try await self.backup(to: folder)(report: self.lines.report)
        let kept = folder.blobs
        // The data disk is not there: a new catalog, empty.
        let new = BackupTests()
        let id = CatalogID.make()
        let error = await #expect(throws: OriginError.self) {
            try await new.backup(to: folder, id: id)(report: new.lines.report)
        }
        #expect(error?.code == .backupOfAnother)
        #expect(error?.detail.contains("another catalog (\(Self.id)), 3 blobs; this one is \(id)") == true)
        #expect(folder.blobs == kept && folder.complaints == [] && folder.manifest?.catalog == Self.id)
        let told = try await new.backup(to: folder, id: id, replacesOther: true)(report: new.lines.report)
        #expect(told.removed == 3 && folder.blobs.isEmpty && folder.manifest?.catalog == id)
    }

    @Test("does not take a back-up from before catalogs had ids for its own")
    func oneWithoutIDIsAnothers() async throws {
        let folder = MemoryBackup(of: self.origin.store)
        let before = BackupManifest(createdAt: Samples.moment, catalog: nil, blobs: 0, sealedBytes: 0)
        folder.write(MemoryCatalog(), to: try await folder.makeCatalogPath())
        try await folder.commit(before)
        let error = await #expect(throws: OriginError.self) {
            try await self.backup(to: folder)(report: self.lines.report)
        }
        #expect(error?.code == .backupOfAnother && folder.manifest == before)
        _ = try await self.backup(to: folder, replacesOther: true)(report: self.lines.report)
        #expect(folder.manifest?.catalog == Self.id)
    }

    /// The catalog's, unless a test is about another.
    private static let id = CatalogID.make()

    private func backup(
        to folder: MemoryBackup,
        id: CatalogID = Self.id,
        replacesOther: Bool = false,
        mirror: MemoryKeyMirror = MemoryKeyMirror(),
        failingCopyAt copyFault: Int? = nil,
        beforeCopy: @escaping @Sendable () async throws -> Void = {},
        afterCopy: @escaping @Sendable () async throws -> Void = {}
    ) -> Backup {
        Backup(
            to: folder,
            mirror: mirror,
            of: self.origin.catalog,
            id: id,
            store: self.origin.store,
            replacesOther: replacesOther
        ) { path in
            try await beforeCopy()
            let copy = try await self.origin.catalog.copied()
            if let copyFault { copy.inject(FaultPlan(failAt: copyFault)) }
            folder.write(copy, to: path)
            try await afterCopy()
            return CatalogCopy(copy) { folder.close(path) }
        }
    }
}

/// Whose calls fail.
enum BackupFault: CaseIterable {
    case target
    case mirror
    case copy
}

/// The folder of a back-up in memory. It knows whether it is whole.
final class MemoryBackup: BackupTarget {
    struct State {
        var blobs: [BlobID: [UInt8]] = [:]
        var committed: (manifest: BackupManifest, catalog: MemoryCatalog)?
        var next: MemoryCatalog?
        var isOpen = false
        var wasClosedAtCommit = false
        var taken: [BlobID] = []
        var refused: [BlobID: BlobStoreError.Code] = [:]
        var calls = 0
        var failAt: Int?
    }

    private static let path = "/backup/catalog.sqlite.new"

    private let source: MemoryBlobStore
    private let state: Mutex<State>

    init(of source: MemoryBlobStore, from other: MemoryBackup? = nil) {
        self.source = source
        var state = State()
        state.blobs = other?.blobs ?? [:]
        state.committed = other?.committed
        self.state = Mutex(state)
    }

    var blobs: [BlobID: [UInt8]] { self.state.withLock { $0.blobs } }
    var committed: (manifest: BackupManifest, catalog: MemoryCatalog)? { self.state.withLock { $0.committed } }
    var manifest: BackupManifest? { self.committed?.manifest }
    var taken: [BlobID] { self.state.withLock { $0.taken } }
    var wasClosedAtCommit: Bool { self.state.withLock { $0.wasClosedAtCommit } }

    /// What a restore of it would miss.
    var complaints: [String] {
        guard let catalog = self.committed?.catalog else { return ["no back-up"] }
        let blobs = self.blobs
        return catalog.versions.flatMap { [$0.source] + $0.renditions.map(\.blob) }.compactMap { record in
            blobs[record.id]?.count == record.sealedBytes ? nil : "blob \(record.id)"
        }
    }

    func fail(at call: Int?) { self.state.withLock { ($0.calls, $0.failAt) = (0, call) } }
    func failTaking(_ id: BlobID, _ code: BlobStoreError.Code) { self.state.withLock { $0.refused[id] = code } }
    func forgetTaken() { self.state.withLock { $0.taken = [] } }
    func put(_ bytes: [UInt8], as id: BlobID) { self.state.withLock { $0.blobs[id] = bytes } }

    func write(_ catalog: MemoryCatalog, to path: String) {
        #expect(path == Self.path)
        self.state.withLock { ($0.next, $0.isOpen) = (catalog, true) }
    }

    func close(_ path: String) { self.state.withLock { $0.isOpen = false } }

    func blobs(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try self.call { state in
            state.blobs.filter { row in after.map { $0 < row.key } ?? true }.sorted { $0.key < $1.key }.prefix(limit)
                .map { StoredBlob(id: $0.key, sealedBytes: $0.value.count, modifiedAt: Samples.moment) }
        }
    }

    func take(_ id: BlobID) async throws -> BlobPassage {
        let bytes = self.source.blobs[id]
        return try self.call { state in
            state.taken.append(id)
            if let code = state.refused[id] { throw BlobStoreError(code, detail: "injected") }
            guard let bytes else { throw BlobStoreError(.missing, detail: "no blob \(id)") }
            state.blobs[id] = bytes
            return .linked
        }
    }

    func makeCatalogPath() async throws -> String { try self.call { _ in Self.path } }

    func remove(_ id: BlobID) async throws { try self.call { $0.blobs[id] = nil } }

    func commit(_ manifest: BackupManifest) async throws {
        try self.call { state in
            guard let next = state.next else { throw BlobStoreError(.failed, detail: "no catalog") }
            state.wasClosedAtCommit = !state.isOpen
            state.committed = (manifest, next)
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

extension MemoryCatalog {
    /// Another catalog with the same rows.
    func copied() async throws -> MemoryCatalog {
        let copy = MemoryCatalog(keys: try await self.envelopeKeys())
        for version in self.versions {
            if version.ref.number > .first { _ = try await copy.reserveVersion(of: version.ref.asset) }
            let begun = AssetVersion(
                ref: version.ref,
                tenant: version.tenant,
                state: .processing,
                createdAt: version.createdAt,
                source: version.source,
                presets: version.presets,
                isAnnounced: version.isAnnounced,
                focus: version.focus
            )
            _ = try await copy.begin(begun, terms: CommitTerms())
            guard version.state == .ready, let size = version.sourceSize else { continue }
            _ = try await copy.complete(
                version.ref,
                sourceSize: size,
                renditions: version.renditions,
                impression: version.impression,
                quota: .none
            )
        }
        return copy
    }
}
