import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

/// Renditions that are made at their first request.
@Suite struct DevelopLaterTests {
    let origin = OriginHarness()

    private func path(_ version: AssetVersion, _ file: String = "thumbnail.jpg") throws -> DeliveryPath {
        try #require(DeliveryPath("/a/\(version.ref.asset)/v\(version.ref.number)/\(file)"))
    }

    private func ready() async throws -> AssetVersion { try await self.origin.upload(OriginHarness.picture(5000)) }

    @Test func anotherFormatIsMadeOnceAndKept() async throws {
        let version = try await self.ready()
        let jobs = self.origin.renderer.jobs.count
        let first = try await self.origin.deliver.find(try self.path(version))
        #expect(first.rendition.preset.recipe.format == .jpeg)
        #expect(first.rendition.blob.sealedAs.variant == "thumbnail.jpg")
        #expect(first.rendition.blob.sealedAs.mediaType == "image/jpeg")
        #expect(first.ref == version.ref && first.createdAt == version.createdAt)
        #expect(self.origin.renderer.jobs.count == jobs + 1)
        #expect(self.origin.renderer.jobs.last?.presets == [first.rendition.preset])
        #expect(self.origin.renderer.priorities.last == .reader)
        let second = try await self.origin.deliver.find(try self.path(version))
        #expect(second == first)
        #expect(self.origin.renderer.jobs.count == jobs + 1)
        #expect(self.origin.store.blobs[first.rendition.blob.id] != nil)
        #expect(try await self.origin.catalog.version(version.ref) == version)
    }

    @Test func whatWasMadeAtTheUploadIsNotMadeAgain() async throws {
        let version = try await self.ready()
        let jobs = self.origin.renderer.jobs.count
        let found = try await self.origin.deliver.find(try self.path(version, "thumbnail")) { _ in .webp }
        #expect(found.rendition == version.renditions[0])
        #expect(self.origin.renderer.jobs.count == jobs)
    }

    @Test func theChoiceIsAmongThePresetsFormats() async throws {
        let version = try await self.ready()
        let found = try await self.origin.deliver.find(try self.path(version, "preview")) { formats in
            #expect(formats == [.webp, .jpeg])
            return .jpeg
        }
        #expect(found.rendition.blob.sealedAs.variant == "preview.jpg")
    }

