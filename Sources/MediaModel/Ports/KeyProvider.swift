/// Hands out the keys that wrap data keys.
///
/// Contract: `current` is the key for new blobs; `key` finds any key that still exists, by its id. A key's bytes never
/// change. Both throw ``KeyError``.
package protocol KeyProvider: Sendable {
    /// The key that new blobs are wrapped under.
    func current() throws -> EnvelopeKey
    /// The key of that id. Throws `.unavailable` where there is none.
    func key(_ id: EnvelopeKeyID) throws -> EnvelopeKey
}

/// Why there is no key.
package struct KeyError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// No key of that id is at hand: blobs under it cannot be read until it is.
        package static let unavailable = Code(description: "key-unavailable")
        /// The key ring cannot be used: its mode, its form, its place.
        package static let badKeyRing = Code(description: "bad-key-ring")
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
