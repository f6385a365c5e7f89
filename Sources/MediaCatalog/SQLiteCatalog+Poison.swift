package import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func strike(_ sha256: SHA256Digest, reason: String, at date: Date) async throws -> PoisonRecord {
        let digest: StatementArguments = ["sha256": Data(sha256.bytes)]
        let expired: StatementArguments = [
            "strikes": PoisonRecord.strikesMax,
            "before": Rows.milliseconds(date.addingTimeInterval(-PoisonRecord.strikeLifetime)),
        ]
        return try await self.commit { database in
            try CatalogSQL.forgetStrikes.run(database, expired)
            try CatalogSQL.makeRoomForStrike.run(database, digest &+ ["others": PoisonRecord.recordsMax - 1])
            try CatalogSQL.strike.run(database, digest &+ ["now_ms": Rows.milliseconds(date), "reason": reason])
            guard let record = try Self.poison(digest, in: database) else {
                throw CatalogError(.corrupt, detail: "poisoned \(sha256): the row that was written is not there")
            }
            return record
        }
    }

    package func poison(of sha256: SHA256Digest) async throws -> PoisonRecord? {
        try await self.read { try Self.poison(["sha256": Data(sha256.bytes)], in: $0) }
    }

    package func poisoned(limit: Int) async throws -> [PoisonRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            try Row.fetchAll(CatalogSQL.poisoned.prepared(database, ["limit": limit])).map { try Rows.poison($0) }
        }
    }

    package func clearPoison(of sha256: SHA256Digest?) async throws -> Int {
        try await self.commit { database in
            guard let sha256 else { return try CatalogSQL.clearAllPoison.run(database, []) }
            return try CatalogSQL.clearPoison.run(database, ["sha256": Data(sha256.bytes)])
        }
    }

    private static func poison(_ digest: StatementArguments, in database: Database) throws -> PoisonRecord? {
        try Row.fetchOne(CatalogSQL.poison.prepared(database, digest)).map { try Rows.poison($0) }
    }
}

extension Rows {
    fileprivate static func poison(_ source: Row) throws(CatalogError) -> PoisonRecord {
        let sha256 = try Self.sha256(source, row: "poisoned")
        let row = "poisoned \(sha256)"
        return PoisonRecord(
            sha256: sha256,
            strikes: try Self.value("strikes", as: Int.self, of: source, row: row),
            firstAt: try Self.date("first_ms", of: source, row: row),
            lastAt: try Self.date("last_ms", of: source, row: row),
            reason: try Self.value("reason", as: String.self, of: source, row: row)
        )
    }
}
