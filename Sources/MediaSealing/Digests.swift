import CCrypto
package import MediaModel
import Synchronization

/// SHA-256 for the parts that may not see OpenSSL.
package enum Digests {
    /// The digest of bytes that are in memory whole.
    package static func sha256(_ bytes: [UInt8]) -> SHA256Digest {
        let hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }
}

/// A SHA-256 over bytes that come piece by piece.
///
/// It traps where OpenSSL has no SHA-256 at all (a broken installation): no part of the service could work then.
package final class SHA256Hasher: Sendable {
    private let state: Mutex<SHA256State>

    /// The digest of nothing, so far.
    package init() { self.state = Mutex(SHA256State()) }

    /// Takes the next bytes; not after ``finish()``.
    package func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { bytes in self.state.withLock { $0.update(bytes) } }
    }

    /// The digest of everything so far. The hasher takes no more afterwards.
    package func finish() -> SHA256Digest { self.state.withLock { $0.finish() } }
}

/// `@unchecked Sendable`: the context has one owner, since the value cannot be copied, and every use of it is
/// `mutating`, which the compiler makes exclusive.
struct SHA256State: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private var isFinished = false

    init() {
        guard let context = ccrypto_sha256_create() else { preconditionFailure("OpenSSL has no SHA-256") }
        self.context = context
    }

    deinit { ccrypto_sha256_destroy(self.context) }

    mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
        precondition(!self.isFinished, "the digest was already taken")
        guard ccrypto_sha256_update(self.context, bytes.baseAddress, bytes.count) == 1 else {
            preconditionFailure("OpenSSL did not hash")
        }
    }

    mutating func finish() -> SHA256Digest {
        precondition(!self.isFinished, "the digest was already taken")
        self.isFinished = true
        var digest = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        guard ccrypto_sha256_finish(self.context, &digest) == 1 else { preconditionFailure("OpenSSL did not hash") }
        return SHA256Digest(bytes: digest)
    }
}
