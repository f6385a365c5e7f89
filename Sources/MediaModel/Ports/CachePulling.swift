/// Reads a URL through the caches before the origin, as a reader would, so that they have it.
package protocol CachePulling: Sendable {
    /// Reads all of it. Calls may be made at once.
    ///
    /// - Parameter path: of the URL; it begins with a slash.
    /// - Throws: ``CachePullError``; `CancellationError`.
    func pull(_ path: String) async throws -> CacheOutcome
}

/// What a cache had to do for an answer, as far as it tells.
package enum CacheOutcome: String, Sendable, Hashable, CaseIterable {
    /// It had the answer, fresh or stale.
    case hit
    /// It asked the origin, or another cache.
    case miss
    /// It asked the origin, and will do so the next time: it does not keep this.
    case uncached
    /// It does not say.
    case unknown
}

/// Why a URL could not be read through the caches.
package struct CachePullError: Error, Sendable, CustomStringConvertible {
    /// What was asked for, and what came.
    package let description: String

    package init(_ description: String) { self.description = description }
}
