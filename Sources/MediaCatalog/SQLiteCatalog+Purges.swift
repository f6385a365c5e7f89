package import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func purges(to target: PurgeTargetName, due date: Date, limit: Int) async throws -> [PurgeRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            let arguments: StatementArguments = [
                "target": target.description, "now_ms": Rows.milliseconds(date), "limit": limit,
            ]
            return try Row.fetchAll(CatalogSQL.duePurges.prepared(database, arguments)).map { try Rows.purge($0) }
        }
    }

    package func nextPurge(to target: PurgeTargetName) async throws -> Date? {
        try await self.read { database in
            let statement = try CatalogSQL.nextPurge.prepared(database, ["target": target.description])
            return try Int64.fetchOne(statement).map { Rows.date(milliseconds: $0) }
        }
    }

    package func settle(_ purges: [PurgeSettlement]) async throws {
        try await self.commit { database in
            for purge in purges { try Self.settle(purge, in: database) }
        }
    }

    package func purgeLag(of target: PurgeTargetName) async throws -> PurgeLag {
        try await self.read { database in
            let statement = try CatalogSQL.purgeLag.prepared(database, ["target": target.description])
            guard let row = try Row.fetchOne(statement) else { return .none }
            let name = "purges to \(target)"
            let oldest = try Rows.optional("oldest_ms", as: Int64.self, of: row, row: name)
            return PurgeLag(
                pending: try Rows.value("pending", as: Int.self, of: row, row: name),
                oldest: oldest.map { Rows.date(milliseconds: $0) }
            )
        }
    }

    package func purges(after: Int64?, limit: Int) async throws -> [PurgeRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.read { database in
            let arguments: StatementArguments = ["after": after ?? 0, "limit": limit]
            return try Row.fetchAll(CatalogSQL.purgePage.prepared(database, arguments)).map { try Rows.purge($0) }
        }
    }

    package func requestPurge(of asset: AssetID, at date: Date) async throws -> Int {
        let outbox = self.outbox
        let count = try await self.commit { database in
            guard try Self.asset(asset, in: database) != nil else {
                throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
            }
            return try outbox.note(.requested, of: asset, at: date, in: database)
        }
        outbox.ring()
        return count
    }

    package func hastenPurges(to target: PurgeTargetName?, at date: Date) async throws -> Int {
        let outbox = self.outbox
        let targets = target.map { [$0] } ?? outbox.targets
        let count = try await self.commit { database in
            try targets.reduce(0) { count, target in
                let arguments: StatementArguments = [
                    "target": target.description, "now_ms": Rows.milliseconds(date),
                ]
                return count + (try CatalogSQL.hastenPurges.run(database, arguments))
            }
        }
        outbox.ring()
        return count
    }

    package func giveUpPurges(before date: Date, limit: Int) async throws -> [PurgeRecord] {
        precondition(limit >= 1, "at least one record")
        return try await self.commit { database in
            let arguments: StatementArguments = ["before": Rows.milliseconds(date), "limit": limit]
            let rows = try Row.fetchAll(CatalogSQL.oldPurges.prepared(database, arguments))
            let records = try rows.map { try Rows.purge($0) }
            for record in records { try CatalogSQL.deletePurge.run(database, ["id": record.id]) }
            return records
        }
    }

    private static func settle(_ purge: PurgeSettlement, in database: Database) throws {
        switch purge {
        case .done(let id):
            try CatalogSQL.deletePurge.run(database, ["id": id])
        case .again(let id, let sentAt, let dueAt):
            let arguments: StatementArguments = [
                "id": id, "sent_ms": Rows.milliseconds(sentAt), "due_ms": Rows.milliseconds(dueAt),
            ]
            try CatalogSQL.sendPurgeAgain.run(database, arguments)
        case .failed(let id, let error, let dueAt):
            let arguments: StatementArguments = ["id": id, "error": error, "due_ms": Rows.milliseconds(dueAt)]
            try CatalogSQL.failPurge.run(database, arguments)
        }
    }
}

extension Rows {
    fileprivate static func purge(_ source: Row) throws(CatalogError) -> PurgeRecord {
        let id = try Self.value("id", as: Int64.self, of: source, row: "purges")
        let row = "purges \(id)"
        guard let target = PurgeTargetName(try Self.value("target", as: String.self, of: source, row: row)) else {
            throw Self.corrupt(row, "target is no target's name")
        }
        guard let change = PurgeChange(rawValue: try Self.value("change", as: String.self, of: source, row: row)) else {
            throw Self.corrupt(row, "change is none")
        }
        let paths = try Self.value("paths", as: String.self, of: source, row: row)
        let sent = try Self.optional("sent_ms", as: Int64.self, of: source, row: row)
        return PurgeRecord(
            id: id,
            target: target,
            asset: try Self.assetID(Self.value("asset", as: String.self, of: source, row: row), row: row),
            change: change,
            paths: paths.split(separator: "\n").map(String.init),
            createdAt: try Self.date("created_ms", of: source, row: row),
            dueAt: try Self.date("due_ms", of: source, row: row),
            attempts: try Self.value("attempts", as: Int.self, of: source, row: row),
            sentAt: sent.map { Self.date(milliseconds: $0) },
            error: try Self.optional("error", as: String.self, of: source, row: row)
        )
    }

    fileprivate static func date(milliseconds: Int64) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
