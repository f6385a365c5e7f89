/// Computes digests. Pure computation.
package protocol Digesting: Sendable {
    /// A digest of nothing, so far.
    func makeDigest(_ algorithm: DigestAlgorithm) -> any RunningDigest
}

/// A digest of bytes that come in parts. Used by one task at a time.
package protocol RunningDigest: Sendable {
    /// Takes the next bytes; not after ``finish()``.
    mutating func update(_ bytes: [UInt8])

    /// The digest of all that came; nothing may come after it.
    mutating func finish() -> [UInt8]
}

/// The algorithms that RFC 9530 (Digest Fields) registers as active.
package enum DigestAlgorithm: String, Hashable, Sendable, CaseIterable {
    case sha256 = "sha-256"
    case sha512 = "sha-512"

    /// Of a digest.
    package var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha512: 64
        }
    }
}
