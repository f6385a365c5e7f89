import FoundationEssentials
package import MediaModel

/// Tells which keys there are, what needs them, and which can go.
package struct KeyList: Sendable {
    /// What an envelope key is for now.
    package enum State: String, Sendable {
        /// Its tenant's new blobs are wrapped under it.
        case current
        /// Blobs need it.
        case needed
        /// Nothing needs it.
        case retirable
        /// Only the mirror has it: left by a crash, or all that is left of a lost catalog.
        case stray
    }

    let catalog: any Catalog
    let keys: EnvelopeKeys

    package init(catalog: any Catalog, keys: EnvelopeKeys) {
        self.catalog = catalog
        self.keys = keys
    }

    /// A row a key, newest first; the last line names the root key that wraps now.
    ///
    /// A provider that is away is a finding: the rest can be told without it. Throws ``CatalogError``.
    package func callAsFunction(_ report: OperationReport) async throws {
        let counts = try await self.catalog.blobCounts()
        let records = self.keys.records
        for record in records { await report(self.row(record, blobs: counts[record.id] ?? 0)) }
        for stray in self.keys.strays { await report(Self.row(stray, blobs: 0, state: .stray)) }
        let root = await self.root(report)
        await report(
            OperationLine(
                .done,
                "\(records.count) envelope keys; the root key is \(root?.description ?? "not known")",
                fields: ["keys": "\(records.count)", "rootKey": root?.description ?? ""]
            )
        )
    }

    private func root(_ report: OperationReport) async -> RootKeyID? {
        var failure = self.keys.degradation
        var root: RootKeyID?
        do {
            root = try await self.keys.provider.currentRoot()
        } catch {
            failure = error
        }
        if let failure {
            let code = (failure as? KeyError)?.code.description ?? "failed"
            let text = "the key provider does not do all that it is asked for: \(String(reflecting: failure))"
            await report(OperationLine(.finding, text, fields: ["code": code]))
        }
        return root
    }

    private func row(_ record: EnvelopeKeyRecord, blobs: Int) -> OperationLine {
        let isCurrent = self.keys.newest(of: record.tenant)?.id == record.id
        return Self.row(record, blobs: blobs, state: isCurrent ? .current : blobs > 0 ? .needed : .retirable)
    }

    private static func row(_ record: EnvelopeKeyRecord, blobs: Int, state: State) -> OperationLine {
        let createdAt = record.createdAt.formatted(.iso8601)
        let root = record.root.description
        return OperationLine(
            .row,
            "\(record.id)  \(state.rawValue)  tenant \(record.tenant)  made \(createdAt)  \(blobs) blobs  root \(root)",
            fields: [
                "id": record.id.description, "state": state.rawValue, "tenant": record.tenant.description,
                "createdAt": createdAt, "blobs": "\(blobs)", "rootKey": root,
            ]
        )
    }
}
