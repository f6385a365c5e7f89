package import MediaModel

/// An ``EnvelopeKeySource`` of keys that a test has made: one that is current for every tenant, and older ones.
package struct FixedEnvelopeKeys: EnvelopeKeySource {
    package let current: EnvelopeKey
    private let keys: [EnvelopeKeyID: EnvelopeKey]

    /// - Parameter others: keys that open, and no new blob is wrapped under.
    package init(current: EnvelopeKey = Self.key("test-key"), others: [EnvelopeKey] = []) {
        self.current = current
        self.keys = Dictionary(uniqueKeysWithValues: ([current] + others).map { ($0.id, $0) })
    }

    package func current(for tenant: Tenant) async throws -> EnvelopeKey { self.current }

    package func keyAtOnce(_ id: EnvelopeKeyID) -> EnvelopeKey? { self.keys[id] }

    package func key(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        guard let key = self.keys[id] else { throw KeyError(.unavailable, detail: "no key '\(id)' in the test") }
        return key
    }

    /// A key whose bytes follow from its id: the same in every run, another for each id.
    package static func key(_ id: String) -> EnvelopeKey {
        EnvelopeKey(id: EnvelopeKeyID(stringLiteral: id), bytes: FakeSealing.digest(Array(id.utf8)).bytes)
    }
}