    @Test func aFormatThatThePresetDoesNotAllowIsNotThere() async throws {
        let version = try await self.ready()
        let jobs = self.origin.renderer.jobs.count
        for file in ["thumbnail.avif", "square.jpg", "square"] {
            let error = await #expect(throws: OriginError.self) {
                try await self.origin.deliver.find(try self.path(version, file))
            }
            #expect(error?.code == .unknownRendition)
        }
        #expect(self.origin.renderer.jobs.count == jobs)
    }

    @Test func manyWhoAskAtOnceCostOneRender() async throws {
        let version = try await self.ready()
        let jobs = self.origin.renderer.jobs.count
        let deliver = self.origin.deliver
        let path = try self.path(version)
        self.origin.renderer.beforeNext { try? await Task.sleep(for: .milliseconds(100)) }
        let ids = try await withThrowingTaskGroup(of: BlobID.self) { group in
            for _ in 0..<50 { group.addTask { try await deliver.find(path).rendition.blob.id } }
            return try await group.reduce(into: Set<BlobID>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(self.origin.renderer.jobs.count == jobs + 1)
    }

    /// Two services on one catalog: each renders, one is kept, and the other's blob is removed.
    @Test func ofTwoReplicasOneRenditionStays() async throws {
        let version = try await self.ready()
        let path = try self.path(version)
        let blobs = self.origin.store.blobs.count
        let other = self.origin.deliver
        self.origin.renderer.beforeNext { _ = try? await other.find(path) }
        let found = try await self.origin.deliver.find(path)
        #expect(try await other.find(path) == found)
        #expect(self.origin.store.blobs.count == blobs + 1)
    }

    @Test func anAssetDeletedMeanwhileLeavesNothing() async throws {
        let version = try await self.ready()
        let blobs = self.origin.store.blobs.count
        let catalog = self.origin.catalog
        self.origin.renderer.beforeNext { try? await catalog.delete(version.ref.asset, at: Samples.moment) }
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.deliver.find(try self.path(version))
        }
        #expect(error?.code == .gone)
        #expect(self.origin.store.blobs.count == blobs)
    }

    @Test func whatCannotBeMadeIsNotTriedForEachWhoAsks() async throws {
        let version = try await self.ready()
        let deliver = self.origin.deliver
        self.origin.renderer.failNext(RenderError(.deadline, detail: "too slow"))
        let jobs = self.origin.renderer.jobs.count
        for _ in 0..<3 {
            let error = await #expect(throws: OriginError.self) { try await deliver.find(try self.path(version)) }
            #expect(error?.code == .renditionFailed)
        }
        #expect(self.origin.renderer.jobs.count == jobs + 1)
        // The other presets are none the worse for it.
        _ = try await deliver.find(try self.path(version, "preview.jpg"))
    }

    @Test func whoeverFindsNoWorkerMayTryAgain() async throws {
        let version = try await self.ready()
        let deliver = self.origin.deliver
        self.origin.renderer.failNext(RenderError(.busy, detail: "full"))
        let error = await #expect(throws: RenderError.self) { try await deliver.find(try self.path(version)) }
        #expect(error?.code == .busy)
        _ = try await deliver.find(try self.path(version))
    }

    /// Anybody may ask: nothing is rendered for what could not be kept.
    @Test func overQuotaNothingIsRendered() async throws {
        let version = try await self.ready()
        let usage = try await self.origin.catalog.usage(of: version.tenant)
        let jobs = self.origin.renderer.jobs.count
        for quota in [Quota(bytes: usage.bytes, files: nil), Quota(bytes: nil, files: 0)] {
            var full = self.origin
            full.quota = quota
            let deliver = full.deliver
            for file in ["thumbnail.jpg", "thumbnail.jpg", "w=1.webp"] {
                let error = await #expect(throws: CatalogError.self) {
                    try await deliver.find(try self.path(version, file))
                }
                #expect(error?.code == .quotaExceeded)
            }
        }
        #expect(self.origin.renderer.jobs.count == jobs)
    }

    @Test func whatDoesNotFitTheQuotaIsRenderedOnceInAWhile() async throws {
        let version = try await self.ready()
        let usage = try await self.origin.catalog.usage(of: version.tenant)
        let (jobs, blobs) = (self.origin.renderer.jobs.count, self.origin.store.blobs.count)
        var full = self.origin
        full.quota = Quota(bytes: usage.bytes + 1, files: nil)
        let deliver = full.deliver
        for _ in 0..<5 {
            let error = await #expect(throws: CatalogError.self) { try await deliver.find(try self.path(version)) }
            #expect(error?.code == .quotaExceeded)
        }
        #expect(self.origin.renderer.jobs.count == jobs + 1)
        #expect(self.origin.store.blobs.count == blobs)
    }

    @Test func aDamagedSourceCostsOneAttemptAndOneMark() async throws {
        let version = try await self.ready()
        self.origin.store.put([1, 2, 3], as: version.source.id)
        let deliver = self.origin.deliver
        let jobs = self.origin.renderer.jobs.count
        for attempt in 0..<5 {
            let error = await #expect(throws: (any Error).self) { try await deliver.find(try self.path(version)) }
            #expect(error.flatMap { Damage($0) } != nil)
            let marked = try await self.origin.catalog.damaged(limit: 1).map(\.blob.id)
            #expect(marked == (attempt == 0 ? [version.source.id] : []), "it is marked once")
            try await self.origin.catalog.setDamage(nil, of: version.source.id)
        }
        #expect(self.origin.renderer.jobs.count == jobs + 1)
    }

    /// As an enlargement without loss may be.
    @Test func aRenditionThatIsLargerThanItsSourceNeedsTheRoomThatItTakes() async throws {
        let version = try await self.ready()
        let (jobs, blobs) = (self.origin.renderer.jobs.count, self.origin.store.blobs.count)
        let large = version.source.bytes * 2
        self.origin.renderer.makeNext(bytes: large)
        self.origin.store.setRoom(StoreRoom(free: 50_000 + version.source.bytes + 1, total: 1_000_000))
        let deliver = self.origin.deliver
        for _ in 0..<3 {
            let error = await #expect(throws: OriginError.self) { try await deliver.find(try self.path(version)) }
            #expect(error?.code == .storageFull)
        }
        #expect(self.origin.renderer.jobs.count == jobs + 1)
        #expect(self.origin.store.blobs.count == blobs)
    }

    @Test func aDamagedOneIsMadeAgainAsItWasMade() async throws {
        let version = try await self.ready()
        let found = try await self.origin.deliver.find(try self.path(version))
        let mend = Mend(
            catalog: self.origin.catalog,
            vault: self.origin.vault,
            renderer: self.origin.renderer,
            limits: PictureLimits(),
            digests: FakeDigests(),
            cache: self.origin.cache
        )
        guard case .mended(let blob) = await mend(found.rendition.blob) else {
            Issue.record("it was not made again")
            return
        }
        #expect(self.origin.renderer.jobs.last?.presets == [found.rendition.preset])
        #expect(blob.id != found.rendition.blob.id && blob.sha256 == found.rendition.blob.sha256)
        let again = try await self.origin.deliver.find(try self.path(version))
        #expect(again.rendition.blob == blob)
        guard case .mended(let same) = await mend(found.rendition.blob) else {
            Issue.record("what is in its place is not found")
            return
        }
        #expect(same == blob)
    }

    @Test func aRecipeWithoutANameIsMadeOnceAndKept() async throws {
        let version = try await self.ready()
        let jobs = self.origin.renderer.jobs.count
        let path = try self.path(version, "w=64,q=50.webp")
        let found = try await self.origin.deliver.find(path)
        #expect(found.rendition.preset == path.oneOff)
        #expect(found.rendition.blob.sealedAs.variant == "w=64,q=50.webp")
        #expect(try await self.origin.deliver.find(path) == found)
        #expect(self.origin.renderer.jobs.count == jobs + 1)
        // Another format is another one.
        #expect(try await self.origin.deliver.find(try self.path(version, "w=64,q=50.jpg")) != found)
    }

    @Test func aVersionHasOnlySoManyOfThemAndNoneIsRenderedForNothing() async throws {
        let version = try await self.ready()
        for width in 1...2 { _ = try await self.origin.deliver.find(try self.path(version, "w=\(width).webp")) }
        let jobs = self.origin.renderer.jobs.count
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.deliver.find(try self.path(version, "w=3.webp"))
        }
        #expect(error?.code == .tooManyRecipes)
        #expect(self.origin.renderer.jobs.count == jobs)
        _ = try await self.origin.deliver.find(try self.path(version, "w=1.webp"))
        _ = try await self.origin.deliver.find(try self.path(version, "thumbnail.jpg"))
    }
}
