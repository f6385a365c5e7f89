import GRDB
package import MediaModel

extension SQLiteCatalog {
    /// Adds an asset as it once was: for a catalog that is made anew from what the blobs' headers say. One transaction;
    /// the envelope keys of the blobs must be there (``EnvelopeKeyCatalog/add(_:)``).
    ///
    /// `latest` is the newest version that is ready. A source may be
    /// that of other versions too, also of another asset; a rendition's blob is its own.
    ///
    /// - Parameters:
    ///   - versions: at least one, each `ready` with all its renditions or `processing` without any, each number once.
    ///   - last: the last number that counts as taken; that of the last version, or more.
    /// - Throws: ``CatalogError``: `.conflict` where the asset is there, or a rendition's blob; `.keyRetired`.
    package func insertRestored(
        asset: AssetID,
        tenant: Tenant,
        versions: [AssetVersion],
        last: VersionNumber
    ) async throws {
        for version in versions {
            precondition(
                version.ref.asset == asset && version.tenant == tenant,
                "a version is its asset's and tenant's"
            )
            precondition(
                version.state != .failed
                    && version.renditions.map(\.preset) == (version.isReady ? version.presets : []),
                "a version is ready with all renditions, or processing with none"
            )
        }
        guard let first = versions.map(\.createdAt).min() else { preconditionFailure("an asset has a version") }
        precondition(versions.allSatisfy { $0.ref.number <= last }, "the number of a version was taken")
        let latest = versions.filter(\.isReady).map(\.ref.number).max()
        try await self.commit { database in
            try Self.insertAsset(asset, of: tenant, createdAt: first, last: last, latest: latest, in: database)
            for version in versions {
                try Self.insertRestored(version.source, in: database)
                try Self.insert(version, source: version.source.id, in: database)
                for rendition in version.renditions { try Self.insert(rendition, of: version.ref, in: database) }
            }
        }
    }

    private static func insertRestored(_ source: BlobRecord, in database: Database) throws {
        guard let row = try Row.fetchOne(CatalogSQL.blob.prepared(database, source.id.arguments)) else {
            return try Self.insert(source, in: database)
        }
        guard try Rows.blob(row, row: "blobs \(source.id)") == source else {
            throw CatalogError(.conflict, detail: "there is another blob \(source.id)")
        }
    }
}

extension AssetVersion {
    fileprivate var isReady: Bool { self.state == .ready }
}
