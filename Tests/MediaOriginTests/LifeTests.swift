import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

/// What can happen to an asset after its upload: deletion and its way back, revisions, limits.
@Suite struct LifeTests {
    var origin = OriginHarness()

    private func thumbnail(of asset: AssetID, _ version: VersionSelector = .latest) -> DeliveryPath {
        DeliveryPath(asset: asset, version: version, preset: Preset.defaults[0].name, format: .webp)
    }

    @Test func aDeletedAssetIsGoneAtOnceAndCanBeTakenBack() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000))
        let asset = version.ref.asset
        try await self.origin.remove(asset, immediately: false)
        let gone = await #expect(throws: OriginError.self) {
            try await self.origin.deliver.find(self.thumbnail(of: asset, .number(.first)))
        }
        #expect(gone?.code == .gone)
        let manifest = await #expect(throws: OriginError.self) {
            try await Describe(catalog: self.origin.catalog).asset(asset)
        }
        #expect(manifest?.code == .gone)
        #expect(try await self.origin.remove.eraseExpired() == 0)
        try await self.origin.remove.undo(asset)
        #expect(try await self.origin.deliver.find(self.thumbnail(of: asset)).ref == version.ref)
    }

    @Test func afterTheGraceAnAssetIsErasedForGood() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000))
        let asset = version.ref.asset
        try await self.origin.remove(asset, immediately: false)
        #expect(try await self.origin.remove.eraseExpired(now: Date(timeIntervalSinceNow: 3601)) == 1)
        #expect(self.origin.store.blobs.isEmpty)
        #expect(self.origin.catalog.blobs.isEmpty)
        let error = await #expect(throws: CatalogError.self) { try await self.origin.remove.undo(asset) }
        #expect(error?.code == .gone)
        let gone = await #expect(throws: OriginError.self) {
            try await self.origin.deliver.find(self.thumbnail(of: asset))
        }
        #expect(gone?.code == .gone)
    }

    @Test func anImmediateDeletionLeavesNoBlob() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000))
        try await self.origin.remove(version.ref.asset, immediately: true)
        #expect(self.origin.store.blobs.isEmpty)
    }

    @Test func aSharedSourceOutlivesOneOfItsAssets() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000))
        let second = try await self.origin.upload(OriginHarness.picture(5000))
        try await self.origin.remove(first.ref.asset, immediately: true)
        #expect(Set(self.origin.store.blobs.keys) == self.origin.catalog.blobs)
        let revised = try await self.origin.revise.reprocess(second.ref.asset, respondsAsync: false)
        #expect(revised.source.id == first.source.id)
    }

    @Test func nothingIsAddedToADeletedAsset() async throws {
        let asset = try await self.origin.upload(OriginHarness.picture(5000)).ref.asset
        try await self.origin.remove(asset, immediately: false)
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.upload(OriginHarness.picture(100), to: .newVersion(of: asset))
        }
        #expect(error?.code == .gone)
    }

    @Test func reprocessingMakesAVersionWithTodaysPresets() async throws {
        var origin = self.origin
        let first = try await origin.upload(OriginHarness.picture(5000))
        let name = try #require(PresetName("square"))
        origin.presets = [Preset(name: name, recipe: Preset.defaults[0].recipe)]
        let second = try await origin.revise.reprocess(first.ref.asset, respondsAsync: false)
        #expect(second.ref.number == VersionNumber(2))
        #expect(second.source == first.source)
        #expect(second.renditions.map(\.preset.name) == [name])
        // The first is what it was.
        #expect(try await origin.catalog.version(first.ref) == first)
    }

    /// Nobody waits for pictures that are there already; and what is mended is made by the recipe that was kept.
    @Test func whatIsReprocessedIsMadeAtTheBestEffortUnlessItsPresetNamesOne() async throws {
        var origin = self.origin
        origin.presets = [try Preset(text: "plain:w=1280"), try Preset(text: "quick:w=1280,effort=1")]
        let first = try await origin.upload(OriginHarness.picture(5000))
        #expect(first.renditions.map(\.preset.recipe.effort) == [Effort.usual, 1])
        let second = try await origin.revise.reprocess(first.ref.asset, respondsAsync: false)
        #expect(second.renditions.map(\.preset.recipe.effort) == [Effort.best, 1])
        #expect(second.presets == second.renditions.map(\.preset))
        #expect(try await origin.catalog.version(first.ref) == first)
    }

    @Test func latestGoesBackAndForthAndANewVersionMovesIt() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(100))
        let asset = first.ref.asset
        let second = try await self.origin.upload(OriginHarness.picture(200), to: .newVersion(of: asset))
        #expect(try await self.origin.revise.setLatest(first.ref) == first)
        #expect(try await self.origin.deliver.find(self.thumbnail(of: asset)).ref == first.ref)
        _ = try await self.origin.revise.setLatest(second.ref)
        _ = try await self.origin.revise.setLatest(first.ref)
        let third = try await self.origin.upload(OriginHarness.picture(300), to: .newVersion(of: asset))
        #expect(try await self.origin.deliver.find(self.thumbnail(of: asset)).ref == third.ref)
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.revise.setLatest(VersionRef(asset: asset, number: VersionNumber(9)))
        }
        #expect(error?.code == .unknownVersion)
    }

    @Test func aFullStoreRefusesUploadsAndNothingElse() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000))
        self.origin.store.setRoom(StoreRoom(free: 49, total: 1000))
        let error = await #expect(throws: OriginError.self) {
            try await self.origin.upload(OriginHarness.picture(6000))
        }
        #expect(error?.code == .storageFull)
        #expect(try await self.origin.deliver.find(self.thumbnail(of: version.ref.asset)).ref == version.ref)
        try await self.origin.remove(version.ref.asset, immediately: true)
        #expect(self.origin.store.blobs.isEmpty)
    }

    @Test func aQuotaIsNeverExceeded() async throws {
        var origin = self.origin
        origin.quota = Quota(bytes: nil, files: 2)
        for _ in 0..<2 { _ = try await origin.upload(OriginHarness.picture(100)) }
        let error = await #expect(throws: CatalogError.self) { try await origin.upload(OriginHarness.picture(101)) }
        #expect(error?.code == .quotaExceeded)
        #expect(Set(origin.store.blobs.keys) == origin.catalog.blobs)
    }

    @Test func aSourceThatIsDamagedIsKeptAsEvidence() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000), respondsAsync: true)
        var bytes = try #require(self.origin.store.blobs[version.source.id])
        bytes[bytes.count - 1] ^= 1
        self.origin.store.put(bytes, as: version.source.id)
        await self.origin.workOffBacklog()
        let failed = try #require(try await self.origin.catalog.version(version.ref))
        #expect(failed.state == .failed)
        #expect(failed.failure == "source-damaged")
        #expect(self.origin.store.blobs[version.source.id] == bytes)
        #expect(try await self.origin.catalog.damaged(limit: 10).map(\.blob.id) == [version.source.id])
    }
}
