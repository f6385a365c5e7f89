package import FoundationEssentials
import Logging
package import MediaModel

/// Puts right what a crash left: versions whose source is durable are finished, blobs that no row names are removed.
package struct Recover: Sendable {
    /// A blob is published before its row is committed; one without a row may belong to an upload that still runs. It
    /// is an orphan only after this age.
    package static let orphanAgeMin: TimeInterval = 3600
    /// How often orphans are looked for.
    static let collectionInterval = Duration.seconds(3600)
    /// Blobs asked about at a time.
    static let pageLimit = 500

    let catalog: any Catalog
    let vault: BlobVault
    let backlog: Backlog

    package init(catalog: any Catalog, vault: BlobVault, backlog: Backlog) {
        self.catalog = catalog
        self.vault = vault
        self.backlog = backlog
    }

    /// Puts every version that is still `processing` on the backlog. Called once, before the first upload is taken:
    /// later it would find uploads that are being worked on.
    package func resume() async throws {
        let unfinished = try await self.catalog.unfinished()
        for ref in unfinished { self.backlog.add(ref) }
        guard !unfinished.isEmpty else { return }
        Logger.current.notice("Unfinished versions found", metadata: ["count": "\(unfinished.count)"])
    }

    /// Removes orphans now and then, until the task is cancelled.
    package func collectForever() async {
        while !Task.isCancelled {
            do {
                let removed = try await self.collect(olderThan: Self.orphanAgeMin, now: Date())
                if removed > 0 { Logger.current.notice("Orphans removed", metadata: ["count": "\(removed)"]) }
            } catch {
                Logger.current.error("Collection failed", metadata: ["error": "\(String(reflecting: error))"])
            }
            try? await Task.sleep(for: Self.collectionInterval)
        }
    }

    /// - Returns: how many blobs were removed.
    package func collect(olderThan age: TimeInterval, now: Date) async throws -> Int {
        var removed = 0
        var last: BlobID?
        while true {
            let page = try await self.vault.store.list(after: last, limit: Self.pageLimit)
            // A clock that was set back makes ages negative; those are left alone.
            let old = page.filter { now.timeIntervalSince($0.modifiedAt) >= age }.map(\.id)
            let known = try await self.catalog.known(among: old)
            for orphan in old where !known.contains(orphan) {
                try await self.vault.store.remove(orphan)
                removed += 1
            }
            last = page.last?.id
            if page.count < Self.pageLimit { return removed }
        }
    }
}
