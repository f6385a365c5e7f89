import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

/// What an event loop reads without waiting is what anybody else reads, or nothing.
@Suite struct BlobShortcutTests {
    private let store = MemoryBlobStore()
    private let keys = FixedEnvelopeKeys()
    private var vault: BlobVault { BlobVault(store: self.store, sealing: FakeSealing(), keys: self.keys) }

    private func put(_ bytes: [UInt8]) async throws -> BlobShortcut {
        let identity = BlobIdentity(
            tenant: .default,
            version: VersionRef(asset: .make(), number: .first),
            variant: "thumbnail.webp",
            mediaType: "image/webp",
            createdAt: Samples.moment
        )
        return BlobShortcut(try await self.vault.put(bytes, as: identity))
    }

    @Test(arguments: [0, 1, 16383, 16384, 16385, 100_000, BlobVault.atOnceBytesMax])
    func itIsTheWholePlaintextEachTime(count: Int) async throws {
        let bytes = Samples.bytes(count)
        let blob = try await self.put(bytes)
        for _ in 0..<3 { #expect(self.vault.readAtOnce(blob) == bytes) }
    }

    @Test func whatIsLargeIsNotForAnEventLoop() async throws {
        let blob = try await self.put(Samples.bytes(BlobVault.atOnceBytesMax + 1))
        #expect(self.vault.readAtOnce(blob) == nil)
    }

    /// The first and the last byte of what comes before the chunks, and the last of a tag.
    @Test(arguments: [0, SealedLayout.prefixBytes - 1, SealedLayout.sealedBytes(for: 1000) - 1])
    func whatIsDamagedIsNotReadWhetherItWasOpenedBeforeOrNot(position: Int) async throws {
        for isOpenedBefore in [false, true] {
            let blob = try await self.put(Samples.bytes(1000))
            if isOpenedBefore { #expect(self.vault.readAtOnce(blob) != nil) }
            var sealed = try #require(self.store.blobs[blob.record.id])
            sealed[position] ^= 1
            self.store.put(sealed, as: blob.record.id)
            #expect(self.vault.readAtOnce(blob) == nil)
        }
    }

    @Test func whatIsRemovedOrOfAnotherSizeIsNotRead() async throws {
        let blob = try await self.put(Samples.bytes(1000))
        #expect(self.vault.readAtOnce(blob) != nil)
        let sealed = try #require(self.store.blobs[blob.record.id])
        self.store.put(sealed + [0], as: blob.record.id)
        #expect(self.vault.readAtOnce(blob) == nil)
        try await self.store.remove(blob.record.id)
        #expect(self.vault.readAtOnce(blob) == nil)
    }

    /// A shortcut must not outlive what makes the key useless: its retirement, its age.
    @Test func withoutTheEnvelopeKeyInMemoryNothingIsRead() async throws {
        let blob = try await self.put(Samples.bytes(1000))
        #expect(self.vault.readAtOnce(blob) != nil)
        let others = FixedEnvelopeKeys(current: FixedEnvelopeKeys.key("another"))
        let vault = BlobVault(store: self.store, sealing: FakeSealing(), keys: others)
        #expect(vault.readAtOnce(blob) == nil)
    }

    @Test func manyLoopsReadTheSameBytes() async throws {
        let bytes = Samples.bytes(50_000)
        let blob = try await self.put(bytes)
        let vault = self.vault
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 { group.addTask { vault.readAtOnce(blob) == bytes } }
            for await isSame in group { #expect(isSame) }
        }
    }
}
