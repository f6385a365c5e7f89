import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

@Suite("An operation on keys", .timeLimit(.minutes(5))) struct KeyOperationTests {
    let harness = KeysHarness()
    let lines = Lines()

    // Listing.

    @Test("lists each key with what needs it, and what may go")
    func list() async throws {
        let stray = Samples.key("ek-stray", createdAt: Samples.moment(plus: -1), rootKey: "fake-root")
        try await self.harness.mirror.write([stray])
        let keys = try await self.harness.open()
        let first = try await keys.current(for: .default).id
        try await self.harness.add(keys)
        let unused = try await Rotate(keys: keys)(.default, Lines().report)
        let last = try await Rotate(keys: keys)(.default, Lines().report)
        try await KeyList(catalog: self.harness.catalog, keys: keys)(self.lines.report)
        let rows = self.lines.of(.row).map { [$0.fields["id"], $0.fields["state"], $0.fields["blobs"]] }
        #expect(
            rows == [
                [last.description, "current", "0"], [unused.description, "retirable", "0"],
                [first.description, "needed", "3"], ["ek-stray", "stray", "0"],
            ]
        )
        #expect(self.lines.last?.kind == .done)
        #expect(self.lines.last?.fields["rootKey"] == "fake-root")
    }

    @Test("lists what there is while the provider is away, and says that it is")
    func listWhileAway() async throws {
        let keys = try await self.harness.open()
        self.harness.provider.base.inject(KeyError(.denied, detail: "test"))
        try await KeyList(catalog: self.harness.catalog, keys: keys)(self.lines.report)
        #expect(self.lines.all.map(\.kind) == [.row, .finding, .done])
        #expect(self.lines.of(.finding).first?.fields["code"] == "key-access-denied")
    }

    // Rotation.

    @Test("makes a new key at once, for concurrent callers the same or each its own, and never loses a blob")
    func rotateUnderUse() async throws {
        let keys = try await self.harness.open()
        let rotations = try await withThrowingTaskGroup(of: EnvelopeKeyID?.self) { group in
            for number in 0..<60 {
                group.addTask {
                    if number % 6 == 0 { return try await Rotate(keys: keys)(.default, Lines().report) }
                    try await self.harness.add(keys, bytes: 100)
                    return nil
                }
            }
            return try await group.reduce(into: Set()) { if let id = $1 { $0.insert(id) } }
        }
        let rows = Set(try await self.harness.catalog.envelopeKeys().map(\.id))
        #expect(rotations.isSubset(of: rows))
        #expect(rows.count == rotations.count + 1)
        #expect(Set(self.harness.mirror.records.map(\.id)) == rows)
        #expect(try await self.harness.readEverything().count == 150)
    }

    @Test("does not make a key while the provider is away, and the old one goes on")
    func rotateWhileAway() async throws {
        let keys = try await self.harness.open()
        let id = try await keys.current(for: .default).id
        self.harness.provider.base.inject(KeyError(.unreachable, detail: "test"))
        await #expect(throws: KeyError.self) { try await Rotate(keys: keys)(.default, self.lines.report) }
        #expect(self.lines.all.isEmpty)
        #expect(try await keys.current(for: .default).id == id)
    }

    // Rewrapping.

    @Test("moves every data key to the current one, and not a byte of a blob")
    func rewrap() async throws {
        let keys = try await self.harness.open()
        for _ in 0..<3 {
            for _ in 0..<2 { try await self.harness.add(keys) }
            _ = try await Rotate(keys: keys)(.default, Lines().report)
        }
        let digests = try await self.harness.readEverything()
        let bytes = self.harness.store.blobs
        let current = try await keys.current(for: .default).id
        try await self.harness.rewrap(keys)(self.lines.report)
        #expect(self.lines.last?.kind == .done)
        #expect(self.lines.last?.fields["blobs"] == "18")
        #expect(self.harness.store.blobs == bytes)
        #expect(try await self.harness.catalog.blobCounts() == [current: 18])
        #expect(try await self.harness.readEverything() == digests)
        // A second time: what was rewrapped is rewrapped from its row, and the store is not asked.
        let calls = self.harness.store.calls
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(self.lines.report)
        #expect(self.harness.store.calls == calls)
        #expect(try await self.harness.readEverything() == digests)
        #expect(try await self.harness.catalog.blobCounts().count == 1)
    }

    @Test("moves envelope keys to the current root key, after which the old one can be retired")
    func rewrapRoot() async throws {
        let keys = try await self.harness.open()
        try await self.harness.add(keys)
        let old = RootKeyID("fake-root")
        let root = try await Rotate(keys: keys).root(self.lines.report)
        try await self.harness.retire(keys)(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["code"] == "root-key-in-use")
        try await self.harness.rewrap(keys)(self.lines.report)
        #expect(self.lines.last?.fields["keys"] == "1")
        let rows = try await self.harness.catalog.envelopeKeys()
        #expect(rows.map(\.wrapped?.rootKey) == [root])
        #expect(self.harness.mirror.records == rows)
        try await self.harness.retire(keys)(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .done)
        #expect(self.harness.provider.base.roots == [root])
        #expect(try await self.harness.readEverything().count == 3)
        try await self.harness.retire(keys)(root.description, self.lines.report)
        #expect(self.lines.last?.fields["code"] == "key-is-current")
    }

    @Test("passes a damaged and a missing blob by, tells of both, and ends as failed")
    func rewrapDamaged() async throws {
        let keys = try await self.harness.open()
        var versions: [AssetVersion] = []
        for _ in 0..<5 { versions.append(try await self.harness.add(keys)) }
        let missing = versions[1].source.id
        let damaged = versions[3].source.id
        try await self.harness.store.remove(missing)
        var bytes = try #require(self.harness.store.blobs[damaged])
        bytes[20] ^= 1
        self.harness.store.put(bytes, as: damaged)
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(self.lines.report)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["blobsFailed"] == "2")
        #expect(self.lines.last?.fields["blobs"] == "13")
        let findings = self.lines.of(.finding).map { [$0.fields["blob"], $0.fields["code"]] }
        #expect(
            Set(findings) == [
                [missing.description, "missing"], [damaged.description, "key-mismatch"],
            ]
        )
        let left = try await self.harness.catalog.blobs(
            under: versions[0].source.envelopeKey,
            after: nil,
            limit: 10
        )
        #expect(Set(left.map(\.id)) == [missing, damaged])
    }

    @Test("passes a key by that will not open, and moves the rest")
    func rewrapLostRoot() async throws {
        let keys = try await self.harness.open()
        try await self.harness.add(keys)
        let lost = try await self.harness.catalog.envelopeKeys()[0]
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.add(keys)
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        let wrong = WrappedEnvelopeKey(rootKey: RootKeyID("fake-root"), bytes: Samples.bytes(60))
        try await self.harness.catalog.setWrapped(wrong, of: lost.id)
        let restarted = try await self.harness.open()
        try await self.harness.rewrap(restarted)(self.lines.report)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.of(.finding).map { $0.fields["key"] } == [lost.id.description])
        #expect(try await self.harness.catalog.blobCounts()[lost.id] == 3)
        #expect(try await self.harness.catalog.blobCounts().count == 2)
    }

    @Test("stops where it is cancelled, and the next run does the rest")
    func rewrapCancelled() async throws {
        let keys = try await self.harness.open()
        for _ in 0..<400 { try await self.harness.add(keys, bytes: 10) }
        let old = try await keys.current(for: .default).id
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        let rewrap = self.harness.rewrap(keys)
        let task = Task {
            // Cancels itself with the first batch.
            try await rewrap { _ in withUnsafeCurrentTask { $0?.cancel() } }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await self.harness.catalog.blobCounts()[old] == 1200 - Rewrap.batchMax)
        try await rewrap(self.lines.report)
        #expect(self.lines.last?.kind == .done)
        #expect(self.lines.last?.fields["blobs"] == "\(1200 - Rewrap.batchMax)")
        #expect(try await self.harness.catalog.blobCounts()[old] == nil)
    }

    @Test("runs beside uploads, reads and deletions, and leaves nothing under the old key")
    func rewrapUnderUse() async throws {
        let keys = try await self.harness.open()
        let vault = self.harness.vault(keys)
        var versions: [AssetVersion] = []
        for _ in 0..<100 { versions.append(try await self.harness.add(keys, bytes: 100)) }
        let old = try await keys.current(for: .default).id
        let stored = versions
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.harness.rewrap(keys)(self.lines.report) }
            group.addTask { for _ in 0..<100 { try await self.harness.add(keys, bytes: 100) } }
            group.addTask {
                for version in stored[..<50] {
                    try await self.harness.catalog.delete(version.ref.asset, at: Samples.moment)
                    await vault.remove(try await self.harness.catalog.erase(version.ref.asset))
                }
            }
            group.addTask {
                for version in stored[50...] {
                    // The row that was read before the rewrap still opens.
                    _ = try await vault.open(version.source)
                    let now = try #require(try await self.harness.catalog.version(version.ref))
                    for blob in [now.source] + now.renditions.map(\.blob) { _ = try await vault.open(blob) }
                }
            }
            try await group.waitForAll()
        }
        #expect(self.lines.last?.kind == .done)
        #expect(try await self.harness.catalog.blobCounts()[old] == nil)
        try await self.harness.retire(keys)(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .done)
        #expect(try await self.harness.readEverything().count == 450)
    }

    // Retiring.

    @Test("does not retire a key that is current or that a blob needs, and says what to do")
    func retireRefused() async throws {
        let keys = try await self.harness.open()
        let version = try await self.harness.add(keys)
        let old = version.source.envelopeKey
        let retire = self.harness.retire(keys)
        try await retire(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["code"] == "key-is-current")
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await retire(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["code"] == "envelope-key-in-use")
        #expect(self.lines.last?.fields["blobs"] == "3")
        #expect(self.lines.last?.text.contains("keys rewrap") == true)
        _ = try await self.harness.vault(keys).open(version.source)
        #expect(self.harness.mirror.records.count == 2)
    }

    @Test("retires what nothing needs: from the catalog, the mirror, and after a minute from memory")
    func retire() async throws {
        let keys = try await self.harness.open()
        let version = try await self.harness.add(keys)
        let old = version.source.envelopeKey
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(self.lines.report)
        try await self.harness.retire(keys)(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .done)
        let rows = try await self.harness.catalog.envelopeKeys()
        #expect(!rows.map(\.id).contains(old))
        #expect(self.harness.mirror.records == rows)
        // A read that began before the rewrap has the row from then.
        self.harness.clock.advance(by: .seconds(59))
        _ = try await self.harness.vault(keys).open(version.source)
        self.harness.clock.advance(by: .seconds(1))
        let error = await #expect(throws: KeyError.self) { try await self.harness.vault(keys).open(version.source) }
        #expect(error?.code == .unavailable)
        #expect(try await self.harness.readEverything().count == 3)
        await #expect(throws: KeyError.self) { try await self.harness.retire(keys)(old.description, self.lines.report) }
    }

    @Test("retires what a failed write has left in the mirror, when it is asked again")
    func retireAgain() async throws {
        let keys = try await self.harness.open()
        let old = try await keys.current(for: .default).id
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        self.harness.mirror.inject(FaultPlan(failAt: 1))
        await #expect(throws: BlobStoreError.self) {
            try await self.harness.retire(keys)(old.description, self.lines.report)
        }
        #expect(self.harness.mirror.records.map(\.id).contains(old))
        // Whether or not the service was started again meanwhile.
        for keys in [keys, try await self.harness.open()] {
            #expect(keys.strays.map(\.id) == [old])
        }
        try await self.harness.retire(keys)(old.description, self.lines.report)
        #expect(self.lines.last?.kind == .done)
        #expect(!self.harness.mirror.records.map(\.id).contains(old))
        #expect(keys.strays.isEmpty)
    }

    @Test("does not let a key be wrapped under a root key that is being retired")
    func retiredRootIsNotUsed() async throws {
        let keys = try await self.harness.open()
        let record = try await self.harness.catalog.envelopeKeys()[0]
        let key = try await keys.key(record.id)
        let root = try await Rotate(keys: keys).root(self.lines.report)
        // Wrapped before the root key was retired, recorded after it.
        let late = try await self.harness.provider.wrap(key, for: .default)
        _ = try await Rotate(keys: keys).root(self.lines.report)
        try await self.harness.retire(keys)(root.description, self.lines.report)
        #expect(self.lines.last?.kind == .done)
        await #expect(throws: KeyError.self) { try await keys.setWrapped(late, of: record) }
        #expect(try await self.harness.catalog.envelopeKeys()[0].wrapped == record.wrapped)
    }

    @Test("retires a former key that nothing needs, then its line of the ring")
    func retireFormer() async throws {
        let former = FixedEnvelopeKeys.key("k1")
        let record = EnvelopeKeyRecord(id: former.id, tenant: .default, createdAt: Samples.moment, wrapped: nil)
        let provider = FakeKeyProvider(roots: ["k2", "k1"], former: [former])
        let harness = KeysHarness(provider: provider, keys: [record])
        let keys = try await harness.open()
        // What was stored before there were envelope keys.
        let old = BlobVault(store: harness.store, sealing: FakeSealing(), keys: FixedEnvelopeKeys(current: former))
        let sample = Samples.version()
        let source = try await old.put(Samples.bytes(1000), as: sample.source.sealedAs)
        _ = try await harness.catalog.begin(
            AssetVersion(
                ref: sample.ref,
                tenant: .default,
                state: .processing,
                createdAt: sample.createdAt,
                source: source,
                presets: []
            ),
            terms: CommitTerms()
        )
        try await harness.readEverything()
        try await harness.retire(keys)("k1", self.lines.report)
        #expect(self.lines.last?.fields["code"] == "envelope-key-in-use")
        try await harness.rewrap(keys)(self.lines.report)
        #expect(self.lines.last?.kind == .done)
        try await harness.retire(keys)("k1", self.lines.report)
        #expect(self.lines.last?.text.hasPrefix("envelope key k1") == true)
        #expect(provider.roots.map(\.description) == ["k2", "k1"])
        try await harness.retire(keys)("k1", self.lines.report)
        #expect(self.lines.last?.text.hasPrefix("root key k1") == true)
        #expect(provider.roots.map(\.description) == ["k2"])
        #expect(try await harness.readEverything().count == 1)
    }
}
