import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization

/// The use cases that look after what is stored, on fakes, and an origin that fills the store.
struct CareHarness {
    let catalog: MemoryCatalog
    let store = MemoryBlobStore()
    let provider: FakeKeyProvider
    let renderer = FakeRenderer()
    let cache = RenditionCache(bytesMax: 0)
    let lines = Lines()
    let vault: BlobVault
    let queue: MendQueue
    /// Instead of ``renderer`` for what is made again.
    let mender: (any Renderer)?

    init(mender: (any Renderer)? = nil) async throws {
        let keys = FixedEnvelopeKeys()
        self.provider = FakeKeyProvider()
        let record = EnvelopeKeyRecord(
            id: keys.current.id,
            tenant: .default,
            createdAt: Samples.moment,
            wrapped: try await self.provider.wrap(keys.current, for: .default)
        )
        self.catalog = MemoryCatalog(keys: [record])
        self.vault = BlobVault(store: self.store, sealing: FakeSealing(), keys: keys)
        self.mender = mender
        self.queue = MendQueue(
            Self.mend(self.catalog, self.vault, mender ?? self.renderer, self.cache)
        )
    }

    private static func mend(
        _ catalog: any Catalog,
        _ vault: BlobVault,
        _ renderer: any Renderer,
        _ cache: RenditionCache
    ) -> Mend {
        Mend(
            catalog: catalog,
            vault: vault,
            renderer: renderer,
            limits: PictureLimits(),
            digests: FakeDigests(),
            cache: cache
        )
    }

    var mend: Mend { Self.mend(self.catalog, self.vault, self.mender ?? self.renderer, self.cache) }
    var remove: Remove { Remove(catalog: self.catalog, vault: self.vault, cache: self.cache, grace: .seconds(3600)) }
    /// Its readers are as patient as the tests.
    var deliver: Deliver { self.deliver(mendTimeMax: Patience.timeMax) }

    func deliver(mendTimeMax: Duration) -> Deliver {
        Deliver(
            catalog: self.catalog,
            vault: self.vault,
            cache: self.cache,
            mends: self.queue,
            mendTimeMax: mendTimeMax
        )
    }

    var ingest: Ingest {
        let develop = Develop(
            catalog: self.catalog,
            vault: self.vault,
            renderer: self.renderer,
            limits: PictureLimits(),
            cache: self.cache,
            backlog: Backlog()
        )
        return Ingest(
            catalog: self.catalog,
            vault: self.vault,
            develop: develop,
            room: StorageRoom(store: self.store, freeBytesMin: nil),
            digests: FakeDigests(),
            policy: IngestPolicy(
                tenant: .default,
                uploadBytesMax: 100_000,
                limits: PictureLimits(),
                presets: Preset.defaults
            )
        )
    }

    func collect(_ policy: CollectPolicy = CollectPolicy()) -> Collect {
        Collect(catalog: self.catalog, vault: self.vault, removal: self.remove, policy: policy)
    }

    /// - Parameter store: instead of the harness's own.
    func verify(store: (any BlobStore)? = nil) -> Verify {
        Verify(
            catalog: self.catalog,
            vault: store.map { BlobVault(store: $0, sealing: FakeSealing(), keys: FixedEnvelopeKeys()) } ?? self.vault,
            provider: self.provider,
            digests: FakeDigests(),
            mend: self.mend,
            goingTime: .zero
        )
    }

    func scrub(_ policy: Scrub.Policy = Scrub.Policy(bytesPerSecond: 1 << 40)) -> Scrub {
        Scrub(
            catalog: self.catalog,
            vault: self.vault,
            digests: FakeDigests(),
            mend: self.mend,
            policy: policy
        )
    }

    /// Bytes of pictures: within a chunk, exactly one (then the last chunk is empty), and several.
    static let sizes = [500, 600, 20_000, 16_384, 700, 40_000, 800, 900, 1000, 1100]

    @discardableResult
    func upload(_ count: Int, seed: UInt8 = 1, key: IdempotencyKey? = nil) async throws -> AssetVersion {
        let bytes = OriginHarness.picture(count, seed: seed)
        var body = Pieces(bytes, of: 10_000)
        let upload = Upload(
            target: .newAsset,
            bytesExpected: bytes.count,
            respondsAsync: false,
            idempotencyKey: key
        )
        return try await self.ingest(upload, body: &body)
    }

    /// Runs the queue of repairs while `work` does.
    func repairing<Result: Sendable>(_ work: () async throws -> Result) async throws -> Result {
        let repairs = Task { await self.queue.run(width: 2) }
        defer { repairs.cancel() }
        return try await work()
    }

    /// Every blob that a row names is in the store, and nothing is half-made or forgotten.
    func expectNothingDangles() async throws -> Bool {
        _ = try await self.collect()(orphanAge: .zero, now: .distantFuture) { _ in }
        return Set(self.store.blobs.keys) == self.catalog.blobs && self.store.draftsOpen == 0
    }

    /// All of a blob's plaintext.
    func plaintext(of record: BlobRecord) async throws -> [UInt8] {
        try await self.vault.open(record).read(0..<record.bytes)
    }
}

/// What a failing disk does to a blob.
enum DiskFault: String, CaseIterable, Sendable {
    case missing
    case truncated
    case corrupt
    case malformed
    case swapped
    case digest

    /// The code that it must be told under.
    var code: String {
        switch self {
        case .missing: "missing"
        case .truncated: "truncated"
        case .corrupt: "corrupt"
        case .malformed: "malformed-header"
        case .swapped: "identity-mismatch"
        case .digest: "digest-mismatch"
        }
    }

    func strike(_ blob: BlobRecord, in store: MemoryBlobStore, other: BlobRecord) async throws {
        guard var sealed = store.blobs[blob.id] else { return }
        switch self {
        case .missing: return try await store.remove(blob.id)
        case .truncated: sealed.removeLast()
        case .corrupt: sealed[sealed.count - 1] ^= 1
        // A length of a field that goes beyond the header.
        case .malformed: for index in 88..<SealedLayout.prefixBytes { sealed[index] = 0xFF }
        case .swapped:
            let head = Array((store.blobs[other.id] ?? []).prefix(SealedLayout.prefixBytes))
            sealed.replaceSubrange(0..<SealedLayout.prefixBytes, with: head)
        case .digest: sealed[SealedLayout.prefixBytes] ^= 1
        }
        store.put(sealed, as: blob.id, modifiedAt: Date(timeIntervalSinceNow: -86_400))
    }
}

/// A renderer that makes what the first one does, with more bytes behind it.
struct PaddingRenderer: Renderer {
    let base = FakeRenderer()
    let padding: Int

    func checkRoom(for priority: RenderPriority) {}

    func render(
        _ job: RenderJob,
        source: any PictureSource,
        priority: RenderPriority
    ) async throws -> RenderOutcome {
        let outcome = try await self.base.render(job, source: source, priority: priority)
        return RenderOutcome(
            facts: outcome.facts,
            renditions: outcome.renditions.map {
                RenderedPicture(
                    preset: $0.preset,
                    size: $0.size,
                    bytes: $0.bytes + [UInt8](repeating: 7, count: self.padding)
                )
            },
            timings: outcome.timings
        )
    }
}

/// Counts from 1.
final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        self.value.withLock { value in
            value += 1
            return value
        }
    }
}
