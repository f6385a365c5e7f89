package import FoundationEssentials

/// Remembers assets, versions, renditions and blobs. It is the only commit point: what it does not name was not
/// promised.
///
/// Contract, held by every adapter and tested by one suite (MediaTesting, `CatalogContract`):
/// - A write is durable when it returns and is all or nothing.
/// - A read that begins after a write returned sees it.
/// - All calls may be made at once from many tasks. A cancelled caller's write may still take effect.
/// - Errors are ``CatalogError``.
package protocol Catalog: AssetCatalog, EnvelopeKeyCatalog, AuditedCatalog, PoisonCatalog, PurgeCatalog {
    /// Throws where the catalog cannot commit now.
    func checkHealth() async throws
}

/// Assets and their versions, from the upload to the day they are erased.
///
/// A deleted asset is not there for any call but those that say so; a call that would write to it throws `.gone`.
package protocol AssetCatalog: Sendable {
    // An upload.

    /// Takes the next number of an existing asset for an upload that begins now. Throws `.unknownAsset`, `.gone`.
    func reserveVersion(of asset: AssetID) async throws -> VersionNumber

    /// Gives a reserved number back where no later one was reserved meanwhile; otherwise it is skipped for ever.
    func releaseVersion(_ ref: VersionRef) async throws

    /// Takes numbers of every asset, up to ``VersionNumber/afterLoss``: for a catalog that comes from a back-up. A
    /// number that is only reserved counts as one that was taken.
    func skipVersions() async throws

    /// Commit 1: the version is durable and `processing`. Version 1 creates its asset; a later one needs a reserved
    /// number. `version.state` is `processing` and it has no renditions.
    ///
    /// Its source may be a blob that the catalog names already (the version is made of the same picture as another). A
    /// new one that has the tenant, size and digest of a sound source in the catalog is not taken: the version is given
    /// that source instead, so that one picture is stored once.
    ///
    /// - Returns: the version as it is now. Where its `source` is not the one given, nothing names the given blob.
    /// - Throws: `.conflict` where the version exists, or the source is named but not sound; `.gone`;
    ///   `.keyTaken` where the idempotency key is another upload's; `.quotaExceeded`; `.keyRetired` where the blob's
    ///   envelope key is no more.
    func begin(_ version: AssetVersion, terms: CommitTerms) async throws -> AssetVersion

    /// Commit 2: the renditions, what the picture looks like and the state `ready`, in one transaction. `latest` moves
    /// when no newer version is ready.
    ///
    /// - Returns: the version as it is now.
    /// - Throws: `.conflict` unless the version is `processing`; `.quotaExceeded`, `.keyRetired`.
    func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition],
        impression: Impression?,
        quota: Quota
    ) async throws -> AssetVersion

    /// Ends a `processing` version that was announced: it stays, `failed`. Throws `.conflict` unless it is
    /// `processing`.
    ///
    /// - Parameter keepsSource: the source stays named (it is damaged, and evidence).
    /// - Returns: the blobs that no row names any more (the source, unless another version has it too).
    func fail(_ ref: VersionRef, failure: String, keepsSource: Bool) async throws -> [BlobID]

    /// Notes that a client is being told of a version: it can be ended by `fail` now, no more by `discard`. Changes
    /// nothing where that is noted already, or the version is no longer `processing`.
    func announce(_ ref: VersionRef) async throws

    /// Removes a `processing` version that nobody was told of as if it had never been: its asset too where it was the
    /// only version, its idempotency key, and its number is free again where it is still the last. Also where the
    /// asset was deleted meanwhile. Throws `.conflict` unless it is `processing` and was not announced.
    ///
    /// - Returns: the blobs that no row names any more.
    func discard(_ ref: VersionRef) async throws -> [BlobID]

    /// A sound source of that tenant, size and digest; nil where there is none.
    func source(of tenant: Tenant, sha256: SHA256Digest, bytes: Int) async throws -> BlobRecord?

    /// The upload that an idempotency key belongs to; nil for a key that is free.
    func upload(under key: IdempotencyKey, of tenant: Tenant) async throws -> IdempotentUpload?

    /// Frees idempotency keys that were taken before a date, `limit` at most. Returns how many.
    func releaseIdempotencyKeys(before: Date, limit: Int) async throws -> Int

    /// What a tenant has stored.
    func usage(of tenant: Tenant) async throws -> Usage

    // Reading.

    /// The version, whatever its state; nil where there is none.
    func version(_ ref: VersionRef) async throws -> AssetVersion?

    /// The version of the asset with the highest number, whatever its state; nil for an unknown asset.
    func newestVersion(of asset: AssetID) async throws -> AssetVersion?

    /// Versions of the asset, whatever their state, newest first.
    ///
    /// - Parameters:
    ///   - before: the last number of the page before; nil for the first page.
    ///   - limit: 1 or more. Fewer rows than `limit`: the end was reached.
    func versions(of asset: AssetID, before: VersionNumber?, limit: Int) async throws -> [AssetVersion]

    /// The version that `latest` is; nil for an unknown asset and for one without a ready version.
    func latest(of asset: AssetID) async throws -> VersionNumber?

    /// The rendition that a version became ready with for a preset, or nil.
    func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition?

    /// A rendition that was made after the upload (``keep(_:of:quota:oneOffsMax:)``), or nil.
    func furtherRendition(
        of asset: AssetID,
        version: VersionNumber,
        named name: RenditionName
    ) async throws -> DeliverableRendition?

    /// Adds a rendition to a ready version, beside those that it became ready with. Where it has one of that name
    /// already, that one stays: what a URL gives never changes.
    ///
    /// - Returns: the rendition as it is now. Where its blob is not the given one, nothing names the given one.
    /// - Parameter oneOffsMax: how many recipes without a name a version may have kept; nil: any number.
    /// - Throws: `.conflict` where the version is not there or not ready; `.gone`, `.quotaExceeded`, `.keyRetired`;
    ///   `.tooManyRecipes`.
    func keep(_ rendition: Rendition, of ref: VersionRef, quota: Quota, oneOffsMax: Int?) async throws -> Rendition

    /// How many recipes without a name a version has kept.
    func oneOffs(of ref: VersionRef) async throws -> Int

    /// Assets in the order of their ids (which is that of their making), each as its newest version.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: 1 or more. Fewer rows than `limit`: the end was reached.
    func page(after: AssetID?, limit: Int) async throws -> [AssetVersion]

    /// Versions that are `processing`, oldest first: what a crash left unfinished.
    func unfinished() async throws -> [VersionRef]

    // The rest of a life.

    /// Whether the asset is there, deleted, or was never there (nil).
    func standing(of asset: AssetID) async throws -> AssetStanding?

    /// Makes `latest` this version, which is `ready`, until a newer version becomes ready. Throws `.unknownAsset`,
    /// `.gone`, `.unknownVersion`, `.conflict` unless it is `ready`.
    func setLatest(_ ref: VersionRef) async throws

    /// Deletes an asset: it is gone for every reader at once, its rows and blobs stay for the grace. Deleting a deleted
    /// one changes nothing, not the date either. Throws `.unknownAsset`.
    func delete(_ asset: AssetID, at date: Date) async throws

    /// Takes a deletion back. Throws `.unknownAsset`, `.gone` where it was erased, `.conflict` where it is not deleted.
    func undelete(_ asset: AssetID) async throws

    /// Assets that were deleted before a date and are not erased yet, oldest deletion first.
    func deleted(before: Date, limit: Int) async throws -> [AssetID]

    /// Forgets all of a deleted asset but that it was there: what remains is a row that says so. Erasing twice changes
    /// nothing. Throws `.unknownAsset`, `.conflict` unless it is deleted.
    ///
    /// - Returns: the blobs that no row names any more.
    func erase(_ asset: AssetID) async throws -> [BlobID]
}

