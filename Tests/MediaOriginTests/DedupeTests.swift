import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct DedupeTests {
    let origin = OriginHarness()

    @Test func aPictureThatIsThereAlreadyIsNotStoredAgain() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000))
        let second = try await self.origin.upload(OriginHarness.picture(5000))
        #expect(first.ref.asset != second.ref.asset)
        #expect(second.source == first.source)
        #expect(second.state == .ready)
        // One source, and two renditions of each version.
        #expect(self.origin.store.blobs.count == 5)
        #expect(self.origin.store.draftsOpen == 0)
    }

    @Test func anotherPictureOfTheSameSizeIsStored() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000, seed: 1))
        let second = try await self.origin.upload(OriginHarness.picture(5000, seed: 2))
        #expect(second.source.id != first.source.id)
    }

    @Test func equalUploadsAtTheSameMomentEndWithOneSource() async throws {
        let picture = OriginHarness.picture(5000)
        let versions = try await withThrowingTaskGroup(of: AssetVersion.self) { group in
            for _ in 0..<8 { group.addTask { try await self.origin.upload(picture) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(versions.map(\.source.id)).count == 1)
        #expect(Set(self.origin.store.blobs.keys) == self.origin.catalog.blobs)
    }

    @Test func aDamagedSourceIsNotGivenToANewVersion() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000))
        try await self.origin.catalog.setDamage("corrupt", of: first.source.id)
        let second = try await self.origin.upload(OriginHarness.picture(5000))
        #expect(second.source.id != first.source.id)
        #expect(second.state == .ready)
    }

    /// Nobody has looked at the stored source since it rotted: the new upload's bytes may be the only good copy.
    @Test(arguments: [false, true])
    func aSourceThatRottedUnnoticedIsNotWorthANewUpload(respondsAsync: Bool) async throws {
        let picture = OriginHarness.picture(5000)
        let first = try await self.origin.upload(picture)
        var rotten = try #require(self.origin.store.blobs[first.source.id])
        rotten[rotten.count - 1] ^= 1
        self.origin.store.put(rotten, as: first.source.id)
        let second = try await self.origin.upload(picture, respondsAsync: respondsAsync)
        await self.origin.workOffBacklog()
        #expect(second.source.id != first.source.id)
        #expect(try await self.origin.catalog.version(second.ref)?.state == .ready)
        #expect(try await self.origin.catalog.damaged(limit: 5).map(\.blob.id) == [first.source.id])
    }

    /// Whatever fails while a shared source is at stake, nobody else's picture goes with it.
    @Test(arguments: 1...12)
    func aFailureTakesNothingThatAnotherVersionHas(call: Int) async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000))
        self.origin.catalog.inject(FaultPlan(failAt: call))
        _ = try? await self.origin.upload(OriginHarness.picture(5000))
        self.origin.catalog.inject(nil)
        #expect(self.origin.store.blobs[first.source.id] != nil)
        #expect(try await self.origin.catalog.version(first.ref) == first)
        #expect(self.origin.catalog.blobs.isSubset(of: self.origin.store.blobs.keys))
    }
}
