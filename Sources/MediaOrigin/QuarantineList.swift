import FoundationEssentials
package import MediaModel

/// Tells which sources have cost workers, and takes sources out of quarantine.
package struct QuarantineList: Sendable {
    let quarantine: Quarantine

    package init(catalog: any Catalog) { self.quarantine = Quarantine(catalog: catalog) }

    /// Which sources are to be forgotten.
    package enum Choice: Sendable, Hashable {
        case one(SHA256Digest)
        case all
    }

    /// A row a source, the newest strike first. Throws ``CatalogError``.
    package func callAsFunction(_ report: OperationReport) async throws {
        let now = Date()
        let records = try await self.quarantine.catalog.poisoned(limit: PoisonRecord.recordsMax)
            .filter { !$0.isExpired(at: now) }
        for record in records { await report(Self.row(record)) }
        let count = records.count(where: \.isQuarantined)
        let watched = records.count - count
        await report(
            OperationLine(
                .done,
                "\(count) sources are in quarantine, \(watched) have one strike",
                fields: ["quarantined": "\(count)", "watched": "\(watched)"]
            )
        )
    }

    /// Forgets strikes: the next upload of those bytes goes to a codec again. Clearing what is not there is no error:
    /// the last line says how many there were. Throws ``CatalogError``.
    package func clear(_ choice: Choice, _ report: OperationReport) async throws {
        let digest: SHA256Digest? =
            switch choice {
            case .one(let sha256): sha256
            case .all: nil
            }
        let cleared = try await self.quarantine.catalog.clearPoison(of: digest)
        try await self.quarantine.updateGauge()
        let text = digest.map { cleared == 0 ? "nothing is known against \($0)" : "\($0) is cleared" }
        await report(
            OperationLine(
                .done,
                text ?? "\(cleared) sources are cleared",
                fields: ["cleared": "\(cleared)"]
            )
        )
    }

    private static func row(_ record: PoisonRecord) -> OperationLine {
        let state = record.isQuarantined ? "quarantined" : "watched"
        let first = record.firstAt.formatted(.iso8601)
        let last = record.lastAt.formatted(.iso8601)
        return OperationLine(
            .row,
            "\(record.sha256)  \(state)  \(record.strikes) strikes  first \(first)  last \(last)  \(record.reason)",
            fields: [
                "sha256": record.sha256.description, "state": state, "strikes": "\(record.strikes)",
                "firstAt": first, "lastAt": last, "reason": record.reason,
            ]
        )
    }
}
