package import MediaModel

/// Reads what the catalog knows of assets.
package struct Describe: Sendable {
    /// Assets in one page at the most.
    package static let pageLimitMax = 100
    package static let pageLimitDefault = 20

    let catalog: any Catalog

    package init(catalog: any Catalog) { self.catalog = catalog }

    /// The asset as its newest version. Throws `.unknownAsset`.
    package func asset(_ id: AssetID) async throws -> AssetVersion {
        guard let version = try await self.catalog.newestVersion(of: id) else {
            throw OriginError(.unknownAsset, detail: id.description)
        }
        return version
    }

    /// A page of assets in the order of their making, and where the next one begins (nil at the end).
    ///
    /// - Parameter limit: 1 ... ``pageLimitMax``.
    package func page(after: AssetID?, limit: Int) async throws -> (versions: [AssetVersion], next: AssetID?) {
        // One more than asked for tells whether there is a next page.
        let rows = try await self.catalog.page(after: after, limit: limit + 1)
        let versions = Array(rows.prefix(limit))
        return (versions, rows.count > limit ? versions.last?.ref.asset : nil)
    }
}
