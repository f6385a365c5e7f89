import CCrypto
import MediaModel

/// AES-256-GCM under one key and in one direction: the key is expanded once, each call brings its own nonce.
///
/// `@unchecked Sendable`: the context has one owner, since the value cannot be copied, and every use of it is
/// `mutating`, which the compiler makes exclusive.
struct AES256GCM: ~Copyable, @unchecked Sendable {
    static let nonceBytes = CCRYPTO_NONCE_BYTES
    static let tagBytes = CCRYPTO_TAG_BYTES

    enum Direction: Int32 {
        case opening = 0
        case sealing = 1
    }

    private let context: OpaquePointer

    /// - Parameter key: 32 bytes; only the expanded form is kept, and wiped with the value.
    init(key: UnsafeBufferPointer<UInt8>, direction: Direction) throws(SealError) {
        precondition(key.count == CCRYPTO_KEY_BYTES)
        guard let context = ccrypto_gcm_create(key.baseAddress, direction.rawValue) else {
            throw SealError(.cryptography, detail: "AES-256-GCM is not to be had from OpenSSL")
        }
        self.context = context
    }

    deinit { ccrypto_gcm_destroy(self.context) }

    /// Writes the ciphertext and its tag, `plaintext.count + tagBytes` bytes, to `sealed`.
    mutating func seal(
        _ plaintext: UnsafeBufferPointer<UInt8>,
        nonce: [UInt8],
        aad: [UInt8] = [],
        into sealed: UnsafeMutablePointer<UInt8>
    ) throws(SealError) {
        precondition(nonce.count == Self.nonceBytes)
        let isDone = ccrypto_gcm_seal(
            self.context,
            nonce,
            aad,
            aad.count,
            plaintext.baseAddress,
            plaintext.count,
            sealed
        )
        guard isDone == 1 else { throw SealError(.cryptography, detail: "AES-256-GCM did not encrypt") }
    }

    /// Writes `sealed.count - tagBytes` bytes to `plaintext` and says whether the tag verified; where it did not,
    /// what was written is wiped.
    mutating func open(
        _ sealed: UnsafeBufferPointer<UInt8>,
        nonce: [UInt8],
        aad: [UInt8] = [],
        into plaintext: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        precondition(nonce.count == Self.nonceBytes)
        let isVerified = ccrypto_gcm_open(
            self.context,
            nonce,
            aad,
            aad.count,
            sealed.baseAddress,
            sealed.count,
            plaintext
        )
        return isVerified == 1
    }
}
