package import FoundationEssentials
import Logging
package import MediaModel

/// Deletes assets: gone for every reader at once, taken back within the grace, erased after it.
package struct Remove: Sendable {
    /// Assets erased between two looks at whether to stop; versions looked through at a time.
    static let pageLimit = 100

    let catalog: any Catalog
    let vault: BlobVault
    let cache: RenditionCache
    /// How long a deleted asset can be taken back.
    let grace: Duration
    let backlog: Backlog?

    /// - Parameter backlog: goes on with the versions of an asset that was taken back; nil: the next start does.
    package init(
        catalog: any Catalog,
        vault: BlobVault,
        cache: RenditionCache,
        grace: Duration,
        backlog: Backlog? = nil
    ) {
        self.catalog = catalog
        self.vault = vault
        self.cache = cache
        self.grace = grace
        self.backlog = backlog
    }

    /// Deletes an asset: all its URLs are gone when this returns. Deleting it again changes nothing.
    ///
    /// - Parameter immediately: do not wait for the grace: its blobs are removed when this returns, or at the next
    ///   collection where one will not go.
    /// - Throws: `.unknownAsset` of ``CatalogError``.
    package func callAsFunction(_ asset: AssetID, immediately: Bool, now: Date = Date()) async throws {
        try await self.catalog.delete(asset, at: now)
        // Who answers from memory does not ask the catalog.
        self.cache.remove(asset)
        Logger.current.notice("Asset deleted", metadata: ["asset": "\(asset)", "immediately": "\(immediately)"])
        if immediately { try await self.erase(asset) }
    }

    /// Takes a deletion back. Throws ``CatalogError``: `.unknownAsset`, `.gone` where it was erased, `.conflict` where
    /// it is not deleted.
    package func undo(_ asset: AssetID) async throws {
        try await self.catalog.undelete(asset)
        Logger.current.notice("Deletion taken back", metadata: ["asset": "\(asset)"])
        try await self.resumeVersions(of: asset)
    }

    /// While it was deleted, nobody could finish them.
    private func resumeVersions(of asset: AssetID) async throws {
        guard let backlog = self.backlog else { return }
        var last: VersionNumber?
        var page: [AssetVersion]
        repeat {
            page = try await self.catalog.versions(of: asset, before: last, limit: Self.pageLimit)
            for version in page where version.state == .processing && version.isAnnounced { backlog.add(version.ref) }
            last = page.last?.ref.number
        } while page.count == Self.pageLimit
    }

    /// Erases what was deleted longer ago than the grace.
    ///
    /// - Returns: how many assets were erased.
    package func eraseExpired(now: Date = Date()) async throws -> Int {
        let limit = now.addingTimeInterval(-self.grace.seconds)
        var erased = 0
        while !Task.isCancelled {
            let page = try await self.catalog.deleted(before: limit, limit: Self.pageLimit)
            for asset in page { try await self.erase(asset) }
            erased += page.count
            if page.count < Self.pageLimit { break }
        }
        return erased
    }

    /// Rows first, then files: a crash between them leaves an orphan, never a row that points at nothing.
    private func erase(_ asset: AssetID) async throws { await self.vault.remove(try await self.catalog.erase(asset)) }
}

extension Duration {
    var seconds: TimeInterval {
        Double(self.components.seconds) + Double(self.components.attoseconds) / 1e18
    }
}
