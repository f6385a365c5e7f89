import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct IdempotencyTests {
    let origin = OriginHarness()
    let key = IdempotencyKey("a-key-of-the-client")

    @Test func theSameRequestAgainIsTheSameVersion() async throws {
        let picture = OriginHarness.picture(5000)
        let first = try await self.origin.upload(picture, idempotencyKey: self.key)
        let calls = self.origin.renderer.jobs.count
        let again = try await self.origin.upload(picture, idempotencyKey: self.key)
        #expect(again == first)
        #expect(self.origin.renderer.jobs.count == calls)
        #expect(self.origin.catalog.versions == [first])
    }

    /// On a full disk the client that asks again must get its own answer: two look-ups, and nothing is written.
    @Test func aReplayOfWhatIsReadyWritesNothing() async throws {
        let picture = OriginHarness.picture(5000)
        let first = try await self.origin.upload(picture, idempotencyKey: self.key)
        self.origin.catalog.inject(FaultPlan(failAt: 3, isSticky: true))
        #expect(try await self.origin.upload(picture, idempotencyKey: self.key) == first)
        #expect(self.origin.catalog.calls == 2)
    }

    @Test func anotherPictureUnderTheKeyIsRefused() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(5000), idempotencyKey: self.key)
        for other in [OriginHarness.picture(5000, seed: 9), OriginHarness.picture(4999), OriginHarness.picture(5001)] {
            let error = await #expect(throws: OriginError.self) {
                try await self.origin.upload(other, idempotencyKey: self.key)
            }
            #expect(error?.code == .idempotencyMismatch)
        }
        #expect(self.origin.catalog.versions == [first])
    }

    @Test func anotherTargetUnderTheKeyIsRefused() async throws {
        let picture = OriginHarness.picture(5000)
        let first = try await self.origin.upload(picture, idempotencyKey: self.key)
        let error = await #expect(throws: OriginError.self) {
            try await self.origin.upload(picture, to: .newVersion(of: first.ref.asset), idempotencyKey: self.key)
        }
        #expect(error?.code == .idempotencyMismatch)
    }

    @Test func anUploadThatWasRefusedLeavesItsKeyFree() async throws {
        self.origin.renderer.failNext(RenderError(.undecodable, detail: "test"))
        await #expect(throws: RenderError.self) {
            try await self.origin.upload(OriginHarness.picture(5000), idempotencyKey: self.key)
        }
        let version = try await self.origin.upload(OriginHarness.picture(77), idempotencyKey: self.key)
        #expect(version.state == .ready)
    }

    @Test func whileTheFirstIsOnItsWayASecondIsToldSo() async throws {
        let ingest = self.origin.ingest
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let (release, releasing) = AsyncStream.makeStream(of: Void.self)
        let key = self.key
        let first = Task {
            var body = HeldBody(bytes: OriginHarness.picture(5000), arrival: arrival, release: release)
            let upload = Upload(target: .newAsset, bytesExpected: nil, respondsAsync: false, idempotencyKey: key)
            return try await ingest(upload, body: &body)
        }
        for await _ in arrived { break }
        let error = await #expect(throws: OriginError.self) {
            var body = Pieces(OriginHarness.picture(5000), of: 1000)
            let upload = Upload(target: .newAsset, bytesExpected: nil, respondsAsync: false, idempotencyKey: key)
            return try await ingest(upload, body: &body)
        }
        #expect(error?.code == .idempotencyRunning)
        releasing.finish()
        let version = try await first.value
        #expect(version.state == .ready)
    }

    @Test func theKeyOfADeletedAssetSaysThatItIsGone() async throws {
        let picture = OriginHarness.picture(5000)
        let version = try await self.origin.upload(picture, idempotencyKey: self.key)
        try await self.origin.remove(version.ref.asset, immediately: false)
        let error = await #expect(throws: OriginError.self) {
            try await self.origin.upload(picture, idempotencyKey: self.key)
        }
        #expect(error?.code == .gone)
    }
}

/// A body that says when it is asked for, and goes on when it is let.
private struct HeldBody: UploadBody {
    var bytes: [UInt8]?
    let arrival: AsyncStream<Void>.Continuation
    let release: AsyncStream<Void>

    init(bytes: [UInt8], arrival: AsyncStream<Void>.Continuation, release: AsyncStream<Void>) {
        self.bytes = bytes
        self.arrival = arrival
        self.release = release
    }

    mutating func next() async throws -> [UInt8]? {
        guard let bytes = self.bytes else { return nil }
        self.bytes = nil
        self.arrival.yield()
        for await _ in self.release {}
        return bytes
    }
}
