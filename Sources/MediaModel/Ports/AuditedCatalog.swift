package import FoundationEssentials

/// What verification asks of the catalog, and what it may mend in it.
package protocol AuditedCatalog: Sendable {
    /// Which of `blobs` a row names.
    func known(among blobs: [BlobID]) async throws -> Set<BlobID>

    /// All blobs that are named, in the order of their ids.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: 1 or more. Fewer rows than `limit`: the end was reached.
    func blobs(after: BlobID?, limit: Int) async throws -> [BlobRecord]

    /// How many blobs are named, and their sealed bytes in all.
    func blobTotals() async throws -> BlobTotals

    /// What names a blob; empty where nothing does.
    func uses(of blob: BlobID) async throws -> [BlobUse]

    /// Notes that a blob is not what it should be, or (nil) that it is. A damaged source is sound for no new version.
    func setDamage(_ damage: String?, of blob: BlobID) async throws

    /// The blobs that are known to be damaged, with what was noted, in the order of their ids; `limit` at most.
    func damaged(limit: Int) async throws -> [DamagedBlob]

    /// Gives a rendition another blob with the same bytes.
    ///
    /// - Parameter old: the blob it has now. Throws `.conflict` where it has another.
    /// - Returns: the blobs that no row names any more.
    func replace(_ old: BlobID, with new: BlobRecord, of use: BlobUse) async throws -> [BlobID]

    /// Gives everything that names a blob another one, which is the same picture sealed anew, all in one transaction:
    /// a source may be that of many versions, and of deleted assets, too. When it returns no row names `old`.
    ///
    /// - Parameter new: nothing names it yet; sealed as the same thing as `old`.
    /// - Throws: `.conflict` where nothing names `old`, or `new` is named already, or is of other bytes or another
    ///   identity; `.keyRetired`.
    func replace(_ old: BlobID, with new: BlobRecord) async throws

    /// Checks what the catalog says against itself: the database's own checks, references, sums, states.
    ///
    /// - Parameter repairs: put right what follows from the rest (sums, `latest`); what does not is only told.
    func audit(repairs: Bool) async throws -> [CatalogFinding]

    /// How far the scrub is; nil before the first one.
    func scrubProgress() async throws -> ScrubProgress?

    /// Notes how far the scrub is.
    func setScrubProgress(_ progress: ScrubProgress) async throws
}

/// Something that names a blob.
package enum BlobUse: Hashable, Sendable {
    case source(of: VersionRef)
    case rendition(of: VersionRef, preset: PresetName)
    /// One that was made after the upload.
    case further(of: VersionRef, name: RenditionName)
}

/// All blobs together.
package struct BlobTotals: Hashable, Sendable {
    package let blobs: Int
    package let sealedBytes: Int

    package init(blobs: Int, sealedBytes: Int) {
        self.blobs = blobs
        self.sealedBytes = sealedBytes
    }
}

/// A blob that cannot be served.
package struct DamagedBlob: Hashable, Sendable {
    package let blob: BlobRecord
    /// The code of what was found, for example `corrupt` or `missing`.
    package let damage: String

    package init(blob: BlobRecord, damage: String) {
        self.blob = blob
        self.damage = damage
    }
}

/// Something in the catalog that contradicts the rest of it.
package struct CatalogFinding: Hashable, Sendable {
    /// Stable, for example `usage-differs`.
    package let code: String
    /// Which row, and what is wrong with it.
    package let detail: String
    package let isRepaired: Bool

    package init(code: String, detail: String, isRepaired: Bool) {
        self.code = code
        self.detail = detail
        self.isRepaired = isRepaired
    }
}

/// Where a scrub is on its way through all blobs.
package struct ScrubProgress: Hashable, Sendable {
    /// The last blob that was looked at in this round; nil before the first.
    package let position: BlobID?
    /// When this round began.
    package let startedAt: Date
    /// When the last whole round ended; nil before the first did.
    package let completedAt: Date?

    package init(position: BlobID?, startedAt: Date, completedAt: Date?) {
        self.position = position
        self.startedAt = startedAt
        self.completedAt = completedAt
    }
}
