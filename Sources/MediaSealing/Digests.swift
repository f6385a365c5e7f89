import CCrypto
package import MediaModel
import Synchronization

/// SHA-2 for the parts that may not see OpenSSL.
///
/// It traps where OpenSSL lacks an algorithm (a broken installation): no part of the service could work then.
package struct Digests: Digesting {
    package init() {}

    package func makeDigest(_ algorithm: DigestAlgorithm) -> any RunningDigest { OpenSSLDigest(algorithm) }

    /// The digest of bytes that are in memory whole.
    package static func sha256(_ bytes: [UInt8]) -> SHA256Digest {
        let hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }
}

/// A SHA-256 over bytes that come piece by piece.
package final class SHA256Hasher: Sendable {
    private let digest = OpenSSLDigest(.sha256)

    /// The digest of nothing, so far.
    package init() {}

    /// Takes the next bytes; not after ``finish()``.
    package func update(_ bytes: [UInt8]) { self.digest.update(bytes) }

    /// The digest of everything so far. The hasher takes no more afterwards.
    package func finish() -> SHA256Digest { SHA256Digest(bytes: self.digest.finish()) }
}

/// A class, though the port would take a struct: OpenSSL's context is not copied with one.
private final class OpenSSLDigest: RunningDigest {
    private let state: Mutex<DigestState>

    init(_ algorithm: DigestAlgorithm) { self.state = Mutex(DigestState(algorithm)) }

    func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { bytes in self.state.withLock { $0.update(bytes) } }
    }

    func finish() -> [UInt8] { self.state.withLock { $0.finish() } }
}

/// `@unchecked Sendable`: the context has one owner, since the value cannot be copied, and every use of it is
/// `mutating`, which the compiler makes exclusive.
struct DigestState: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private let byteCount: Int
    private var isFinished = false

    init(_ algorithm: DigestAlgorithm) {
        let context =
            switch algorithm {
            case .sha256: ccrypto_sha256_create()
            case .sha512: ccrypto_sha512_create()
            }
        guard let context else { preconditionFailure("OpenSSL has no \(algorithm.rawValue)") }
        self.context = context
        self.byteCount = algorithm.byteCount
    }

    deinit { ccrypto_digest_destroy(self.context) }

    mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
        precondition(!self.isFinished, "the digest was already taken")
        guard ccrypto_digest_update(self.context, bytes.baseAddress, bytes.count) == 1 else {
            preconditionFailure("OpenSSL did not hash")
        }
    }

    mutating func finish() -> [UInt8] {
        precondition(!self.isFinished, "the digest was already taken")
        self.isFinished = true
        var digest = [UInt8](repeating: 0, count: self.byteCount)
        guard ccrypto_digest_finish(self.context, &digest, digest.count) == 1 else {
            preconditionFailure("OpenSSL did not hash")
        }
        return digest
    }
}
