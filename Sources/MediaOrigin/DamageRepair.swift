import MediaModel

/// What is done about a damaged blob (BLOB-FORMAT §2.2 rule 7): a rendition is made again, and the old file put aside;
/// a picture that was uploaded cannot be, so it stays where it is, is marked, and no new version is made of it.
struct DamageRepair: Sendable {
    /// Waits between attempts while clients keep the renderer busy.
    static let patience: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3)]

    let catalog: any Catalog
    let mend: Mend

    /// What was done.
    enum Outcome: Sendable {
        case mended(BlobRecord)
        /// It is in the catalog as damaged.
        case marked(reason: String)
    }

    /// - Throws: ``CatalogError``, `CancellationError`.
    func callAsFunction(_ damage: Damage, of record: BlobRecord) async throws -> Outcome {
        let outcome = try await self.mendPatiently(record)
        guard case .marked = outcome else { return outcome }
        try await self.catalog.setDamage(damage.code, of: record.id)
        return outcome
    }

    private func mendPatiently(_ record: BlobRecord) async throws -> Outcome {
        if record.isSource { return .marked(reason: Mend.Reason.source) }
        for wait in Self.patience {
            switch await self.mend(record) {
            case .mended(let new): return .mended(new)
            case .impossible(let reason): return .marked(reason: reason)
            case .failed: try await Task.sleep(for: wait)
            }
        }
        switch await self.mend(record) {
        case .mended(let new): return .mended(new)
        case .impossible(let reason): return .marked(reason: reason)
        case .failed(let error): return .marked(reason: Self.code(of: error))
        }
    }

    private static func code(of error: any Error) -> String {
        switch error {
        case let error as RenderError: error.code.description
        case let error as CatalogError: error.code.description
        case let error as BlobStoreError: error.code.description
        case let error as KeyError: error.code.description
        default: "failed"
        }
    }
}
