import FoundationEssentials
import MediaModel

/// Finds blobs that no row names: what an upload left that a crash cut off, and what could not be removed.
struct Orphans: Sendable {
    let catalog: any Catalog
    let vault: BlobVault

    /// Pages of orphans that are older than `age`. Ages are wall-clock time; a clock that was set back makes them
    /// negative, and those are left alone.
    ///
    /// A blob that is told of may be on its way out: rows go first, files after them.
    func forEachPage(
        olderThan age: Duration,
        now: Date,
        _ body: ([StoredBlob]) async throws -> Void
    ) async throws {
        for try await page in Pages({ try await self.vault.store.list(after: $0, limit: $1) }) {
            let old = page.filter { now.timeIntervalSince($0.modifiedAt) >= max(0, age.seconds) }
            // In this order: the register after the listing, the catalog after the register (`BlobsInFlight.all`).
            let inFlight = self.vault.inFlight.all
            let settled = old.filter { !inFlight.contains($0.id) }
            guard !settled.isEmpty else { continue }
            let known = try await self.catalog.known(among: settled.map(\.id))
            let orphans = settled.filter { !known.contains($0.id) }
            if !orphans.isEmpty { try await body(orphans) }
        }
    }
}
