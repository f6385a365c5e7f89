import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func known(among blobs: [BlobID]) async throws -> Set<BlobID> {
        try await self.read { database in
            var known: Set<BlobID> = []
            for blob in blobs {
                let statement = try CatalogSQL.knownBlob.prepared(database, blob.arguments)
                if try Int.fetchOne(statement) != nil { known.insert(blob) }
            }
            return known
        }
    }

    package func blobs(after: BlobID?, limit: Int) async throws -> [BlobRecord] {
        precondition(limit >= 1, "a page has at least one row")
        // Every id sorts after no bytes.
        let arguments: StatementArguments = ["after": Data(after?.bytes ?? []), "limit": limit]
        return try await self.read { database in
            try Row.fetchAll(CatalogSQL.blobs.prepared(database, arguments)).map { try Rows.blob($0, row: "blobs") }
        }
    }

    package func blobTotals() async throws -> BlobTotals {
        try await self.read { database in
            guard let row = try Row.fetchOne(CatalogSQL.blobTotals.prepared(database, [])) else {
                throw CatalogError(.corrupt, detail: "usage: it has no sum")
            }
            return BlobTotals(
                blobs: try Rows.value("blobs", as: Int.self, of: row, row: "usage"),
                sealedBytes: try Rows.value("bytes", as: Int.self, of: row, row: "usage")
            )
        }
    }

    package func uses(of blob: BlobID) async throws -> [BlobUse] {
        try await self.read { database in
            let versions = try Row.fetchAll(CatalogSQL.usesAsSource.prepared(database, blob.arguments)).map { row in
                try Rows.ref(row)
            }
            let renditions = try Row.fetchAll(CatalogSQL.usesAsRendition.prepared(database, blob.arguments)).map {
                row in
                let ref = try Rows.ref(row)
                return BlobUse.rendition(of: ref, preset: try Rows.presetName(row, row: "renditions \(ref)"))
            }
            let further = try Row.fetchAll(CatalogSQL.usesAsFurther.prepared(database, blob.arguments)).map { row in
                let ref = try Rows.ref(row)
                let name = try Rows.renditionName(row, row: "further_renditions \(ref)")
                return BlobUse.further(of: ref, name: name)
            }
            let ordered = versions.sorted { ($0.asset, $0.number) < ($1.asset, $1.number) }
            return ordered.map { .source(of: $0) } + renditions + further
        }
    }

    package func setDamage(_ damage: String?, of blob: BlobID) async throws {
        _ = try await self.commit { database in
            try CatalogSQL.setDamage.run(database, blob.arguments &+ ["damage": damage])
        }
    }

    package func damaged(limit: Int) async throws -> [DamagedBlob] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            try Row.fetchAll(CatalogSQL.damagedBlobs.prepared(database, ["limit": limit])).map { row in
                let blob = try Rows.blob(row, row: "blobs")
                let damage = try Rows.value("damage", as: String.self, of: row, row: "blobs \(blob.id)")
                return DamagedBlob(blob: blob, damage: damage)
            }
        }
    }

    package func replace(_ old: BlobID, with new: BlobRecord, of use: BlobUse) async throws -> [BlobID] {
        try await self.commit { try Self.replace(old, with: new, of: use, in: $0) }
    }

    package func replace(_ old: BlobID, with new: BlobRecord) async throws {
        try await self.commit { try Self.replace(old, with: new, in: $0) }
    }

    package func scrubProgress() async throws -> ScrubProgress? {
        try await self.read { database in
            try Row.fetchOne(CatalogSQL.scrub.prepared(database, [])).map { try Rows.scrub($0) }
        }
    }

    package func setScrubProgress(_ progress: ScrubProgress) async throws {
        let arguments: StatementArguments = [
            "position": progress.position.map { Data($0.bytes) },
            "started_ms": Rows.milliseconds(progress.startedAt),
            "completed_ms": progress.completedAt.map { Rows.milliseconds($0) },
        ]
        _ = try await self.commit { try CatalogSQL.setScrub.run($0, arguments) }
    }
}

extension SQLiteCatalog {
    private static func replace(
        _ old: BlobID,
        with new: BlobRecord,
        of use: BlobUse,
        in database: Database
    ) throws -> [BlobID] {
        let place: StatementArguments
        let read: CatalogSQL
        let write: CatalogSQL
        switch use {
        case .source: throw CatalogError(.conflict, detail: "\(use): a source is never replaced")
        case .rendition(let ref, let preset):
            place = ref.arguments &+ ["preset": preset.description]
            read = .renditionsBlob
            write = .setRenditionsBlob
        case .further(let ref, let name):
            place = ref.arguments(name)
            read = .furthersBlob
            write = .setFurthersBlob
        }
        guard try Data.fetchOne(read.prepared(database, place)) == Data(old.bytes),
            let row = try Row.fetchOne(CatalogSQL.blob.prepared(database, old.arguments))
        else { throw CatalogError(.conflict, detail: "\(use) has not blob \(old)") }
        let record = try Rows.blob(row, row: "\(use)")
        // What a versioned URL gives never changes.
        guard record.bytes == new.bytes, record.sha256 == new.sha256 else {
            throw CatalogError(.conflict, detail: "\(use): blob \(new.id) has other bytes than \(old)")
        }
        try Self.insert(new, in: database)
        try write.run(database, place &+ new.id.arguments)
        return try Self.giveUp([old], in: database)
    }

    private static func replace(_ old: BlobID, with new: BlobRecord, in database: Database) throws {
        guard let row = try Row.fetchOne(CatalogSQL.blob.prepared(database, old.arguments)) else {
            throw CatalogError(.conflict, detail: "nothing names blob \(old)")
        }
        let record = try Rows.blob(row, row: "blobs \(old)")
        guard record.sealedAs == new.sealedAs, record.bytes == new.bytes, record.sha256 == new.sha256 else {
            throw CatalogError(.conflict, detail: "blob \(new.id) is not the same as \(old)")
        }
        try Self.insert(new, in: database)
        let move: StatementArguments = ["id": Data(old.bytes), "new": Data(new.id.bytes)]
        let sources = try CatalogSQL.moveSources.run(database, move)
        let renditions = try CatalogSQL.moveRenditions.run(database, move)
        let further = try CatalogSQL.moveFurther.run(database, move)
        guard sources + renditions + further > 0 else {
            throw CatalogError(.conflict, detail: "nothing names blob \(old)")
        }
        _ = try Self.giveUp([old], in: database)
    }
}
