import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func envelopeKeys() async throws -> [EnvelopeKeyRecord] {
        try await self.read { database in
            try Row.fetchAll(CatalogSQL.envelopeKeys.prepared(database, [])).map { try Rows.envelopeKey($0) }
        }
    }

    package func add(_ key: EnvelopeKeyRecord) async throws {
        let arguments: StatementArguments = [
            "id": key.id.description, "tenant": key.tenant.description,
            "created_ms": Rows.milliseconds(key.createdAt), "root_key": key.wrapped?.rootKey.description,
            "wrapped": key.wrapped.map { Data($0.bytes) },
        ]
        _ = try await self.commit { try CatalogSQL.insertEnvelopeKey.run($0, arguments) }
    }

    package func setWrapped(_ wrapped: WrappedEnvelopeKey, of key: EnvelopeKeyID) async throws {
        let arguments: StatementArguments = [
            "id": key.description, "root_key": wrapped.rootKey.description, "wrapped": Data(wrapped.bytes),
        ]
        try await self.commit { database in
            guard try CatalogSQL.setWrapped.run(database, arguments) == 1 else {
                throw CatalogError(.conflict, detail: "no envelope key \(key)")
            }
        }
    }

    package func retire(_ key: EnvelopeKeyID) async throws {
        try await self.commit { database in
            do {
                try CatalogSQL.deleteEnvelopeKey.run(database, ["id": key.description])
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY {
                throw CatalogError(.keyInUse, detail: "blobs need the envelope key \(key)")
            }
        }
    }

    package func blobCounts() async throws -> [EnvelopeKeyID: Int] {
        try await self.read { database in
            let rows = try Row.fetchAll(CatalogSQL.blobCounts.prepared(database, []))
            let counts = try rows.map { row in
                let key = try Rows.envelopeKeyID("needed_key", of: row, row: "blobs")
                return (key, try Rows.value("blobs", as: Int.self, of: row, row: "blobs"))
            }
            return Dictionary(uniqueKeysWithValues: counts)
        }
    }

    package func blobs(under key: EnvelopeKeyID, after: BlobID?, limit: Int) async throws -> [BlobRecord] {
        precondition(limit >= 1, "a page has at least one row")
        let arguments: StatementArguments = [
            // Every id sorts after no bytes.
            "key": key.description, "after": Data(after?.bytes ?? []), "limit": limit,
        ]
        return try await self.read { database in
            try Row.fetchAll(CatalogSQL.blobsUnderKey.prepared(database, arguments)).map {
                try Rows.blob($0, row: "blobs under \(key)")
            }
        }
    }

    package func rewrap(_ changes: [DataKeyChange]) async throws -> Int {
        try await self.commit { database in
            try changes.reduce(0) { try $0 + Self.rewrap($1, in: database) }
        }
    }

    private static func rewrap(_ change: DataKeyChange, in database: Database) throws -> Int {
        var changed = 0
        try Self.refusingRetired(change.to) {
            changed = try CatalogSQL.rewrap.run(
                database,
                change.blob.arguments &+ [
                    "from": change.from.description, "to": change.to.description,
                    "wrapped": Data(change.wrapped.bytes),
                ]
            )
        }
        return changed
    }
}
