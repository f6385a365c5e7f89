import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct DeliverTests {
    let origin = OriginHarness()

    private func path(_ version: AssetVersion, _ preset: String = "thumbnail") throws -> DeliveryPath {
        DeliveryPath(
            asset: version.ref.asset,
            version: .number(version.ref.number),
            preset: try #require(PresetName(preset)),
            format: .webp
        )
    }

    /// A rendition of `count` bytes, in the store and in no cache.
    private func stored(_ count: Int) async throws -> (rendition: Rendition, bytes: [UInt8]) {
        let bytes = Samples.bytes(count)
        let ref = VersionRef(asset: .make(), number: .first)
        let identity = BlobIdentity(
            tenant: .default,
            version: ref,
            variant: "thumbnail.webp",
            mediaType: "image/webp",
            createdAt: Samples.moment
        )
        let blob = try await self.origin.vault.put(bytes, as: identity)
        return (Rendition(preset: Preset.defaults[0], size: .init(width: 1, height: 1), blob: blob), bytes)
    }

    private func collect(_ body: DeliveryBody) async throws -> [UInt8] {
        switch body {
        case .whole(let bytes, let range): return bytes.withUnsafeBytes { Array($0[range]) }
        case .stream(let reader, let range):
            var bytes: [UInt8] = []
            for piece in reader.pieces(of: range) { bytes += try await reader.read(piece) }
            return bytes
        }
    }

    @Test(arguments: [0, 1, 16383, 16384, 16385, 300_000, 1_048_576, 1_048_577, 2_000_000])
    func everyRangeIsTheSliceOfTheWhole(count: Int) async throws {
        let (rendition, bytes) = try await self.stored(count)
        for _ in 0..<20 {
            let start = Int.random(in: 0...count)
            let end = Int.random(in: start...count)
            let body = try await self.origin.deliverCold.read(rendition, range: start..<end)
            #expect(try await self.collect(body) == Array(bytes[start..<end]))
        }
    }

    @Test func aRangeOfALargeObjectTouchesItsChunksOnly() async throws {
        let (rendition, bytes) = try await self.stored(4_000_000)
        self.origin.store.inject(nil)
        let body = try await self.origin.deliverCold.read(rendition, range: 2_000_000..<2_000_100)
        #expect(try await self.collect(body) == Array(bytes[2_000_000..<2_000_100]))
        // Open, the head, and one read.
        #expect(self.origin.store.calls <= 3)
    }

    @Test func aChangedBlobIsNotServed() async throws {
        let (rendition, _) = try await self.stored(50_000)
        var sealed = try #require(self.origin.store.blobs[rendition.blob.id])
        sealed[sealed.count - 1] ^= 1
        self.origin.store.put(sealed, as: rendition.blob.id)
        let error = await #expect(throws: SealError.self) {
            try await self.origin.deliverCold.read(rendition, range: 0..<10)
        }
        #expect(error?.code == .corrupt)
    }

    @Test func aBlobOfAnotherSizeIsNotOpened() async throws {
        let (rendition, _) = try await self.stored(50_000)
        let sealed = try #require(self.origin.store.blobs[rendition.blob.id])
        for wrong in [Array(sealed.dropLast()), sealed + [0], []] {
            self.origin.store.put(wrong, as: rendition.blob.id)
            let error = await #expect(throws: SealError.self) {
                try await self.origin.deliverCold.read(rendition, range: 0..<10)
            }
            #expect(error?.code == .truncated)
        }
    }

    @Test func whatIsUnknownOrNotReadyIsNotFound() async throws {
        let ready = try await self.origin.upload(OriginHarness.picture(100))
        let waiting = try await self.origin.upload(OriginHarness.picture(100), respondsAsync: true)
        for path in [try self.path(ready, "square"), try self.path(waiting)] {
            let error = await #expect(throws: OriginError.self) { try await self.origin.deliver.find(path) }
            #expect(error?.code == .unknownRendition)
        }
    }

    @Test func aSecondReadComesFromMemory() async throws {
        let (rendition, bytes) = try await self.stored(5000)
        _ = try await self.origin.deliver.read(rendition, range: 0..<5000)
        self.origin.store.inject(FaultPlan(failAt: 1, isSticky: true))
        let body = try await self.origin.deliver.read(rendition, range: 10..<20)
        #expect(try await self.collect(body) == Array(bytes[10..<20]))
    }

    /// Nothing can be made in its place, so what is damaged is marked: no new version is made of it.
    @Test func anOriginalThatTurnsOutDamagedIsMarked() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(50_000))
        let deliver = self.origin.deliver
        let marks = { try await self.origin.catalog.damaged(limit: 10).map { [$0.blob.id.description, $0.damage] } }
        let sound = try await deliver.openOriginal(version)
        #expect(try await sound.read(0..<version.source.bytes) == OriginHarness.picture(50_000))
        #expect(try await marks() == [])
        let sealed = try #require(self.origin.store.blobs[version.source.id])
        self.origin.store.put(sealed.dropLast() + [sealed[sealed.count - 1] ^ 1], as: version.source.id)
        // Its end is damaged, which nobody knows before it is read.
        let reader = try await deliver.openOriginal(version)
        #expect(try await reader.read(0..<10) == Array(OriginHarness.picture(50_000).prefix(10)))
        #expect(try await marks() == [])
        await #expect(throws: SealError.self) { try await reader.read(49_990..<50_000) }
        #expect(try await marks() == [[version.source.id.description, "corrupt"]])
        let again = try await self.origin.upload(OriginHarness.picture(50_000))
        #expect(again.source.id != version.source.id)
    }

    @Test func anOriginalThatIsNotThereIsMarked() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000))
        try await self.origin.store.remove(version.source.id)
        await #expect(throws: BlobStoreError.self) { try await self.origin.deliver.openOriginal(version) }
        #expect(try await self.origin.catalog.damaged(limit: 10).map(\.damage) == ["missing"])
    }

    @Test func anOriginalOutOfReachIsNotMarked() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(5000))
        self.origin.store.inject(FaultPlan(failAt: 1))
        await #expect(throws: BlobStoreError.self) { try await self.origin.deliver.openOriginal(version) }
        #expect(try await self.origin.catalog.damaged(limit: 10).isEmpty)
    }
}
