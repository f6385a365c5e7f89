package import FoundationEssentials

/// Remembers assets, versions, renditions and blobs. It is the only commit point: what it does not name was not
/// promised.
///
/// Contract, held by every adapter and tested by one suite (MediaTesting, `CatalogContract`):
/// - A write is durable when it returns and is all or nothing.
/// - A read that begins after a write returned sees it.
/// - All calls may be made at once from many tasks. A cancelled caller's write may still take effect.
/// - Errors are ``CatalogError``.
package protocol Catalog: Sendable {
    /// Takes the next number of an existing asset for an upload that begins now. Throws `.unknownAsset`.
    func reserveVersion(of asset: AssetID) async throws -> VersionNumber

    /// Gives a reserved number back where no later one was reserved meanwhile; otherwise it is skipped for ever.
    func releaseVersion(_ ref: VersionRef) async throws

    /// Commit 1: the version is durable and `processing`. Version 1 creates its asset; a later one needs a reserved
    /// number. `version.state` is `processing` and it has no renditions. Throws `.conflict` where the version exists.
    func begin(_ version: AssetVersion) async throws

    /// Commit 2: the renditions and the state `ready`, in one transaction. `latest` moves when no newer version is
    /// ready. Throws `.conflict` unless the version is `processing`.
    ///
    /// - Returns: the version as it is now.
    func complete(_ ref: VersionRef, sourceSize: PictureSize, renditions: [Rendition]) async throws -> AssetVersion

    /// Ends a `processing` version that was announced: it stays, `failed`. Throws `.conflict` unless it is
    /// `processing`.
    ///
    /// - Returns: the blobs that no row names any more (the source).
    func fail(_ ref: VersionRef, failure: String) async throws -> [BlobID]

    /// Removes a `processing` version as if it had never been: its asset too where it was the only version, and its
    /// number is free again where it is still the last. Throws `.conflict` unless it is `processing`.
    ///
    /// - Returns: the blobs that no row names any more.
    func discard(_ ref: VersionRef) async throws -> [BlobID]

    /// The version, whatever its state; nil where there is none.
    func version(_ ref: VersionRef) async throws -> AssetVersion?

    /// The version of the asset with the highest number, whatever its state; nil for an unknown asset.
    func newestVersion(of asset: AssetID) async throws -> AssetVersion?

    /// The rendition that a delivery path names, or nil. `latest` is the newest version that is `ready`.
    func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition?

    /// Assets in the order of their ids (which is that of their making), each as its newest version.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: 1 or more. Fewer rows than `limit`: the end was reached.
    func page(after: AssetID?, limit: Int) async throws -> [AssetVersion]

    /// Versions that are `processing`, oldest first: what a crash left unfinished.
    func unfinished() async throws -> [VersionRef]

    /// Which of `blobs` a row names.
    func known(among blobs: [BlobID]) async throws -> Set<BlobID>

    /// Throws where the catalog cannot commit now.
    func checkHealth() async throws
}

/// A rendition with what delivery needs to know of its version.
package struct DeliverableRendition: Hashable, Sendable {
    package let ref: VersionRef
    package let rendition: Rendition
    /// When the version became part of the catalog; `Last-Modified`.
    package let createdAt: Date

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
