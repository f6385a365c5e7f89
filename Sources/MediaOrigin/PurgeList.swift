import FoundationEssentials
package import MediaModel

/// Tells what waits in the purge outbox, adds to it, and has it tried again.
package struct PurgeList: Sendable {
    /// Records read at a time.
    private static let pageLimit = 500

    let catalog: any Catalog
    /// Nil where no service runs: records wait for its start.
    let delivery: PurgeDelivery?

    package init(catalog: any Catalog, delivery: PurgeDelivery?) {
        self.catalog = catalog
        self.delivery = delivery
    }

    /// A row a record, in the order of the changes. Throws ``CatalogError``.
    package func callAsFunction(_ report: OperationReport) async throws {
        var last: Int64?
        var (waiting, sent) = (0, 0)
        let now = Date()
        while true {
            let page = try await self.catalog.purges(after: last, limit: Self.pageLimit)
            for record in page {
                if record.sentAt == nil { waiting += 1 } else { sent += 1 }
                await report(Self.row(record, now: now))
            }
            last = page.last?.id
            if page.count < Self.pageLimit { break }
        }
        await report(
            OperationLine(
                .done,
                "\(waiting) purges wait, \(sent) were sent and will be sent once more",
                fields: ["waiting": "\(waiting)", "sent": "\(sent)"]
            )
        )
    }

    /// Has every target told of an asset, as if it had been deleted; what is there is fetched again. Throws
    /// ``CatalogError``: `.unknownAsset`.
    package func send(_ asset: AssetID, _ report: OperationReport) async throws {
        let count = try await self.catalog.requestPurge(of: asset, at: Date())
        let text =
            count == 0 ? "no purge target is configured (purge.targets)" : "\(count) targets will be told of \(asset)"
        await report(OperationLine(.done, text, fields: ["asset": "\(asset)", "targets": "\(count)"]))
    }

    /// Tries what has failed again, now. Throws ``CatalogError``.
    package func retry(_ report: OperationReport) async throws {
        let count = try await self.catalog.hastenPurges(to: nil, at: Date())
        self.delivery?.retry()
        let place = self.delivery == nil ? "at the start of the service" : "now"
        await report(
            OperationLine(.done, "\(count) purges are tried again \(place)", fields: ["purges": "\(count)"])
        )
    }

    private static func row(_ record: PurgeRecord, now: Date) -> OperationLine {
        let age = Int(now.timeIntervalSince(record.createdAt))
        let state = record.sentAt == nil ? "waits" : "sent"
        let error = record.error ?? ""
        return OperationLine(
            .row,
            "\(record.id)  \(record.target)  \(record.asset)  \(record.change.rawValue)  \(state)  \(age) s  "
                + "\(record.attempts) failures  \(error)",
            fields: [
                "id": "\(record.id)", "target": "\(record.target)", "asset": "\(record.asset)",
                "change": record.change.rawValue, "state": state, "ageSeconds": "\(age)",
                "failures": "\(record.attempts)", "dueAt": record.dueAt.formatted(.iso8601), "error": error,
            ]
        )
    }
}
