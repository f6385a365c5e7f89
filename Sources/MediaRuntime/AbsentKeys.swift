import MediaModel

/// Keys that are not at hand: for what looks at sizes and rows alone.
struct AbsentKeys: EnvelopeKeySource, KeyProvider {
    private static let error = KeyError(.unavailable, detail: "the keys are not at hand here")

    func current(for tenant: Tenant) async throws -> EnvelopeKey { throw Self.error }

    func key(_ id: EnvelopeKeyID) async throws -> EnvelopeKey { throw Self.error }

    func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        throw Self.error
    }

    func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey { throw Self.error }

    func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey { throw Self.error }

    func currentRoot() async throws -> RootKeyID { throw Self.error }

    func rotateRoot() async throws -> RootKeyID { throw Self.error }

    func retireRoot(_ id: RootKeyID) async throws { throw Self.error }

    func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey { throw Self.error }
}
