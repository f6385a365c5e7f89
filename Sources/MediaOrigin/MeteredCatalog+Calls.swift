package import FoundationEssentials
package import MediaModel

// One line a requirement of the port: the call, timed.

extension MeteredCatalog {
    package func reserveVersion(of asset: AssetID) async throws -> VersionNumber {
        try await self.timed(.reserveVersion) { try await self.base.reserveVersion(of: asset) }
    }

    package func releaseVersion(_ ref: VersionRef) async throws {
        try await self.timed(.releaseVersion) { try await self.base.releaseVersion(ref) }
    }

    package func skipVersions() async throws {
        try await self.timed(.skipVersions) { try await self.base.skipVersions() }
    }

    package func begin(_ version: AssetVersion, terms: CommitTerms) async throws -> AssetVersion {
        try await self.timed(.begin) { try await self.base.begin(version, terms: terms) }
    }

    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition],
        impression: Impression?,
        quota: Quota
    ) async throws -> AssetVersion {
        try await self.timed(.complete) {
            try await self.base.complete(
                ref,
                sourceSize: sourceSize,
                renditions: renditions,
                impression: impression,
                quota: quota
            )
        }
    }

    package func fail(_ ref: VersionRef, failure: String, keepsSource: Bool) async throws -> [BlobID] {
        try await self.timed(.fail) { try await self.base.fail(ref, failure: failure, keepsSource: keepsSource) }
    }

    package func announce(_ ref: VersionRef) async throws {
        try await self.timed(.announce) { try await self.base.announce(ref) }
    }

    package func discard(_ ref: VersionRef) async throws -> [BlobID] {
        try await self.timed(.discard) { try await self.base.discard(ref) }
    }

    package func source(of tenant: Tenant, sha256: SHA256Digest, bytes: Int) async throws -> BlobRecord? {
        try await self.timed(.source) { try await self.base.source(of: tenant, sha256: sha256, bytes: bytes) }
    }

    package func upload(under key: IdempotencyKey, of tenant: Tenant) async throws -> IdempotentUpload? {
        try await self.timed(.upload) { try await self.base.upload(under: key, of: tenant) }
    }

    package func releaseIdempotencyKeys(before: Date, limit: Int) async throws -> Int {
        try await self.timed(.releaseIdempotencyKeys) {
            try await self.base.releaseIdempotencyKeys(before: before, limit: limit)
        }
    }

    package func usage(of tenant: Tenant) async throws -> Usage {
        try await self.timed(.usage) { try await self.base.usage(of: tenant) }
    }

    package func version(_ ref: VersionRef) async throws -> AssetVersion? {
        try await self.timed(.version) { try await self.base.version(ref) }
    }

    package func newestVersion(of asset: AssetID) async throws -> AssetVersion? {
        try await self.timed(.newestVersion) { try await self.base.newestVersion(of: asset) }
    }

    package func versions(of asset: AssetID, before: VersionNumber?, limit: Int) async throws -> [AssetVersion] {
        try await self.timed(.versions) { try await self.base.versions(of: asset, before: before, limit: limit) }
    }

    package func latest(of asset: AssetID) async throws -> VersionNumber? {
        try await self.timed(.latest) { try await self.base.latest(of: asset) }
    }

    package func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition? {
        try await self.timed(.rendition) { try await self.base.rendition(of: asset, version: version, preset: preset) }
    }

    package func furtherRendition(
        of asset: AssetID,
        version: VersionNumber,
        named name: RenditionName
    ) async throws -> DeliverableRendition? {
        try await self.timed(.furtherRendition) {
            try await self.base.furtherRendition(of: asset, version: version, named: name)
        }
    }

    package func keep(
        _ rendition: Rendition,
        of ref: VersionRef,
        quota: Quota,
        oneOffsMax: Int?
    ) async throws -> Rendition {
        try await self.timed(.keep) {
            try await self.base.keep(rendition, of: ref, quota: quota, oneOffsMax: oneOffsMax)
        }
    }

    package func oneOffs(of ref: VersionRef) async throws -> Int {
        try await self.timed(.oneOffs) { try await self.base.oneOffs(of: ref) }
    }

    package func page(after: AssetID?, limit: Int) async throws -> [AssetVersion] {
        try await self.timed(.page) { try await self.base.page(after: after, limit: limit) }
    }

    package func unfinished() async throws -> [VersionRef] {
        try await self.timed(.unfinished) { try await self.base.unfinished() }
    }

    package func standing(of asset: AssetID) async throws -> AssetStanding? {
        try await self.timed(.standing) { try await self.base.standing(of: asset) }
    }

    package func setLatest(_ ref: VersionRef) async throws {
        try await self.timed(.setLatest) { try await self.base.setLatest(ref) }
    }

    package func delete(_ asset: AssetID, at date: Date) async throws {
        try await self.timed(.delete) { try await self.base.delete(asset, at: date) }
    }

    package func undelete(_ asset: AssetID) async throws {
        try await self.timed(.undelete) { try await self.base.undelete(asset) }
    }

    package func deleted(before: Date, limit: Int) async throws -> [AssetID] {
        try await self.timed(.deleted) { try await self.base.deleted(before: before, limit: limit) }
    }

    package func erase(_ asset: AssetID) async throws -> [BlobID] {
        try await self.timed(.erase) { try await self.base.erase(asset) }
    }
}

