import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct VerifyTests {
    /// A store with versions, three blobs each.
    private func filled(
        _ count: Int = 10,
        mender: (any Renderer)? = nil
    ) async throws -> (CareHarness, [AssetVersion]) {
        let care = try await CareHarness(mender: mender)
        var versions: [AssetVersion] = []
        for index in 0..<count { versions.append(try await care.upload(CareHarness.sizes[index])) }
        return (care, versions)
    }

    @Test(arguments: [false, true])
    func aSoundStoreHasNoFindings(isQuick: Bool) async throws {
        let (care, _) = try await self.filled()
        let verified = try await care.verify()(.init(isQuick: isQuick), report: care.lines.report)
        #expect(verified.isSound)
        #expect(verified.blobs == 30)
        #expect(verified.sealedBytes == care.store.blobs.values.reduce(0) { $0 + $1.count })
        #expect(care.lines.findings.isEmpty)
        let fields = try #require(care.lines.done?.fields)
        #expect(fields["findings"] == "0" && fields["blobs"] == "30" && fields["locked"] == "0")
    }

    @Test(arguments: DiskFault.allCases)
    func everyKindOfDamageIsFound(fault: DiskFault) async throws {
        let (care, versions) = try await self.filled()
        let blob = versions[3].renditions[1].blob
        try await fault.strike(blob, in: care.store, other: versions[4].source)
        let verified = try await care.verify()(report: care.lines.report)
        #expect(!verified.isSound)
        #expect(care.lines.codes == [fault.code])
        let fields = try #require(care.lines.findings.first?.fields)
        #expect(fields["blob"] == "\(blob.id)")
        #expect(fields["asset"] == "\(versions[3].ref.asset)")
        #expect(fields["variant"] == "preview.webp")
        #expect(fields["repaired"] == "false")
        // Nothing was asked to be changed.
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
        #expect(try await care.catalog.version(versions[3].ref) == versions[3])
    }

    @Test(arguments: DiskFault.allCases)
    func aQuickCheckFindsWhatIsNotThereOrOfAnotherSize(fault: DiskFault) async throws {
        let (care, versions) = try await self.filled()
        try await fault.strike(versions[3].renditions[1].blob, in: care.store, other: versions[4].source)
        care.provider.inject(KeyError(.unreachable, detail: "a quick check needs no key"))
        _ = try await care.verify()(.init(isQuick: true), report: care.lines.report)
        #expect(care.lines.codes == ([.missing, .truncated].contains(fault) ? [fault.code] : []))
    }

    /// RELIABILITY F19 in small.
    @Test func everyStruckBlobIsFound() async throws {
        let (care, versions) = try await self.filled()
        let blobs = versions.flatMap { [$0.source] + $0.renditions.map(\.blob) }
        for (index, blob) in blobs.enumerated() {
            let faults = DiskFault.allCases.filter { $0 != .swapped }
            try await faults[index % faults.count].strike(blob, in: care.store, other: blob)
        }
        let verified = try await care.verify()(report: care.lines.report)
        #expect(verified.findings == blobs.count)
        #expect(Set(care.lines.findings.compactMap { $0.fields["blob"] }) == Set(blobs.map { "\($0.id)" }))
    }

    @Test(arguments: DiskFault.allCases)
    func aRepairMakesRenditionsAgain(fault: DiskFault) async throws {
        let (care, versions) = try await self.filled()
        let blob = versions[3].renditions[1].blob
        let bytes = try await care.plaintext(of: blob)
        try await fault.strike(blob, in: care.store, other: versions[4].source)
        let verified = try await care.verify()(.init(repairs: true), report: care.lines.report)
        #expect(verified.isSound)
        #expect(verified.findings == 1 && verified.repaired == 1)
        let now = try #require(try await care.catalog.version(versions[3].ref)?.renditions[1].blob)
        #expect(care.lines.findings.first?.fields["newBlob"] == "\(now.id)")
        #expect(try await care.plaintext(of: now) == bytes)
        let again = try await care.verify()(report: { _ in })
        #expect(again.findings == 0)
    }

    @Test(arguments: DiskFault.allCases)
    func aRepairMarksASourceAndKeepsItsFile(fault: DiskFault) async throws {
        let (care, versions) = try await self.filled()
        let source = versions[3].source
        let sealed = try #require(care.store.blobs[source.id])
        try await fault.strike(source, in: care.store, other: versions[4].source)
        let struck = care.store.blobs[source.id]
        let verified = try await care.verify()(.init(repairs: true), report: care.lines.report)
        #expect(verified.findings == 1 && verified.repaired == 0)
        #expect(care.lines.findings.first?.fields["reason"] == "source")
        #expect(try await care.catalog.damaged(limit: 10) == [DamagedBlob(blob: source, damage: fault.code)])
        #expect(care.store.blobs[source.id] == struck)
        #expect(care.store.quarantinedBlobs.isEmpty)
        // No new version is made of it.
        let known = try await care.catalog.source(of: .default, sha256: source.sha256, bytes: source.bytes)
        #expect(known == nil)
        // Put back from a back-up, it is as good as before.
        care.store.put(sealed, as: source.id)
        let found = Lines()
        let again = try await care.verify()(.init(repairs: true), report: found.report)
        #expect(again.isSound)
        #expect(found.codes == ["sound-again"])
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
    }

    @Test func whatCannotBeMadeAgainStaysAFinding() async throws {
        let (care, versions) = try await self.filled(mender: PaddingRenderer(padding: 1))
        let blob = versions[3].renditions[1].blob
        try await DiskFault.corrupt.strike(blob, in: care.store, other: blob)
        for _ in 0..<2 {
            let verified = try await care.verify()(.init(repairs: true), report: care.lines.report)
            #expect(verified.findings == 1 && verified.repaired == 0)
        }
        #expect(care.lines.findings.map { $0.fields["reason"] } == ["other-bytes", "other-bytes"])
        #expect(try await care.catalog.damaged(limit: 10).map(\.damage) == ["corrupt"])
        #expect(care.store.quarantinedBlobs.isEmpty)
    }

    @Test(arguments: [false, true])
    func orphansAreFoundByAge(repairs: Bool) async throws {
        let (care, _) = try await self.filled()
        let old = BlobID.make()
        let young = BlobID.make()
        care.store.put([1], as: old, modifiedAt: Date(timeIntervalSinceNow: -7200))
        care.store.put([1], as: young)
        let verified = try await care.verify()(.init(repairs: repairs), report: care.lines.report)
        #expect(care.lines.codes == ["orphan"])
        #expect(care.lines.findings.first?.fields["blob"] == "\(old)")
        #expect(verified.isSound == repairs)
        #expect(care.store.blobs.keys.contains(old) == !repairs)
        #expect(care.store.blobs.keys.contains(young))
    }

    @Test func aKeyThatDoesNotOpenIsOneFinding() async throws {
        let (care, _) = try await self.filled()
        care.provider.inject(KeyError(.disabled, detail: "test"))
        // The blobs open all the same: their key is at hand. It would not be after a restart.
        let verified = try await care.verify()(report: care.lines.report)
        #expect(care.lines.codes == ["root-key-disabled"])
        #expect(care.lines.findings.first?.fields["blobs"] == "30")
        #expect(verified.locked == 0)
    }

    @Test func blobsWithoutAKeyAreCountedAndNotCalledDamaged() async throws {
        let (care, _) = try await self.filled()
        let verify = Verify(
            catalog: care.catalog,
            vault: BlobVault(
                store: care.store,
                sealing: FakeSealing(),
                keys: FixedEnvelopeKeys(current: FixedEnvelopeKeys.key("another"))
            ),
            provider: care.provider,
            digests: FakeDigests(),
            mend: care.mend
        )
        let verified = try await verify(.init(repairs: true), report: care.lines.report)
        #expect(verified.locked == 30)
        #expect(care.lines.codes == ["key-unavailable"])
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
    }

    /// An asset that is erased between the reading of its rows and the look at its files.
    @Test(arguments: [1, 7, 15, 29])
    func whatIsErasedMeanwhileIsNoFinding(afterOpens count: Int) async throws {
        let (care, versions) = try await self.filled()
        let opens = Counter()
        let store = HookedStore(base: care.store) {
            guard opens.next() == count else { return }
            for version in versions { try await care.remove(version.ref.asset, immediately: true) }
        }
        let verified = try await care.verify(store: store)(report: care.lines.report)
        #expect(care.lines.findings.isEmpty)
        #expect(verified.blobs < 30)
        #expect(care.store.blobs.isEmpty)
    }

    /// A blob that the medium gives once in two attempts is sound.
    @Test func aReadThatFailsOnceIsMadeAgain() async throws {
        let (care, _) = try await self.filled(4)
        var call = 1
        while true {
            care.store.inject(FaultPlan(failAt: call))
            guard let verified = try? await care.verify()(.init(repairs: true), report: care.lines.report) else {
                break
            }
            #expect(verified.findings == 0, "call \(call)")
            call += 1
        }
        // 12 blobs are opened and read; a listing that fails ends the check.
        #expect(call > 24)
        #expect(care.lines.findings.isEmpty)
    }

    @Test func aBlobThatTheMediumWillNotGiveIsNotCalledCorrupt() async throws {
        let (care, versions) = try await self.filled()
        let blob = versions[3].renditions[1].blob
        let store = HookedStore(base: care.store, failing: [blob.id])
        _ = try await care.verify(store: store)(report: care.lines.report)
        #expect(care.lines.codes == ["read-failed"])
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
    }

    /// RELIABILITY F4: whichever call of the catalog fails, the check ends with its error, and says nothing false.
    @Test(arguments: [false, true])
    func whicheverCatalogCallFailsNothingFalseIsTold(isSticky: Bool) async throws {
        for call in 1...100 {
            let (care, versions) = try await self.filled(3)
            let blob = versions[2].renditions[1].blob
            try await DiskFault.corrupt.strike(blob, in: care.store, other: blob)
            care.catalog.inject(FaultPlan(failAt: call, isSticky: isSticky))
            var failure: (any Error)?
            do {
                _ = try await care.verify()(.init(repairs: true), report: care.lines.report)
            } catch {
                failure = error
            }
            let calls = care.catalog.calls
            care.catalog.inject(nil)
            #expect(Set(care.lines.codes).isSubset(of: ["corrupt"]))
            #expect((care.lines.done == nil) == (failure != nil))
            let again = try await care.verify()(.init(repairs: true), report: { _ in })
            #expect(again.isSound)
            #expect(try await care.expectNothingDangles())
            if calls < call { return }
        }
        Issue.record("the check never got through")
    }

    @Test func aCheckCanBeCancelled() async throws {
        let (care, _) = try await self.filled()
        let check = Task { try await care.verify()(report: { _ in withUnsafeCurrentTask { $0?.cancel() } }) }
        check.cancel()
        await #expect(throws: CancellationError.self) { try await check.value }
    }
}

