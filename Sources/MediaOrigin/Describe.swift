package import MediaModel

/// Reads what the catalog knows of assets.
package struct Describe: Sendable {
    /// Assets in one page at the most.
    package static let pageLimitMax = 100
    package static let pageLimitDefault = 20

    let catalog: any Catalog

    package init(catalog: any Catalog) { self.catalog = catalog }

    /// The asset as its newest version. Throws `.unknownAsset`, `.gone`.
    package func asset(_ id: AssetID) async throws -> AssetVersion {
        guard let version = try await self.catalog.newestVersion(of: id) else {
            throw try await self.catalog.absence(of: id, orElse: .unknownAsset, detail: id.description)
        }
        return version
    }

    /// One version. Throws `.unknownVersion`, `.gone`.
    package func version(_ ref: VersionRef) async throws -> AssetVersion {
        guard let version = try await self.catalog.version(ref) else {
            throw try await self.catalog.absence(of: ref.asset, orElse: .unknownVersion, detail: ref.description)
        }
        return version
    }

    /// A page of an asset's versions, newest first, with the one that `latest` is, and where the next page begins (nil
    /// at the end). Throws `.unknownAsset`, `.gone`.
    ///
    /// - Parameter limit: 1 ... ``pageLimitMax``.
    package func versions(of id: AssetID, before: VersionNumber?, limit: Int) async throws -> VersionPage {
        let rows = try await self.catalog.versions(of: id, before: before, limit: limit + 1)
        if rows.isEmpty, before == nil {
            throw try await self.catalog.absence(of: id, orElse: .unknownAsset, detail: id.description)
        }
        let versions = Array(rows.prefix(limit))
        let latest = try await self.catalog.latest(of: id)
        return VersionPage(
            versions: versions,
            latest: latest,
            next: rows.count > limit ? versions.last?.ref.number : nil
        )
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

/// Some versions of one asset.
package struct VersionPage: Sendable {
    /// Newest first.
    package let versions: [AssetVersion]
    /// What `latest` is; nil while no version is ready.
    package let latest: VersionNumber?
    /// Where the next page begins; nil on the last.
    package let next: VersionNumber?
}

extension Catalog {
    /// Why something of an asset is not there: the asset was deleted, or it never was.
    func absence(
        of asset: AssetID,
        orElse code: OriginError.Code,
        detail: String
    ) async throws -> OriginError {
        switch try await self.standing(of: asset) {
        case .deleted, .erased: OriginError(.gone, detail: detail)
        case .present, nil: OriginError(code, detail: detail)
        }
    }
}
