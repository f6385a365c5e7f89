import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization

/// An origin whose catalog is about to be lost.
struct RebuildOrigin {
    static let laterKey = FixedEnvelopeKeys.key("later-key")

    let catalog = MemoryCatalog(keys: [Samples.envelopeKey])
    let store = MemoryBlobStore()
    let renderer = WebPRenderer()
    let provider = FakeKeyProvider(former: [Self.laterKey])
    let mirror: MemoryKeyMirror

    init() async throws {
        let key = FixedEnvelopeKeys.key("test-key")
        let wrapped = try await self.provider.wrap(key, for: .default)
        self.mirror = MemoryKeyMirror([
            EnvelopeKeyRecord(id: key.id, tenant: .default, createdAt: Samples.moment, wrapped: wrapped)
        ])
    }

    /// What the catalog has, with times as they are kept.
    var versions: [AssetVersion] { self.catalog.versions.map(\.kept) }

    var vault: BlobVault { BlobVault(store: self.store, sealing: FakeSealing(), keys: FixedEnvelopeKeys()) }

    private let cache = RenditionCache(bytesMax: 1 << 20)

    private var ingest: Ingest {
        let develop = Develop(
            catalog: self.catalog,
            vault: self.vault,
            renderer: self.renderer,
            limits: PictureLimits(),
            quota: .none,
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
                presets: Preset.defaults,
                quota: .none
            )
        )
    }

    var revise: Revise { Revise(ingest: self.ingest) }
    var remove: Remove { Remove(catalog: self.catalog, vault: self.vault, cache: self.cache, grace: .zero) }

    static func picture(_ seed: UInt8, bytes: Int = 1000) -> [UInt8] { OriginHarness.picture(bytes, seed: seed) }

    static func identity(
        _ ref: VersionRef,
        _ variant: String = "original",
        _ mediaType: String = "image/jpeg"
    ) -> BlobIdentity {
        BlobIdentity(
            tenant: .default,
            version: ref,
            variant: variant,
            mediaType: mediaType,
            createdAt: Samples.moment
        )
    }

    /// A version as it is kept: in whole milliseconds.
    func upload(
        _ seed: UInt8,
        bytes: Int = 1000,
        to target: Upload.Target = .newAsset,
        respondsAsync: Bool = false
    ) async throws -> AssetVersion {
        let picture = Self.picture(seed, bytes: bytes)
        var body = Pieces(picture, of: 1000)
        let upload = Upload(target: target, bytesExpected: picture.count, respondsAsync: respondsAsync)
        return try await self.ingest(upload, body: &body).kept
    }

    func rebuild(
        into new: RebuiltCatalog,
        presets: [Preset] = Preset.defaults,
        provider: FakeKeyProvider? = nil,
        older: MemoryCatalog? = nil
    ) -> Rebuild {
        Rebuild(
            store: self.store,
            sealing: FakeSealing(),
            mirror: self.mirror,
            provider: provider ?? self.provider,
            renderer: self.renderer,
            digests: FakeDigests(),
            limits: PictureLimits(),
            presets: presets,
            older: older,
            addKey: { try new.add($0) },
            insert: { try new.insert($0, $1, $2, last: $3) },
            keep: { try new.keep($0, of: $1) }
        )
    }

    /// Wraps the data keys of `records` under another key, retires theirs, and forgets it.
    ///
    /// - Returns: a copy of the catalog of that day.
    func catalogAfterRetirement(of records: [BlobRecord]) async throws -> MemoryCatalog {
        let later = EnvelopeKeyRecord(
            id: Self.laterKey.id,
            tenant: .default,
            createdAt: Samples.moment,
            wrapped: nil
        )
        try await self.catalog.add(later)
        let first = FixedEnvelopeKeys.key("test-key")
        let changes = try records.map { record in
            let prefix = Array((self.store.blobs[record.id] ?? []).prefix(SealedLayout.prefixBytes))
            let wrapped = try FakeSealing().rewrap(prefix: prefix, record: record, from: first, to: Self.laterKey)
            return DataKeyChange(blob: record.id, from: first.id, to: Self.laterKey.id, wrapped: wrapped)
        }
        _ = try await self.catalog.rewrap(changes)
        try await self.catalog.retire(first.id)
        try await self.mirror.write([])
        return self.catalog
    }
}