/// A store that does something before each opening, and will not give some blobs.
private struct HookedStore: BlobStore {
    let base: MemoryBlobStore
    var failing: Set<BlobID> = []
    let beforeOpen: @Sendable () async throws -> Void

    init(base: MemoryBlobStore, failing: Set<BlobID> = [], beforeOpen: @escaping @Sendable () async throws -> Void = {})
    {
        self.base = base
        self.failing = failing
        self.beforeOpen = beforeOpen
    }

    func open(_ id: BlobID) async throws -> any BlobHandle {
        try await self.beforeOpen()
        if self.failing.contains(id) { throw BlobStoreError(.failed, detail: "a bad sector") }
        return try await self.base.open(id)
    }

    func makeDraft(bytesExpected: Int?) async throws -> any BlobDraft {
        try await self.base.makeDraft(bytesExpected: bytesExpected)
    }
    func remove(_ id: BlobID) async throws { try await self.base.remove(id) }
    func list(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.base.list(after: after, limit: limit)
    }
    func quarantine(_ id: BlobID) async throws { try await self.base.quarantine(id) }
    func quarantined(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.base.quarantined(after: after, limit: limit)
    }
    func removeQuarantined(_ id: BlobID) async throws { try await self.base.removeQuarantined(id) }
    func room() async throws -> StoreRoom? { try await self.base.room() }
    func checkHealth() async throws { try await self.base.checkHealth() }
}
