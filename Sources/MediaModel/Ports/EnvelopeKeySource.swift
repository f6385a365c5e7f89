/// Hands out envelope keys, in memory, to whoever seals and opens blobs. Behind it are a cache, the catalog and the
/// ``KeyProvider``.
///
/// A key's bytes never change. Both calls throw ``KeyError``, ``CatalogError``.
package protocol EnvelopeKeySource: Sendable {
    /// The key that a tenant's new blobs are wrapped under. It is in the catalog.
    func current(for tenant: Tenant) async throws -> EnvelopeKey

    /// The key of that id. Throws `.unavailable` where there is none.
    func key(_ id: EnvelopeKeyID) async throws -> EnvelopeKey

    /// The key of that id where it is in memory: for callers on an event loop. Nil: ``key(_:)`` says.
    func keyAtOnce(_ id: EnvelopeKeyID) -> EnvelopeKey?
}

extension EnvelopeKeySource {
    /// A source that keeps none in memory.
    package func keyAtOnce(_ id: EnvelopeKeyID) -> EnvelopeKey? { nil }
}
