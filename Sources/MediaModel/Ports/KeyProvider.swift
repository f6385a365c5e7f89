/// Keeps the root keys and never gives them away: makes envelope keys, and opens them again.
///
/// Contract, held by every adapter and tested by one suite (MediaTesting, `KeyProviderContract`):
/// - What `wrap` and `makeKey` give opens with `unwrap` for the same id and tenant, and for no other (`.mismatch`).
/// - No two wraps are equal, not even of one key.
/// - All calls may be made at once from many tasks, and may take as long as a network does.
/// - Errors are ``KeyError``, and tell what is away for a while from what will not come back by itself.
package protocol KeyProvider: Sendable {
    /// A fresh random key of that name, at hand and wrapped under the current root key.
    func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey)

    /// Wraps a key under the current root key.
    func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey

    /// Opens a wrapped key. Throws `.unavailable` where its root key is not there, `.mismatch` where it was not wrapped
    /// for this id and tenant, or was changed.
    func unwrap(_ wrapped: WrappedEnvelopeKey, as id: EnvelopeKeyID, for tenant: Tenant) async throws -> EnvelopeKey

    /// The root key that wraps now. Throws where the provider cannot be reached.
    func currentRoot() async throws -> RootKeyID

    /// Makes a new root key, which wraps from now on; older ones still open. Throws `.unsupported` where root keys are
    /// made elsewhere.
    func rotateRoot() async throws -> RootKeyID

    /// Destroys a root key other than the current one: what is wrapped under it is lost for ever. The caller has made
    /// sure that nothing is. Throws `.unsupported`, `.unavailable`.
    func retireRoot(_ id: RootKeyID) async throws

    /// A key of the provider's own that wrapped data keys before there were envelope keys
    /// (``EnvelopeKeyRecord/wrapped`` is nil). Throws `.unavailable`.
    func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey

    /// The part of the provider that opens a key. Asks nobody.
    func part(opening key: EnvelopeKeyRecord) -> KeyProviderPart
}

extension KeyProvider {
    /// A provider that is one place: what opens a key there is what makes the next one.
    package func part(opening key: EnvelopeKeyRecord) -> KeyProviderPart { .current }
}

/// A part of a key provider. That one cannot be reached says nothing of the other.
package enum KeyProviderPart: Hashable, Sendable {
    /// Makes and wraps all that is new.
    case current
    /// Opens what it wrapped before another took its place.
    case former
}

/// A second place for what the catalog knows of envelope keys, so that a store whose catalog is lost can still be
/// opened. It holds wrapped keys only.
package protocol EnvelopeKeyMirror: Sendable {
    /// What was written last; none where nothing was. Throws ``KeyError/Code/badMirror``.
    func read() async throws -> [EnvelopeKeyRecord]

    /// Takes the place of all that was there before, durable on return. Throws ``BlobStoreError``.
    func write(_ records: [EnvelopeKeyRecord]) async throws
}

/// Why there is no key.
package struct KeyError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// No key of that id is at hand: what is under it cannot be read until it is.
        package static let unavailable = Code(description: "key-unavailable")
        /// The key ring cannot be used: its mode, its form, its place.
        package static let badKeyRing = Code(description: "bad-key-ring")
        /// The mirror of the envelope keys cannot be used.
        package static let badMirror = Code(description: "bad-key-mirror")
        /// The wrapped key is not of that id and tenant, or was changed.
        package static let mismatch = Code(description: "key-mismatch")
        /// The provider cannot be reached, or does not answer in time.
        package static let unreachable = Code(description: "key-provider-unreachable")
        /// The provider asks for fewer calls.
        package static let throttled = Code(description: "key-provider-throttled")
        /// The root key was disabled, or is to be deleted.
        package static let disabled = Code(description: "root-key-disabled")
        /// The provider does not let us use the root key: credentials, permissions.
        package static let denied = Code(description: "key-access-denied")
        /// The provider has no such operation.
        package static let unsupported = Code(description: "key-operation-unsupported")

        /// Whether the same call may well succeed a little later, without anybody's help.
        package var isTransient: Bool { self == .unreachable || self == .throttled }
    }

    package let code: Code
    /// For logs: ids and paths, never key bytes.
    package let detail: String

    package init(_ code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { "keys: \(self.code)" }
    /// With the detail: for logs.
    package var debugDescription: String { "\(self), \(self.detail)" }
}
