import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct IngestTests {
    let origin = OriginHarness()

    private func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) async throws {
        #expect(self.origin.store.blobs.isEmpty, sourceLocation: location)
        #expect(self.origin.store.draftsOpen == 0, sourceLocation: location)
        #expect(try await self.origin.catalog.page(after: nil, limit: 10).isEmpty, sourceLocation: location)
    }

    @Test func anUploadIsReadyAndServed() async throws {
        let picture = OriginHarness.picture(50_000)
        let version = try await self.origin.upload(picture)
        #expect(version.state == .ready)
        #expect(version.ref.number == .first)
        #expect(version.source.bytes == picture.count)
        #expect(version.source.sha256 == FakeSealing.digest(picture))
        #expect(version.renditions.map(\.preset) == Preset.defaults)
        for rendition in version.renditions {
            let path = DeliveryPath(
                asset: version.ref.asset,
                version: .latest,
                preset: rendition.preset.name,
                format: .webp
            )
            let found = try await self.origin.deliver.find(path)
            #expect(found.rendition == rendition)
            let body = try await self.origin.deliverCold.read(rendition, range: 0..<rendition.blob.bytes)
            guard case .whole(let bytes, _) = body else {
                Issue.record("a small rendition is not whole")
                continue
            }
            #expect(bytes.withUnsafeBytes { Array($0) } == Array("\(rendition.preset.name) of 50000 bytes".utf8))
        }
    }

    /// Whoever would wait for its renditions is refused before a byte is read; what nobody waits for is taken.
    @Test func aFullRendererRefusesUploadsThatWaitBeforeTheirBody() async throws {
        self.origin.renderer.setFull(true)
        var body = UntouchedBody()
        let waiting = Upload(target: .newAsset, bytesExpected: 100, respondsAsync: false)
        let error = await #expect(throws: RenderError.self) { try await self.origin.ingest(waiting, body: &body) }
        #expect(error?.code == .busy)
        #expect(!body.isTouched)
        try await self.expectNothingLeft()
        let version = try await self.origin.upload(OriginHarness.picture(100), respondsAsync: true)
        #expect(version.state == .processing)
        self.origin.renderer.setFull(false)
        #expect(try await self.origin.upload(OriginHarness.picture(100)).state == .ready)
        #expect(self.origin.renderer.priorities == [.upload])
    }

    private struct UntouchedBody: UploadBody {
        var isTouched = false

        mutating func next() -> [UInt8]? {
            self.isTouched = true
            return nil
        }
    }

    @Test func oneJobMakesAllPresets() async throws {
        _ = try await self.origin.upload(OriginHarness.picture(100))
        #expect(self.origin.renderer.jobs.map(\.presets) == [Preset.defaults])
    }

    @Test(arguments: [[], Array("<svg/>".utf8), Samples.bytes(20_000)])
    func whatIsNoPictureIsRefusedAndLeavesNothing(bytes: [UInt8]) async throws {
        let error = await #expect(throws: OriginError.self) { try await self.origin.upload(bytes) }
        #expect(error?.code == .notAPicture)
        // The store was asked for its room, and for nothing else.
        #expect(self.origin.store.calls == 1)
        try await self.expectNothingLeft()
    }

    @Test(arguments: [100_001, 150_000])
    func tooManyBytesAreRefusedAndLeaveNothing(count: Int) async throws {
        let error = await #expect(throws: OriginError.self) {
            try await self.origin.upload(OriginHarness.picture(count))
        }
        #expect(error?.code == .tooLarge)
        try await self.expectNothingLeft()
    }

    @Test(arguments: [RenderError.Code.undecodable, .tooManyPixels, .crashed, .deadline, .busy, .unavailable])
    func aPictureThatCannotBeRenderedLeavesNothing(code: RenderError.Code) async throws {
        self.origin.renderer.failNext(RenderError(code, detail: "test"))
        let error = await #expect(throws: RenderError.self) { try await self.origin.upload(OriginHarness.picture(500)) }
        #expect(error?.code == code)
        try await self.expectNothingLeft()
    }

    @Test func versionsCountUpAndLatestFollows() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(100))
        let second = try await self.origin.upload(
            OriginHarness.picture(200),
            to: .newVersion(of: first.ref.asset)
        )
        #expect(second.ref.number == VersionNumber(2))
        let path = DeliveryPath(
            asset: first.ref.asset,
            version: .latest,
            preset: Preset.defaults[0].name,
            format: .webp
        )
        #expect(try await self.origin.deliver.find(path).ref == second.ref)
        let old = DeliveryPath(
            asset: first.ref.asset,
            version: .number(.first),
            preset: Preset.defaults[0].name,
            format: .webp
        )
        #expect(try await self.origin.deliver.find(old).ref == first.ref)
    }

    @Test func aRefusedVersionGivesItsNumberBack() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(100))
        self.origin.renderer.failNext(RenderError(.undecodable, detail: "test"))
        await #expect(throws: RenderError.self) {
            try await self.origin.upload(OriginHarness.picture(200), to: .newVersion(of: first.ref.asset))
        }
        await #expect(throws: OriginError.self) {
            try await self.origin.upload(OriginHarness.picture(200_000), to: .newVersion(of: first.ref.asset))
        }
        let next = try await self.origin.upload(OriginHarness.picture(300), to: .newVersion(of: first.ref.asset))
        #expect(next.ref.number == VersionNumber(2))
    }

    @Test func aVersionOfAnUnknownAssetIsRefused() async throws {
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.upload(OriginHarness.picture(100), to: .newVersion(of: .make()))
        }
        #expect(error?.code == .unknownAsset)
        try await self.expectNothingLeft()
    }

    @Test func anUploadThatWillNotWaitIsAnsweredBeforeItIsRendered() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(100), respondsAsync: true)
        #expect(version.state == .processing)
        #expect(self.origin.renderer.jobs.isEmpty)
        await self.origin.workOffBacklog()
        #expect(try await self.origin.catalog.version(version.ref)?.state == .ready)
    }

    @Test func anAnnouncedVersionThatCannotBeRenderedStaysAsFailed() async throws {
        self.origin.renderer.failNext(RenderError(.undecodable, detail: "test"))
        let version = try await self.origin.upload(OriginHarness.picture(100), respondsAsync: true)
        await self.origin.workOffBacklog()
        let failed = try await self.origin.catalog.version(version.ref)
        #expect(failed?.state == .failed)
        #expect(failed?.failure == "undecodable-picture")
        #expect(self.origin.store.blobs.isEmpty)
    }

    @Test func aFailureOfOursIsTriedAgain() async throws {
        self.origin.renderer.failNext(RenderError(.busy, detail: "test"))
        let version = try await self.origin.upload(OriginHarness.picture(100), respondsAsync: true)
        await self.origin.workOffBacklog()
        #expect(try await self.origin.catalog.version(version.ref)?.state == .ready)
        #expect(self.origin.renderer.jobs.count == 2)
    }

    /// RELIABILITY F4 in small: whichever call of the store or the catalog fails, nothing half-made stays, and what was
    /// acknowledged is whole.
    @Test(arguments: [false, true])
    func whicheverStoreCallFailsNothingHalfMadeStays(isSticky: Bool) async throws {
        var failures = 0
        for call in 1...100 {
            let origin = OriginHarness()
            origin.store.inject(FaultPlan(failAt: call, isSticky: isSticky))
            do {
                let version = try await origin.upload(OriginHarness.picture(30_000))
                #expect(version.state == .ready)
                #expect(origin.store.blobs.count == 3)
                #expect(failures > 0)
                return
            } catch {
                failures += 1
                #expect(error is BlobStoreError)
                #expect(try await origin.catalog.page(after: nil, limit: 10).isEmpty)
                // What could not be removed while the store failed is an orphan; age takes it.
                origin.store.inject(nil)
                _ = try await origin.collect(orphanAge: .zero, now: .distantFuture) { _ in }
                #expect(origin.store.blobs.isEmpty)
                #expect(origin.store.draftsOpen == 0)
            }
        }
        Issue.record("the upload never got through")
    }
}