extension MeteredCatalog {
    package func envelopeKeys() async throws -> [EnvelopeKeyRecord] {
        try await self.timed(.envelopeKeys) { try await self.base.envelopeKeys() }
    }

    package func add(_ key: EnvelopeKeyRecord) async throws {
        try await self.timed(.add) { try await self.base.add(key) }
    }

    package func setWrapped(_ wrapped: WrappedEnvelopeKey, of key: EnvelopeKeyID) async throws {
        try await self.timed(.setWrapped) { try await self.base.setWrapped(wrapped, of: key) }
    }

    package func retire(_ key: EnvelopeKeyID) async throws {
        try await self.timed(.retire) { try await self.base.retire(key) }
    }

    package func blobCounts() async throws -> [EnvelopeKeyID: Int] {
        try await self.timed(.blobCounts) { try await self.base.blobCounts() }
    }

    package func blobs(under key: EnvelopeKeyID, after: BlobID?, limit: Int) async throws -> [BlobRecord] {
        try await self.timed(.blobsUnderKey) { try await self.base.blobs(under: key, after: after, limit: limit) }
    }

    package func rewrap(_ changes: [DataKeyChange]) async throws -> Int {
        try await self.timed(.rewrap) { try await self.base.rewrap(changes) }
    }
}

extension MeteredCatalog {
    package func known(among blobs: [BlobID]) async throws -> Set<BlobID> {
        try await self.timed(.known) { try await self.base.known(among: blobs) }
    }

    package func blobs(after: BlobID?, limit: Int) async throws -> [BlobRecord] {
        try await self.timed(.blobPage) { try await self.base.blobs(after: after, limit: limit) }
    }

    package func blobTotals() async throws -> BlobTotals {
        try await self.timed(.blobTotals) { try await self.base.blobTotals() }
    }

    package func uses(of blob: BlobID) async throws -> [BlobUse] {
        try await self.timed(.uses) { try await self.base.uses(of: blob) }
    }

    package func setDamage(_ damage: String?, of blob: BlobID) async throws {
        try await self.timed(.setDamage) { try await self.base.setDamage(damage, of: blob) }
    }

    package func damaged(limit: Int) async throws -> [DamagedBlob] {
        try await self.timed(.damaged) { try await self.base.damaged(limit: limit) }
    }

    package func replace(_ old: BlobID, with new: BlobRecord, of use: BlobUse) async throws -> [BlobID] {
        try await self.timed(.replace) { try await self.base.replace(old, with: new, of: use) }
    }

    package func replace(_ old: BlobID, with new: BlobRecord) async throws {
        try await self.timed(.replaceAll) { try await self.base.replace(old, with: new) }
    }

    package func audit(repairs: Bool) async throws -> [CatalogFinding] {
        try await self.timed(.audit) { try await self.base.audit(repairs: repairs) }
    }

    package func scrubProgress() async throws -> ScrubProgress? {
        try await self.timed(.scrubProgress) { try await self.base.scrubProgress() }
    }

    package func setScrubProgress(_ progress: ScrubProgress) async throws {
        try await self.timed(.setScrubProgress) { try await self.base.setScrubProgress(progress) }
    }
}

extension MeteredCatalog {
    package func strike(_ sha256: SHA256Digest, reason: String, at date: Date) async throws -> PoisonRecord {
        try await self.timed(.strike) { try await self.base.strike(sha256, reason: reason, at: date) }
    }

    package func poison(of sha256: SHA256Digest) async throws -> PoisonRecord? {
        try await self.timed(.poison) { try await self.base.poison(of: sha256) }
    }

    package func poisoned(limit: Int) async throws -> [PoisonRecord] {
        try await self.timed(.poisoned) { try await self.base.poisoned(limit: limit) }
    }

    package func clearPoison(of sha256: SHA256Digest?) async throws -> Int {
        try await self.timed(.clearPoison) { try await self.base.clearPoison(of: sha256) }
    }
}

extension MeteredCatalog {
    package func purges(to target: PurgeTargetName, due: Date, limit: Int) async throws -> [PurgeRecord] {
        try await self.timed(.duePurges) { try await self.base.purges(to: target, due: due, limit: limit) }
    }

    package func nextPurge(to target: PurgeTargetName) async throws -> Date? {
        try await self.timed(.nextPurge) { try await self.base.nextPurge(to: target) }
    }

    package func settle(_ purges: [PurgeSettlement]) async throws {
        try await self.timed(.settlePurges) { try await self.base.settle(purges) }
    }

    package func purgeLag(of target: PurgeTargetName) async throws -> PurgeLag {
        try await self.timed(.purgeLag) { try await self.base.purgeLag(of: target) }
    }

    package func purges(after: Int64?, limit: Int) async throws -> [PurgeRecord] {
        try await self.timed(.purgePage) { try await self.base.purges(after: after, limit: limit) }
    }

    package func requestPurge(of asset: AssetID, at date: Date) async throws -> Int {
        try await self.timed(.requestPurge) { try await self.base.requestPurge(of: asset, at: date) }
    }

    package func hastenPurges(to target: PurgeTargetName?, at date: Date) async throws -> Int {
        try await self.timed(.hastenPurges) { try await self.base.hastenPurges(to: target, at: date) }
    }

    package func giveUpPurges(before: Date, limit: Int) async throws -> [PurgeRecord] {
        try await self.timed(.giveUpPurges) { try await self.base.giveUpPurges(before: before, limit: limit) }
    }
}
