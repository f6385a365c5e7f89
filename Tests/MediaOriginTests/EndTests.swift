import MediaModel
import MediaOrigin
import MediaTesting
import Testing

/// What becomes of versions that get no renditions.
@Suite struct EndTests {
    var origin = OriginHarness()
    let full = CatalogError(.full, detail: "test")

    /// The catalog's calls of a refused upload are counted, so that each of them is met by the full disk, and all after
    /// it.
    @Test(arguments: 1...8)
    func whatWasRefusedOnAFullDiskIsTakenBackWhenThereIsRoom(call: Int) async throws {
        self.origin.catalog.inject(FaultPlan(failAt: call, isSticky: true), error: self.full)
        _ = try? await self.origin.upload(OriginHarness.picture(5000))
        let isReady = self.origin.catalog.versions.contains { $0.state == .ready }
        self.origin.catalog.inject(nil)
        await self.origin.workOffBacklog()
        #expect(self.origin.catalog.versions.allSatisfy { $0.state == .ready })
        #expect(self.origin.catalog.versions.isEmpty != isReady)
        #expect(Set(self.origin.store.blobs.keys) == self.origin.catalog.blobs)
    }

    /// Refused, not taken back yet, and asked for again under its key: from then on it is the client's.
    @Test func aRetryIsAnsweredWithAVersionThatStays() async throws {
        let key = IdempotencyKey("a-key-of-the-client")
        let picture = OriginHarness.picture(5000)
        self.origin.catalog.inject(FaultPlan(failAt: 5, isSticky: true), error: self.full)
        _ = try? await self.origin.upload(picture, idempotencyKey: key)
        self.origin.catalog.inject(nil)
        try #require(self.origin.catalog.versions.map(\.state) == [.processing])
        let answered = try await self.origin.upload(picture, idempotencyKey: key)
        #expect(answered.isAnnounced)
        await self.origin.workOffBacklog()
        #expect(try await self.origin.catalog.version(answered.ref)?.state == .ready)
    }

    /// After a crash: unfinished, nobody was told; then somebody is; then it turns out to be no picture.
    @Test func whatARetryWasToldOfEndsAsFailed() async throws {
        let key = IdempotencyKey("a-key-of-the-client")
        let picture = OriginHarness.picture(5000)
        self.origin.catalog.inject(FaultPlan(failAt: 5, isSticky: true), error: self.full)
        _ = try? await self.origin.upload(picture, idempotencyKey: key)
        self.origin.catalog.inject(nil)
        let answered = try await self.origin.upload(picture, idempotencyKey: key)
        self.origin.renderer.failNext(RenderError(.undecodable, detail: "test"))
        await self.origin.workOffBacklog()
        let failed = try await self.origin.catalog.version(answered.ref)
        #expect(failed?.state == .failed)
        #expect(failed?.failure == "undecodable-picture")
    }

    @Test func aWaitingUploadWhoseAssetIsDeletedMeanwhileDoesNotComeBack() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000))
        let asset = first.ref.asset
        self.origin.renderer.beforeNext { try? await self.origin.remove(asset, immediately: false) }
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.upload(OriginHarness.picture(77), to: .newVersion(of: asset))
        }
        #expect(error?.code == .gone)
        try await self.origin.remove.undo(asset)
        #expect(self.origin.catalog.versions == [first])
        #expect(Set(self.origin.store.blobs.keys) == self.origin.catalog.blobs)
    }

    @Test func aVersionOfAnAssetThatIsTakenBackIsFinished() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000), respondsAsync: true)
        try await self.origin.remove(version.ref.asset, immediately: false)
        let (catalog, develop, backlog) = (self.origin.catalog, self.origin.develop, self.origin.backlog)
        let work = Task { await backlog.run(width: 1, catalog: catalog, develop: develop) }
        while backlog.count > 0 { try await Task.sleep(for: .milliseconds(1)) }
        try await self.origin.remove.undo(version.ref.asset)
        while backlog.count > 0 { try await Task.sleep(for: .milliseconds(1)) }
        work.cancel()
        await work.value
        #expect(try await catalog.version(version.ref)?.state == .ready)
    }

    /// A client was told that its picture is kept. Only a codec's verdict on the picture changes that.
    @Test(arguments: [
        (RenderError.Code.undecodable, 1, false), (.tooManyPixels, 1, false), (.crashed, 2, true),
        (.deadline, 2, true),
    ])
    func theSourceOfAnAnnouncedVersionGoesWithAVerdictOnly(
        code: RenderError.Code,
        attempts: Int,
        isKept: Bool
    ) async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000), respondsAsync: true)
        for _ in 0..<attempts { self.origin.renderer.failNext(RenderError(code, detail: "test")) }
        await self.origin.workOffBacklog()
        #expect(try await self.origin.catalog.version(version.ref)?.state == .failed)
        #expect(self.origin.store.blobs.keys.contains(version.source.id) == isKept)
        guard isKept else { return }
        let revised = try await self.origin.revise.reprocess(version.ref.asset, respondsAsync: false)
        #expect(revised.state == .ready)
        #expect(revised.source.id == version.source.id)
    }

    @Test func aQuotaThatRenditionsWouldExceedDoesNotCostTheSource() async throws {
        var origin = OriginHarness()
        let sealed = SealedLayout.sealedBytes(for: 5000)
        origin.quota = Quota(bytes: sealed + 10, files: nil)
        let version = try await origin.upload(OriginHarness.picture(5000), respondsAsync: true)
        await origin.workOffBacklog()
        #expect(try await origin.catalog.version(version.ref)?.failure == "quota-exceeded")
        #expect(Set(origin.store.blobs.keys) == [version.source.id])
    }
}
