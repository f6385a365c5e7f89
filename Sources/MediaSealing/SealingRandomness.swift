import CCrypto
import MediaModel

/// Where the random bytes of a blob come from: OpenSSL's generators, or fixed bytes where a test reproduces a vector.
package struct SealingRandomness: Sendable {
    /// What the bytes are for: how many there are, and whether they stay secret.
    package enum Purpose: Hashable, Sendable {
        /// 32 bytes, secret.
        case dataKey
        /// 24 bytes, public.
        case wrapNonce
        /// 24 bytes, public.
        case salt
    }

    /// Fills the buffer; says whether it could.
    private let fill: @Sendable (Purpose, UnsafeMutableBufferPointer<UInt8>) -> Bool

    /// - Parameter fill: fills the whole buffer for one blob's purpose and returns true, or returns false.
    package init(fill: @escaping @Sendable (Purpose, UnsafeMutableBufferPointer<UInt8>) -> Bool) { self.fill = fill }

    /// Secrets come from OpenSSL's private generator, what is stored in the clear from the public one: whoever
    /// studies the salts of a million blobs learns nothing of the generator that makes the keys.
    package static let system = SealingRandomness { purpose, buffer in
        switch purpose {
        case .dataKey: ccrypto_random_secret(buffer.baseAddress, buffer.count) == 1
        case .wrapNonce, .salt: ccrypto_random_public(buffer.baseAddress, buffer.count) == 1
        }
    }

    func dataKey() throws(SealError) -> SecretBytes {
        var key = SecretBytes(count: Cobblestone256.keyBytes)
        guard key.withMutableBytes({ self.fill(.dataKey, $0) }) else { throw Self.failure }
        return key
    }

    func wrapNonce() throws(SealError) -> [UInt8] { try self.bytes(.wrapNonce, XAES256GCM.nonceBytes) }

    func salt() throws(SealError) -> [UInt8] { try self.bytes(.salt, Cobblestone256.saltBytes) }

    private func bytes(_ purpose: Purpose, _ count: Int) throws(SealError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard bytes.withUnsafeMutableBufferPointer({ self.fill(purpose, $0) }) else { throw Self.failure }
        return bytes
    }

    private static let failure = SealError(.cryptography, detail: "no random bytes from OpenSSL")
}