extension AssetCatalog {
    /// Commit 2 of a picture of which nobody knows what it looks like.
    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition],
        quota: Quota
    ) async throws -> AssetVersion {
        try await self.complete(ref, sourceSize: sourceSize, renditions: renditions, impression: nil, quota: quota)
    }
}

/// A rendition with what delivery needs to know of its version.
package struct DeliverableRendition: Hashable, Sendable {
    package let ref: VersionRef
    package let rendition: Rendition
    /// When the version became part of the catalog; `Last-Modified`.
    package let createdAt: Date
    /// Whether it is answered in place of another format that could not be had just then; never so as the catalog gives
    /// it.
    package var isStandIn = false

    package init(ref: VersionRef, rendition: Rendition, createdAt: Date) {
        self.ref = ref
        self.rendition = rendition
        self.createdAt = createdAt
    }
}

/// Why the catalog could not answer or commit.
package struct CatalogError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        package static let unknownAsset = Code(description: "unknown-asset")
        package static let unknownVersion = Code(description: "unknown-version")
        /// The asset was deleted.
        package static let gone = Code(description: "gone")
        /// The idempotency key belongs to another upload.
        package static let keyTaken = Code(description: "idempotency-key-taken")
        /// The tenant would have more than it may.
        package static let quotaExceeded = Code(description: "quota-exceeded")
        /// The version has as many recipes without a name as it may.
        package static let tooManyRecipes = Code(description: "too-many-recipes")
        /// The envelope key of a new blob is not in the catalog any more: the blob could never be opened.
        package static let keyRetired = Code(description: "envelope-key-retired")
        /// Blobs still need the envelope key.
        package static let keyInUse = Code(description: "envelope-key-in-use")
        /// The row is not in the state that the call needs.
        package static let conflict = Code(description: "conflict")
        /// The disk is full.
        package static let full = Code(description: "full")
        /// A commit could not be made durable: the process must end (RELIABILITY §3.4).
        package static let syncFailed = Code(description: "sync-failed")
        /// The database was written by a newer program.
        package static let newer = Code(description: "newer")
        /// Rows that cannot be read as what they should be.
        package static let corrupt = Code(description: "corrupt")
        package static let failed = Code(description: "failed")
    }

    package let code: Code
    /// For logs. Never for a client.
    package let detail: String

    package init(_ code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { "catalog: \(self.code)" }
    /// With the detail: for logs.
    package var debugDescription: String { "\(self), \(self.detail)" }
}
