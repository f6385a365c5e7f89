import FoundationEssentials
import MediaModel

/// What ``MemoryCatalog`` remembers, and what its methods share.
struct MemoryCatalogState {
    struct Asset {
        let tenant: Tenant
        var lastNumber: VersionNumber
        var latest: VersionNumber?
        var deletedAt: Date?
        var isErased = false

        var standing: AssetStanding {
            if self.isErased { return .erased }
            return self.deletedAt == nil ? .present : .deleted
        }
    }

    struct Version {
        let ref: VersionRef
        let tenant: Tenant
        let createdAt: Date
        let presets: [Preset]
        var isAnnounced: Bool
        var state = VersionState.processing
        var source: BlobID
        /// False once it failed and gave its source up: it then only remembers what that was.
        var holdsSource = true
        var sourceSize: PictureSize?
        let focus: FocalPoint?
        var impression: Impression?
        var renditions: [StoredRendition] = []
        /// Those that were made after the upload.
        var further: [StoredRendition] = []
        var failure: String?
    }

    struct StoredRendition {
        let preset: Preset
        let size: PictureSize
        let choice: EncodingChoice?
        var blob: BlobID

        init(_ rendition: Rendition) {
            self.choice = rendition.choice
            self.preset = rendition.preset
            self.size = rendition.size
            self.blob = rendition.blob.id
        }
    }

    struct Blob {
        var record: BlobRecord
        /// Only a failed version remembers it; the store has it no more.
        var isRemoved = false
        var damage: String?

        var isSoundSource: Bool { self.record.isSource && !self.isRemoved && self.damage == nil }
    }

    struct TenantKey: Hashable {
        let tenant: Tenant
        let key: IdempotencyKey
    }

    struct TakenKey {
        let upload: IdempotentUpload
        let takenAt: Date
    }

    var assets: [AssetID: Asset] = [:]
    var versions: [VersionRef: Version] = [:]
    var poisoned: [SHA256Digest: PoisonRecord] = [:]
    var blobs: [BlobID: Blob] = [:]
    var keys: [EnvelopeKeyID: EnvelopeKeyRecord] = [:]
    var idempotency: [TenantKey: TakenKey] = [:]
    var scrub: ScrubProgress?
    var purgeTargets: [PurgeTargetName] = []
    var purges: [Int64: PurgeRecord] = [:]
    var lastPurge: Int64 = 0
}

// MARK: - Look-ups

extension MemoryCatalogState {
    /// The asset unless it is deleted.
    func present(_ asset: AssetID) -> Asset? {
        guard let found = self.assets[asset], found.standing == .present else { return nil }
        return found
    }

    /// The asset, for a call that writes to it.
    func writable(_ asset: AssetID) throws -> Asset {
        guard let found = self.assets[asset] else { throw CatalogError(.unknownAsset, detail: "no asset \(asset)") }
        guard found.standing == .present else { throw CatalogError(.gone, detail: "asset \(asset) was deleted") }
        return found
    }

    func processing(_ ref: VersionRef) throws -> Version {
        if let asset = self.assets[ref.asset], asset.standing != .present {
            throw CatalogError(.gone, detail: "asset \(ref.asset) was deleted")
        }
        guard let version = self.versions[ref], version.state == .processing else {
            throw CatalogError(.conflict, detail: "\(ref) is not processing, or not there")
        }
        return version
    }

    func versions(of asset: AssetID) -> [Version] {
        self.versions.values.filter { $0.ref.asset == asset }.sorted { $0.ref.number > $1.ref.number }
    }

    /// The row with what it names.
    func record(of ref: VersionRef) -> AssetVersion? {
        guard let version = self.versions[ref], let source = self.blobs[version.source]?.record else { return nil }
        return AssetVersion(
            ref: ref,
            tenant: version.tenant,
            state: version.state,
            createdAt: version.createdAt,
            source: source,
            sourceSize: version.sourceSize,
            presets: version.presets,
            renditions: version.renditions.compactMap(self.rendition),
            failure: version.failure,
            isAnnounced: version.isAnnounced,
            focus: version.focus,
            impression: version.impression
        )
    }

    func rendition(_ stored: StoredRendition) -> Rendition? {
        self.blobs[stored.blob].map {
            Rendition(preset: stored.preset, size: stored.size, blob: $0.record, choice: stored.choice)
        }
    }

    func newest(of asset: AssetID) -> AssetVersion? {
        self.versions(of: asset).first.flatMap { self.record(of: $0.ref) }
    }

    func uses(of blob: BlobID) -> [BlobUse] {
        self.versions.values.sorted { ($0.ref.asset, $0.ref.number) < ($1.ref.asset, $1.ref.number) }.flatMap {
            version in
            let renditions = version.renditions.filter { $0.blob == blob }.map {
                BlobUse.rendition(of: version.ref, preset: $0.preset.name)
            }
            let further = version.further.filter { $0.blob == blob }.map {
                BlobUse.further(of: version.ref, name: RenditionName($0.preset))
            }
            let source = version.holdsSource && version.source == blob ? [BlobUse.source(of: version.ref)] : []
            return source + renditions + further
        }
    }

    func soundSource(of tenant: Tenant, sha256: SHA256Digest, bytes: Int) -> BlobRecord? {
        self.blobs.values.filter { blob in
            let record = blob.record
            return blob.isSoundSource && record.sealedAs.tenant == tenant && record.sha256 == sha256
                && record.bytes == bytes
        }.map(\.record).min { $0.id < $1.id }
    }

    func usage(of tenant: Tenant) -> Usage {
        let named = self.blobs.values.filter { !$0.isRemoved && $0.record.sealedAs.tenant == tenant }
        return Usage(
            bytes: named.reduce(0) { $0 + $1.record.sealedBytes },
            files: self.versions.values.filter { $0.tenant == tenant }.count
        )
    }
}

// MARK: - Changes

extension MemoryCatalogState {
    /// Adds the row of a blob that no row names yet.
    mutating func insert(_ record: BlobRecord) throws {
        guard self.blobs[record.id] == nil else {
            throw CatalogError(.conflict, detail: "there is a blob \(record.id)")
        }
        guard self.keys[record.envelopeKey] != nil else {
            throw CatalogError(.keyRetired, detail: "no envelope key \(record.envelopeKey)")
        }
        self.blobs[record.id] = Blob(record: record)
    }

    func check(_ quota: Quota, of tenant: Tenant) throws {
        let usage = self.usage(of: tenant)
        guard usage.bytes <= quota.bytes ?? .max, usage.files <= quota.files ?? .max else {
            throw CatalogError(.quotaExceeded, detail: "\(tenant): \(usage) is more than \(quota)")
        }
    }

    /// Takes away the blobs that nothing names any more; what a failed version remembers stays, as removed.
    ///
    /// - Returns: those that were named until now.
    mutating func removeUnnamed(_ candidates: [BlobID]) -> [BlobID] {
        var removed: [BlobID] = []
        for id in candidates {
            guard let blob = self.blobs[id], self.uses(of: id).isEmpty else { continue }
            let isRemembered = self.versions.values.contains { $0.source == id }
            if isRemembered { self.blobs[id]?.isRemoved = true } else { self.blobs[id] = nil }
            if !blob.isRemoved { removed.append(id) }
        }
        return removed
    }

    mutating func release(_ ref: VersionRef) {
        guard self.versions[ref] == nil, self.assets[ref.asset]?.lastNumber == ref.number, ref.number > .first else {
            return
        }
        self.assets[ref.asset]?.lastNumber = VersionNumber(ref.number.value - 1)
    }
}
