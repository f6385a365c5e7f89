import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

@Suite("Sealing anew", .timeLimit(.minutes(5))) struct ResealTests {
    let harness = KeysHarness()
    let lines = Lines()

    /// Seals anew, and lets the time pass that the old blobs stay for.
    private func reseal(
        _ id: EnvelopeKeyID,
        _ keys: EnvelopeKeys,
        reachesPassage: Bool = false
    ) async throws {
        let reseal = self.harness.reseal(keys)
        let report = self.lines.report
        let task = Task { try await reseal(id, reachesPassage: reachesPassage, report) }
        let clock = self.harness.clock
        let time = Task {
            while !Task.isCancelled {
                if clock.sleepers > 0 { clock.advance(by: .seconds(15)) }
                await Task.yield()
            }
        }
        defer { time.cancel() }
        try await task.value
    }

    private func expectNoOrphans(_ location: SourceLocation = #_sourceLocation) {
        #expect(Set(self.harness.store.blobs.keys) == self.harness.catalog.blobs, sourceLocation: location)
    }

    @Test("gives every blob under the key another id and key, and the same bytes; the old ones go")
    func everything() async throws {
        let keys = try await self.harness.open()
        for bytes in [0, 1, 16_384, 300_000] { try await self.harness.add(keys, bytes: bytes) }
        let stolen = try await keys.current(for: .default).id
        let digests = try await self.harness.readEverything()
        let before = self.harness.catalog.versions
        let old = Set(self.harness.store.blobs.keys)
        try await self.reseal(stolen, keys)
        #expect(self.lines.last?.kind == .done)
        #expect(self.lines.last?.fields["blobs"] == "12")
        #expect(old.isDisjoint(with: self.harness.store.blobs.keys))
        self.expectNoOrphans()
        #expect(try await self.harness.readEverything() == digests)
        // What a client sees of a version: bytes, size and digest (the ETag) of each rendition.
        for (was, now) in zip(before, self.harness.catalog.versions) {
            #expect(was.ref == now.ref && was.state == now.state && was.createdAt == now.createdAt)
            #expect(was.renditions.map(\.blob.sha256) == now.renditions.map(\.blob.sha256))
            #expect(was.renditions.map(\.size) == now.renditions.map(\.size))
            #expect(was.source.sealedAs == now.source.sealedAs)
        }
        try await self.harness.retire(keys)(stolen.description, self.lines.report)
        #expect(self.lines.last?.kind == .done)
        #expect(try await self.harness.readEverything() == digests)
    }

    @Test("does not touch what was never under the key")
    func nothingElse() async throws {
        let keys = try await self.harness.open()
        let safe = try await self.harness.add(keys)
        let stolen = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.add(keys)
        let bytes = try #require(self.harness.store.blobs[safe.source.id])
        try await self.reseal(stolen, keys)
        #expect(self.lines.last?.fields["blobs"] == "3")
        #expect(self.harness.store.blobs[safe.source.id] == bytes)
        #expect(try await self.harness.catalog.version(safe.ref) == safe)
    }

    @Test("reaches what was under the key before it was wrapped anew, also when the key is retired")
    func rewrappedBefore() async throws {
        let keys = try await self.harness.open()
        try await self.harness.add(keys)
        let stolen = try await keys.current(for: .default).id
        let passed = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(Lines().report)
        try await self.harness.retire(keys)(stolen.description, Lines().report)
        let safe = try await self.harness.add(keys)
        let digests = try await self.harness.readEverything()
        try await self.reseal(stolen, keys)
        #expect(self.lines.last?.kind == .done)
        #expect(self.lines.last?.fields["blobs"] == "3")
        #expect(try await self.harness.catalog.version(safe.ref) == safe)
        #expect(try await self.harness.readEverything() == digests)
        self.expectNoOrphans()

        // Wrapped under `passed` meanwhile, of which neither row nor header tells.
        try await self.harness.add(keys)
        let first = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.add(keys)
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(Lines().report)
        _ = passed
        try await self.reseal(first, keys)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["blobs"] == "3")
        let finding = try #require(self.lines.of(.finding).last)
        #expect(finding.fields["blobs"] == "9")
        #expect(finding.text.contains("--passage"))
        try await self.reseal(first, keys, reachesPassage: true)
        #expect(self.lines.last?.kind == .done)
        #expect(self.lines.last?.fields["blobs"] == "9")
        self.expectNoOrphans()
    }

    @Test("of every older key, with a new root key and no rewrap before, leaves no blob as it was")
    func stolenRing() async throws {
        let keys = try await self.harness.open()
        // What was under a key that is retired is under the next one, and its header does not tell.
        try await self.harness.add(keys)
        let first = try await keys.current(for: .default).id
        let second = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(Lines().report)
        try await self.harness.retire(keys)(first.description, Lines().report)
        try await self.harness.add(keys)
        let third = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.add(keys)
        let digests = try await self.harness.readEverything()
        let old = Set(self.harness.store.blobs.keys)
        let oldRoot = try await keys.provider.currentRoot()

        // The ring is stolen: the runbook of docs/OPERATIONS.md.
        _ = try await Rotate(keys: keys).root(Lines().report)
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        for key in [second, third] {
            try await self.reseal(key, keys)
            #expect(self.lines.last?.kind == .done)
        }
        for key in [second.description, third.description, oldRoot.description] {
            try await self.harness.retire(keys)(key, self.lines.report)
            #expect(self.lines.last?.kind == .done)
        }
        #expect(self.lines.of(.finding).isEmpty)
        #expect(old.isDisjoint(with: self.harness.store.blobs.keys))
        self.expectNoOrphans()
        #expect(try await self.harness.readEverything() == digests)
    }

    @Test("after a rewrap says how many blobs may have been under the key, and takes them in when it is told to")
    func rewrapBeforeReseal() async throws {
        let keys = try await self.harness.open()
        try await self.harness.add(keys)
        let stolen = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(Lines().report)
        try await self.harness.add(keys)
        let old = Set(self.harness.store.blobs.keys)
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        try await self.harness.rewrap(keys)(Lines().report)
        try await self.harness.retire(keys)(stolen.description, Lines().report)

        try await self.reseal(stolen, keys)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["blobs"] == "3")
        #expect(self.lines.last?.fields["blobsPassed"] == "3")
        #expect(self.lines.of(.finding).map { $0.fields["code"] } == ["rewrapped-past-key"])
        try await self.reseal(stolen, keys, reachesPassage: true)
        #expect(self.lines.last?.kind == .done)
        #expect(old.isDisjoint(with: self.harness.store.blobs.keys))
        self.expectNoOrphans()
    }

    @Test("keeps a source that versions share, and what a lost catalog is made again from")
    func sharedSource() async throws {
        let keys = try await self.harness.open()
        let first = try await self.harness.add(keys)
        // A second version of the same picture, with renditions under a newer key.
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        let ref = VersionRef(
            asset: first.ref.asset,
            number: try await self.harness.catalog.reserveVersion(of: first.ref.asset)
        )
        let second = AssetVersion(
            ref: ref,
            tenant: .default,
            state: .processing,
            createdAt: Samples.moment,
            source: first.source,
            presets: first.presets
        )
        try await self.harness.complete(try await self.harness.catalog.begin(second, terms: CommitTerms()), keys)
        for _ in 0..<2 {
            let stolen = try #require(try await self.harness.catalog.version(first.ref)).source.envelopeKey
            try await self.reseal(stolen, keys)
            #expect(self.lines.last?.kind == .done)
        }
        let versions = self.harness.catalog.versions
        #expect(versions.count == 2)
        #expect(Set(versions.map(\.source.id)).count == 1)
        #expect(versions[0].source.id != first.source.id)
        self.expectNoOrphans()
        // Sealed anew twice, it still says which blob the renditions mean.
        for version in versions {
            #expect(try self.facts(version.source).source == first.source.id)
            for rendition in version.renditions {
                #expect(try self.facts(rendition.blob).source == first.source.id)
            }
        }
    }

    private func facts(_ blob: BlobRecord) throws -> SealedFacts {
        let bytes = try #require(self.harness.store.blobs[blob.id])
        return try FakeSealing().readHeader(
            prefix: Array(bytes.prefix(SealedLayout.prefixBytes)),
            sealedBytes: bytes.count
        )
    }

    @Test("leaves an old blob to whoever read its row before, for a minute or as long as a picture is made of it")
    func oldBlobsStay() async throws {
        let keys = try await self.harness.open()
        let ready = try await self.harness.add(keys)
        let processing = try await self.harness.add(keys, isReady: false)
        let stolen = ready.source.envelopeKey
        let reseal = self.harness.reseal(keys)
        let report = self.lines.report
        let task = Task { try await reseal(stolen, report) }
        let clock = self.harness.clock
        let tick = { (seconds: Int) in
            for _ in 0..<seconds / 15 {
                try await eventually { clock.sleepers == 1 }
                clock.advance(by: .seconds(15))
            }
        }
        try await tick(45)
        try await eventually { clock.sleepers == 1 }
        // A collection of anything that is old enough, in the middle of it.
        let collect = Collect(
            catalog: self.harness.catalog,
            vault: reseal.vault,
            removal: Remove(
                catalog: self.harness.catalog,
                vault: reseal.vault,
                cache: RenditionCache(bytesMax: 0),
                grace: .zero
            )
        )
        #expect(try await collect(orphanAge: .zero, report: self.lines.report).orphans == 0)
        _ = try await reseal.vault.open(ready.source)
        try await tick(15)
        try await eventually { self.harness.store.blobs[ready.source.id] == nil }
        try await tick(60)
        try await eventually { clock.sleepers == 1 }
        // The version's row as the render job has it.
        _ = try await self.harness.vault(keys).open(processing.source)
        _ = try await self.harness.complete(processing, keys)
        try await tick(15)
        try await task.value
        #expect(self.lines.last?.kind == .done)
        self.expectNoOrphans()
        #expect(try await self.harness.readEverything().count == 6)
    }

    @Test("passes damaged and missing blobs by, tells of them, and ends as failed")
    func damaged() async throws {
        let keys = try await self.harness.open()
        let missing = try await self.harness.add(keys)
        let corrupt = try await self.harness.add(keys, bytes: 40_000)
        try await self.harness.add(keys)
        let stolen = missing.source.envelopeKey
        try await self.harness.store.remove(missing.source.id)
        var bytes = try #require(self.harness.store.blobs[corrupt.source.id])
        bytes[bytes.count - 1] ^= 1
        self.harness.store.put(bytes, as: corrupt.source.id)
        try await self.reseal(stolen, keys)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.fields["left"] == "2")
        #expect(self.lines.last?.fields["blobs"] == "7")
        let findings = self.lines.of(.finding).map { [$0.fields["blob"], $0.fields["code"]] }
        #expect(
            Set(findings) == [
                [missing.source.id.description, "missing"], [corrupt.source.id.description, "corrupt"],
            ]
        )
        // The damaged one stays, as evidence; nothing of the attempt does.
        #expect(self.harness.store.blobs[corrupt.source.id] == bytes)
        #expect(self.harness.store.draftsOpen == 0)
    }

    @Test("refuses other bytes than the row says, whatever their seal")
    func digestIsChecked() async throws {
        let keys = try await self.harness.open()
        let version = try await self.harness.add(keys, bytes: 1000)
        let other = try await self.harness.vault(keys).put(
            Samples.bytes(1000 + AssetID.byteCount, seed: 99),
            as: version.source.sealedAs
        )
        // FakeSealing does not bind the body to the header; a real seal would refuse this earlier.
        let head = try #require(self.harness.store.blobs[version.source.id]).prefix(SealedLayout.prefixBytes)
        let body = try #require(self.harness.store.blobs[other.id]).dropFirst(SealedLayout.prefixBytes)
        self.harness.store.put(Array(head + body), as: version.source.id)
        try await self.harness.store.remove(other.id)
        try await self.reseal(version.source.envelopeKey, keys)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.of(.finding).map { $0.fields["code"] } == ["corrupt"])
        #expect(try await self.harness.catalog.version(version.ref)?.source == version.source)
    }

    @Test("runs beside uploads, reads and deletions, and leaves nothing under the key")
    func underUse() async throws {
        let keys = try await self.harness.open()
        let vault = self.harness.vault(keys)
        var versions: [AssetVersion] = []
        for _ in 0..<60 { versions.append(try await self.harness.add(keys, bytes: 100)) }
        let stored = versions
        let stolen = stored[0].source.envelopeKey
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.reseal(stolen, keys) }
            group.addTask { for _ in 0..<60 { try await self.harness.add(keys, bytes: 100) } }
            group.addTask {
                for version in stored[..<30] {
                    try await self.harness.catalog.delete(version.ref.asset, at: Samples.moment)
                    await vault.remove(try await self.harness.catalog.erase(version.ref.asset))
                }
            }
            group.addTask {
                for version in stored[30...] {
                    let now = try #require(try await self.harness.catalog.version(version.ref))
                    for blob in [now.source] + now.renditions.map(\.blob) { _ = try await vault.open(blob) }
                }
            }
            try await group.waitForAll()
        }
        #expect(self.lines.last?.kind == .done)
        #expect(try await self.harness.catalog.blobCounts()[stolen] == nil)
        self.expectNoOrphans()
        #expect(try await self.harness.readEverything().count == 270)
    }

    @Test("of a key that nobody knows ends as failed")
    func unknown() async throws {
        let keys = try await self.harness.open()
        try await self.harness.add(keys)
        try await self.reseal(EnvelopeKeyID("ek-mistyped"), keys)
        #expect(self.lines.last?.kind == .failed)
        #expect(self.lines.last?.text.contains("no envelope key ek-mistyped") == true)
    }
}
