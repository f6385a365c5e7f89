import GRDB
package import MediaModel

extension SQLiteCatalog {
    package func audit(repairs: Bool) async throws -> [CatalogFinding] {
        let discrepancies = try await Self.blocking("audit") {
            try self.withReader { reader in
                var audit = CatalogAudit(reader)
                return try audit.run()
            }
        }
        var findings: [CatalogFinding] = []
        for discrepancy in discrepancies {
            if repairs, let repair = discrepancy.repair { try await self.commit(repair) }
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
}
