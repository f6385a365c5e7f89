package import MediaModel

/// Root keys in two places, while a store moves from the one to the other: a key ring, which opens what it wrapped and
/// is only read, and its successor, which wraps all that is new.
///
/// What the ring wrapped goes to the successor when it is wrapped anew; then the ring can go.
package struct KeySuccession: KeyProvider {
    private let successor: any KeyProvider
    private let ring: KeyRing

    /// - Parameter successor: names its root keys by ARNs, as a KMS does: that tells them from the ring's.
    package init(of ring: KeyRing, by successor: any KeyProvider) {
        self.ring = ring
        self.successor = successor
    }

    package func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        try await self.successor.makeKey(id, for: tenant)
    }

    package func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey {
        try await self.successor.wrap(key, for: tenant)
    }

    package func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey {
        let opener: any KeyProvider = wrapped.rootKey.isARN ? self.successor : self.ring
        return try await opener.unwrap(wrapped, as: id, for: tenant)
    }

    package func currentRoot() async throws -> RootKeyID { try await self.successor.currentRoot() }

    package func rotateRoot() async throws -> RootKeyID { try await self.successor.rotateRoot() }

    package func retireRoot(_ id: RootKeyID) async throws {
        if id.isARN { return try await self.successor.retireRoot(id) }
        throw KeyError(
            .unsupported,
            detail: "'\(id)' is a line of the former key ring, which is only read: once no key needs any of its lines, "
                + "take the ring out of the settings (key.ring.former.path) and destroy the file"
        )
    }

    package func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        try await self.ring.formerEnvelopeKey(id)
    }

    package func part(opening key: EnvelopeKeyRecord) -> KeyProviderPart { key.root.isARN ? .current : .former }
}
