import MediaModel
import MediaOrigin
import MediaTesting

/// The use cases on fakes: no file, no codec, no cipher.
struct OriginHarness {
    let catalog = MemoryCatalog(keys: [Samples.envelopeKey])
    let store = MemoryBlobStore()
    let renderer = FakeRenderer()
    let cache = RenditionCache(bytesMax: 1 << 20)
    let backlog = Backlog()
    let uploadBytesMax = 100_000
    var quota = Quota.none
    var presets = Preset.defaults

    var vault: BlobVault { BlobVault(store: self.store, sealing: FakeSealing(), keys: FixedEnvelopeKeys()) }

    var develop: Develop {
        Develop(
            catalog: self.catalog,
            vault: self.vault,
            renderer: self.renderer,
            limits: PictureLimits(),
            quota: self.quota,
            cache: self.cache,
            backlog: self.backlog
        )
    }

    var ingest: Ingest {
        Ingest(
            catalog: self.catalog,
            vault: self.vault,
            develop: self.develop,
            room: StorageRoom(store: self.store, freeBytesMin: nil),
            digests: FakeDigests(),
            policy: IngestPolicy(
                tenant: .default,
                uploadBytesMax: self.uploadBytesMax,
                limits: PictureLimits(),
                presets: self.presets,
                quota: self.quota
            )
        )
    }

    var revise: Revise { Revise(ingest: self.ingest) }
    var remove: Remove {
        Remove(
            catalog: self.catalog,
            vault: self.vault,
            cache: self.cache,
            grace: .seconds(3600),
            backlog: self.backlog
        )
    }
    var developLater: DevelopLater { self.developLater(cache: self.cache) }

    func developLater(cache: RenditionCache) -> DevelopLater {
        DevelopLater(
            catalog: self.catalog,
            vault: self.vault,
            renderer: self.renderer,
            room: StorageRoom(store: self.store, freeBytesMin: nil),
            limits: PictureLimits(),
            quota: self.quota,
            oneOffsMax: 2,
            cache: cache
        )
    }
    var deliver: Deliver {
        Deliver(catalog: self.catalog, vault: self.vault, cache: self.cache, developLater: self.developLater)
    }
    /// Delivers with an empty memory cache.
    var deliverCold: Deliver { Deliver(catalog: self.catalog, vault: self.vault, cache: .init(bytesMax: 0)) }
    var recover: Recover { Recover(catalog: self.catalog, backlog: self.backlog) }
    var collect: Collect { Collect(catalog: self.catalog, vault: self.vault, removal: self.remove) }

    func upload(
        _ bytes: [UInt8],
        to target: Upload.Target = .newAsset,
        respondsAsync: Bool = false,
        idempotencyKey: IdempotencyKey? = nil
    ) async throws -> AssetVersion {
        var body = Pieces(bytes, of: 1000)
        let upload = Upload(
            target: target,
            bytesExpected: bytes.count,
            respondsAsync: respondsAsync,
            idempotencyKey: idempotencyKey
        )
        return try await self.ingest(upload, body: &body)
    }

    /// Runs the backlog until nothing waits in it.
    func workOffBacklog() async {
        let work = Task {
            await self.backlog.run(
                width: 2,
                catalog: self.catalog,
                develop: self.develop
            )
        }
        while self.backlog.count > 0 { try? await Task.sleep(for: .milliseconds(1)) }
        work.cancel()
        await work.value
    }

    /// Bytes that begin like a JPEG.
    static func picture(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
        [0xFF, 0xD8, 0xFF] + Samples.bytes(count - 3, seed: seed)
    }
}

/// A body that arrives in pieces.
struct Pieces: UploadBody {
    private var rest: ArraySlice<UInt8>
    private let size: Int

    init(_ bytes: [UInt8], of size: Int) {
        self.rest = bytes[...]
        self.size = size
    }

    mutating func next() async throws -> [UInt8]? {
        guard !self.rest.isEmpty else { return nil }
        defer { self.rest = self.rest.dropFirst(self.size) }
        return Array(self.rest.prefix(self.size))
    }
}
