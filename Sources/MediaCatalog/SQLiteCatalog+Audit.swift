import FoundationEssentials
import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func audit(repairs: Bool) async throws -> [CatalogFinding] {
        let discrepancies: [CatalogDiscrepancy]
        do {
            discrepancies = try await self.discrepancies()
        } catch let error as CatalogError where error.code == .corrupt {
            // So damaged that SQLite's own check cannot say how.
            let code = CatalogDiscrepancy.Code.integrity.rawValue
            return [CatalogFinding(code: code, detail: error.detail, isRepaired: false)]
        }
        var findings: [CatalogFinding] = []
        for discrepancy in discrepancies {
            if repairs, let repair = discrepancy.repair { try await self.commit(repair, discrepancy.asset) }
            findings.append(
                CatalogFinding(
                    code: discrepancy.code.rawValue,
                    detail: discrepancy.detail,
                    isRepaired: repairs && discrepancy.repair != nil
                )
            )
        }
        return findings
    }

    private func discrepancies() async throws -> [CatalogDiscrepancy] {
        try await Self.blocking("audit") {
            try self.withReader { reader in
                var audit = CatalogAudit(reader)
                return try audit.run()
            }
        }
    }

    /// A repair that may move `latest` of an asset is a change like any other to those who cache it.
    private func commit(_ repair: @escaping @Sendable (Database) throws -> Void, _ asset: AssetID?) async throws {
        guard let asset else { return try await self.commit(repair) }
        let outbox = self.outbox
        let now = Date()
        try await self.commit { database in
            try outbox.notingLatest(of: asset, at: now, in: database) { try repair(database) }
        }
        outbox.ring()
    }
}
