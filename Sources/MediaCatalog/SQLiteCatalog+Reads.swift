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

    package func versions(
        of asset: AssetID,
        before: VersionNumber?,
        limit: Int
    ) async throws -> [AssetVersion] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            let below = before?.value ?? VersionNumber.max.value + 1
            let arguments: StatementArguments = ["asset": asset.description, "before": below, "limit": limit]
            let numbers = try Int.fetchAll(CatalogSQL.numbersBelow.prepared(database, arguments))
            return try numbers.compactMap { value in
                let number = try Rows.number(value, row: "versions \(asset)")
                return try Self.version(VersionRef(asset: asset, number: number), in: database)
            }
        }
    }

    package func latest(of asset: AssetID) async throws -> VersionNumber? {
        try await self.read { database in
            let statement = try CatalogSQL.latest.prepared(database, asset.arguments)
            return try Int.fetchOne(statement).map { try Rows.number($0, row: "assets \(asset)") }
        }
    }

    package func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition? {
        let number: Int? =
            switch version {
            case .number(let given): given.value
            case .latest: nil
            }
        return try await self.read { database in
            let arguments: StatementArguments = [
                "asset": asset.description, "number": number, "preset": preset.description,
            ]
            guard let row = try Row.fetchOne(CatalogSQL.rendition.prepared(database, arguments)) else { return nil }
            return try Rows.deliverable(row, of: asset)
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
        let statement = try CatalogSQL.newestNumber.prepared(database, asset.arguments)
        guard let value = try Int.fetchOne(statement) else { return nil }
        let number = try Rows.number(value, row: "versions \(asset)")
        return try Self.version(VersionRef(asset: asset, number: number), in: database)
    }
}
