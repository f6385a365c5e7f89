import Logging
package import MediaModel

/// Puts right what a crash left: versions whose source is durable are finished. What it left in the store is taken by
/// ``Collect``.
package struct Recover: Sendable {
    let catalog: any Catalog
    let backlog: Backlog

    package init(catalog: any Catalog, backlog: Backlog) {
        self.catalog = catalog
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
}