/// A renderer whose renditions begin like a WebP of 4 × 3 pixels.
final class WebPRenderer: Renderer {
    private let fake = FakeRenderer()
    /// What every job ends with from now on.
    let fails = Mutex<RenderError?>(nil)

    func checkRoom(for priority: RenderPriority) {}

    func render(
        _ job: RenderJob,
        source: any PictureSource,
        priority: RenderPriority
    ) async throws -> RenderOutcome {
        if let error = self.fails.withLock({ $0 }) { throw error }
        let outcome = try await self.fake.render(job, source: source, priority: priority)
        let pictures = outcome.renditions.map { picture in
            let name = String(decoding: picture.bytes, as: UTF8.self)
            return RenderedPicture(preset: picture.preset, size: picture.size, bytes: Self.picture(name))
        }
        return RenderOutcome(facts: outcome.facts, renditions: pictures, timings: outcome.timings)
    }

    /// An extended header (RFC 9649 §2.7.1), and no pixels.
    static func picture(_ content: String) -> [UInt8] {
        Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0] + [0, 0, 0, 0, 3, 0, 0, 2, 0, 0]
            + Array(content.utf8)
    }
}

/// The beginnings of files of 4 × 3 pixels in the formats that are made later.
enum LaterPictures {
    /// Tables and a progressive frame, as JPEG has them (ITU-T T.81 annex B), and no pixels.
    static let jpeg: [UInt8] =
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 16] + Array("JFIF\0".utf8) + [1, 1, 0, 0, 1, 0, 1, 0, 0]
        + [0xFF, 0xDB, 0, 67] + [UInt8](repeating: 1, count: 65) + [0xFF, 0xC2, 0, 17, 8, 0, 3, 0, 4, 3]
        + [UInt8](repeating: 0, count: 9)

    /// What says how large an AVIF is, in its boxes, with one before it that says nothing.
    static let avif =
        Self.box("ftyp", Array("avif".utf8) + [0, 0, 0, 0])
        + Self.box(
            "meta",
            [0, 0, 0, 0] + Self.box("hdlr", [UInt8](repeating: 0, count: 25))
                + Self.box("iprp", Self.box("ipco", Self.box("ispe", [0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3])))
        )

    static func of(_ format: RenditionFormat) -> [UInt8] {
        switch format {
        case .webp: WebPRenderer.picture("later")
        case .jpeg: Self.jpeg
        case .avif: Self.avif
        }
    }

    private static func box(_ name: String, _ content: [UInt8]) -> [UInt8] {
        [0, 0, 0, UInt8(content.count + 8)] + Array(name.utf8) + content
    }
}

extension MemoryBlobStore {
    /// Changes a blob behind the store's back.
    func change(_ id: BlobID, _ body: (inout [UInt8]) -> Void) {
        guard var bytes = self.blobs[id] else { return }
        body(&bytes)
        self.put(bytes, as: id)
    }

    func touch(_ id: BlobID, _ date: Date) {
        if let bytes = self.blobs[id] { self.put(bytes, as: id, modifiedAt: date) }
    }
}

extension AssetVersion {
    /// With times in whole milliseconds, as headers have them.
    fileprivate var kept: AssetVersion {
        AssetVersion(
            ref: self.ref,
            tenant: self.tenant,
            state: self.state,
            createdAt: self.createdAt.kept,
            source: self.source.kept,
            sourceSize: self.sourceSize,
            presets: self.presets,
            renditions: self.renditions.map { Rendition(preset: $0.preset, size: $0.size, blob: $0.blob.kept) },
            failure: self.failure,
            isAnnounced: self.isAnnounced
        )
    }
}

extension BlobRecord {
    var kept: BlobRecord {
        let identity = BlobIdentity(
            tenant: self.sealedAs.tenant,
            version: VersionRef(asset: self.sealedAs.asset, number: self.sealedAs.version),
            variant: self.sealedAs.variant,
            mediaType: self.sealedAs.mediaType,
            createdAt: self.sealedAs.createdAt.kept
        )
        return BlobRecord(
            id: self.id,
            sealedAs: identity,
            bytes: self.bytes,
            sealedBytes: self.sealedBytes,
            sha256: self.sha256,
            envelopeKey: self.envelopeKey,
            rewrapped: self.rewrapped
        )
    }
}

extension Date {
    fileprivate var kept: Date {
        Date(timeIntervalSince1970: Double(UInt64((self.timeIntervalSince1970 * 1000).rounded())) / 1000)
    }
}
