/// Somewhere that blobs of a store are copied to, by reference where that can be.
///
/// All calls may be made at once from many tasks. Errors are ``BlobStoreError``.
package protocol BlobCopies: Sendable {
    /// A page of the copies that are there, in the order of their ids.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: rows at the most, 1 or more. Fewer than `limit` rows: the end was reached.
    func blobs(after: BlobID?, limit: Int) async throws -> [StoredBlob]

    /// Copies a blob, in place of a copy that is there; durable when the whole is committed. Throws `.missing` where
    /// the source has no such blob.
    func take(_ id: BlobID) async throws -> BlobPassage
}

/// How a blob came to its copy.
package enum BlobPassage: Hashable, Sendable {
    /// Another name for the same bytes on the disk.
    case linked
    case copied
}

/// A folder that a back-up is written into: a copy of the catalog, the blobs that this copy names, and a manifest. What
/// was there before stays a whole back-up until ``commit(_:)``. Held by one process at a time.
package protocol BackupTarget: BlobCopies {
    /// The back-up that was there before; nil where there was none.
    var manifest: BackupManifest? { get }

    /// A path for a copy of the catalog, at which nothing is. An earlier copy that was not committed is removed.
    func makeCatalogPath() async throws -> String

    /// Removes a copy. Removing what is not there is no error.
    func remove(_ id: BlobID) async throws

    /// Makes the copy of the catalog at the path that was given last, together with what was taken, the back-up of this
    /// folder; durable on return.
    func commit(_ manifest: BackupManifest) async throws
}

/// A data folder that is made of a back-up. There is nothing at its place before ``commit()``, so that no service
/// starts on half of one.
package protocol RestoreTarget: BlobCopies {
    /// That of the back-up.
    var manifest: BackupManifest { get }

    /// Copies the catalog and the mirror of the envelope keys.
    ///
    /// - Returns: the path of the copied catalog.
    func takeCatalog() async throws -> String

    /// Gives the folder its name; durable on return. Throws `.failed` where something has the name by now.
    func commit() async throws
}
