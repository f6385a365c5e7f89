package import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func standing(of asset: AssetID) async throws -> AssetStanding? {
        try await self.read { try Self.asset(asset, in: $0)?.standing }
    }

    package func setLatest(_ ref: VersionRef) async throws {
        let outbox = self.outbox
        let now = Date()
        try await self.commit { database in
            let isSet = try outbox.notingLatest(of: ref.asset, at: now, in: database) {
                try CatalogSQL.setLatest.run(database, ref.arguments) == 1
            }
            if isSet { return }
            guard try Self.asset(ref.asset, in: database)?.standing == .present else {
                throw try Self.absent(ref.asset, in: database)
            }
            guard let version = try Self.version(ref, in: database) else {
                throw CatalogError(.unknownVersion, detail: "no version \(ref)")
            }
            throw CatalogError(.conflict, detail: "\(ref) is \(version.state), not ready")
        }
        outbox.ring()
    }

    package func delete(_ asset: AssetID, at date: Date) async throws {
        let outbox = self.outbox
        try await self.commit { database in
            let arguments = asset.arguments &+ ["deleted_ms": Rows.milliseconds(date)]
            if try CatalogSQL.markDeleted.run(database, arguments) == 1 {
                try outbox.note(.deleted, of: asset, at: date, in: database)
                return
            }
            guard try Self.asset(asset, in: database) != nil else { throw try Self.absent(asset, in: database) }
        }
        outbox.ring()
    }

    package func undelete(_ asset: AssetID) async throws {
        let outbox = self.outbox
        let now = Date()
        try await self.commit { database in
            if try CatalogSQL.unmarkDeleted.run(database, asset.arguments) == 1 {
                try outbox.note(.undeleted, of: asset, at: now, in: database)
                return
            }
            guard try Self.asset(asset, in: database)?.standing == .present else {
                throw try Self.absent(asset, in: database)
            }
            throw CatalogError(.conflict, detail: "asset \(asset) is not deleted")
        }
        outbox.ring()
    }

    package func deleted(before date: Date, limit: Int) async throws -> [AssetID] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            let arguments: StatementArguments = ["before": Rows.milliseconds(date), "limit": limit]
            return try String.fetchAll(CatalogSQL.deleted.prepared(database, arguments)).map { id in
                try Rows.assetID(id, row: "assets \(id)")
            }
        }
    }

    package func erase(_ asset: AssetID) async throws -> [BlobID] {
        try await self.commit { try Self.erase(asset, in: $0) }
    }

    private static func erase(_ asset: AssetID, in database: Database) throws -> [BlobID] {
        switch try Self.asset(asset, in: database)?.standing {
        case nil: throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
        case .present: throw CatalogError(.conflict, detail: "asset \(asset) is not deleted")
        case .erased: return []
        case .deleted: break
        }
        let rows = try Data.fetchAll(CatalogSQL.blobsOfAsset.prepared(database, asset.arguments))
        let blobs = Set(try rows.map { try Rows.blobID($0, row: "versions or renditions of \(asset)") })
        let statements: [CatalogSQL] = [
            .eraseIdempotencyKeys, .eraseRenditions, .eraseFurther, .eraseVersions, .markErased,
        ]
        for statement in statements { try statement.run(database, asset.arguments) }
        return try Self.giveUp(blobs.sorted(), in: database)
    }
}
