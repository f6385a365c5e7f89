import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func version(_ ref: VersionRef) async throws -> AssetVersion? {
        try await self.read { try Self.version(ref, in: $0) }
    }

    package func newestVersion(of asset: AssetID) async throws -> AssetVersion? {
        try await self.read { try Self.newestVersion(of: asset, in: $0) }
    }

    package func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition? {
        try await self.read { database in
            let number: VersionNumber
            switch version {
            case .number(let given): number = given
            case .latest:
                guard let latest = try Self.latestReady(of: asset, in: database) else { return nil }
                number = latest
            }
            return try Self.rendition(VersionRef(asset: asset, number: number), preset: preset, in: database)
        }
    }

    package func page(after: AssetID?, limit: Int) async throws -> [AssetVersion] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            // Every id sorts after the empty text.
            let arguments: StatementArguments = ["after": after?.description ?? "", "limit": limit]
            let ids = try String.fetchAll(CatalogSQL.assetPage.prepared(database, arguments))
            return try ids.map { id in
                let asset = try Rows.assetID(id, row: "assets \(id)")
                guard let version = try Self.newestVersion(of: asset, in: database) else {
                    throw CatalogError(.corrupt, detail: "assets \(id): it has no version")
                }
                return version
            }
        }
    }

    package func unfinished() async throws -> [VersionRef] {
        try await self.read { database in
            try Row.fetchAll(CatalogSQL.unfinished.prepared(database, [])).map { try Rows.ref($0) }
        }
    }

    package func known(among blobs: [BlobID]) async throws -> Set<BlobID> {
        try await self.read { database in
            var known: Set<BlobID> = []
            for blob in blobs {
                let statement = try CatalogSQL.knownBlob.prepared(database, ["id": Data(blob.bytes)])
                if try Int.fetchOne(statement) != nil { known.insert(blob) }
            }
            return known
        }
    }

    /// The envelope keys without which a blob of this catalog cannot be opened. Its cost is that of a look-up a key,
    /// however many blobs there are.
    ///
    /// - Throws: ``CatalogError``.
    package func envelopeKeysInUse() async throws -> Set<EnvelopeKeyID> {
        try await self.read { database in
            let ids = try String.fetchAll(CatalogSQL.envelopeKeys.prepared(database, []))
            return Set(ids.map(EnvelopeKeyID.init(_:)))
        }
    }
}

extension SQLiteCatalog {
    static func version(_ ref: VersionRef, in database: Database) throws -> AssetVersion? {
        guard let row = try Row.fetchOne(CatalogSQL.version.prepared(database, ref.arguments)) else { return nil }
        let renditions = try Row.fetchAll(CatalogSQL.renditions.prepared(database, ref.arguments)).map {
            try Rows.rendition($0, of: ref)
        }
        return try Rows.version(row, renditions: renditions)
    }

    private static func newestVersion(of asset: AssetID, in database: Database) throws -> AssetVersion? {
        let statement = try CatalogSQL.newestNumber.prepared(database, ["asset": asset.description])
        guard let value = try Int.fetchOne(statement) else { return nil }
        let number = try Rows.number(value, row: "versions \(asset)")
        return try Self.version(VersionRef(asset: asset, number: number), in: database)
    }

    private static func latestReady(of asset: AssetID, in database: Database) throws -> VersionNumber? {
        let statement = try CatalogSQL.latestReady.prepared(database, ["asset": asset.description])
        return try Int.fetchOne(statement).map { try Rows.number($0, row: "assets \(asset)") }
    }

    private static func rendition(
        _ ref: VersionRef,
        preset: PresetName,
        in database: Database
    ) throws -> DeliverableRendition? {
        let arguments = ref.arguments &+ ["preset": preset.description]
        guard let row = try Row.fetchOne(CatalogSQL.renditionOfNumber.prepared(database, arguments)) else { return nil }
        return DeliverableRendition(
            ref: ref,
            rendition: try Rows.rendition(row, of: ref),
            createdAt: try Rows.date("created_ms", of: row, row: "versions \(ref)")
        )
    }
}
