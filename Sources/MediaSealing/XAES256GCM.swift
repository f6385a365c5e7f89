import CCrypto
package import MediaModel

/// XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM with a nonce of 192 bits, so that nonces may be random.
///
/// It wraps keys. With plain GCM's 96 bits, random nonces under one key would have to stop at 2^32 wraps
/// (SP 800-38D, section 8.3); here the bound is 2^80.
package enum XAES256GCM {
    /// Bytes of a nonce: the first half derives a key, the other is AES-256-GCM's own nonce.
    package static let nonceBytes = 24
    /// Bytes by which the sealed form is longer than the plaintext.
    package static let tagBytes = AES256GCM.tagBytes

    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - nonce: ``nonceBytes`` bytes, random.
    ///   - aad: authenticated with the plaintext, not part of the result.
    /// - Returns: ciphertext and tag. Throws `.cryptography` where OpenSSL would not work.
    package static func seal(
        _ plaintext: UnsafeBufferPointer<UInt8>,
        key: UnsafeBufferPointer<UInt8>,
        nonce: [UInt8],
        aad: [UInt8]
    ) throws(SealError) -> [UInt8] {
        var cipher = try Self.cipher(key: key, nonce: nonce, direction: .sealing)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + Self.tagBytes)
        try sealed.withUnsafeMutableBufferPointer { (output) throws(SealError) in
            guard let start = output.baseAddress else { return }
            try cipher.seal(plaintext, nonce: Self.innerNonce(nonce), aad: aad, into: start)
        }
        return sealed
    }

    /// Writes the plaintext and says whether the tag verified; where it did not, what was written is wiped. Throws
    /// `.cryptography` where OpenSSL would not work.
    ///
    /// - Parameter plaintext: ``tagBytes`` bytes shorter than `sealed`, and not empty.
    package static func open(
        _ sealed: [UInt8],
        key: UnsafeBufferPointer<UInt8>,
        nonce: [UInt8],
        aad: [UInt8],
        into plaintext: UnsafeMutableBufferPointer<UInt8>
    ) throws(SealError) -> Bool {
        guard let start = plaintext.baseAddress, plaintext.count == sealed.count - Self.tagBytes else {
            preconditionFailure("room for the plaintext")
        }
        var cipher = try Self.cipher(key: key, nonce: nonce, direction: .opening)
        return sealed.withUnsafeBufferPointer { sealed in
            cipher.open(sealed, nonce: Self.innerNonce(nonce), aad: aad, into: start)
        }
    }

    private static func innerNonce(_ nonce: [UInt8]) -> [UInt8] { Array(nonce.suffix(AES256GCM.nonceBytes)) }

    /// The cipher under the key that the nonce's first half derives: CMAC as a KDF in counter mode (SP 800-108r1) with
    /// label `X`, which for two one-block messages is two AES blocks.
    private static func cipher(
        key: UnsafeBufferPointer<UInt8>,
        nonce: [UInt8],
        direction: AES256GCM.Direction
    ) throws(SealError) -> AES256GCM {
        precondition(key.count == EnvelopeKey.byteCount && nonce.count == Self.nonceBytes)
        var subkey = SecretBytes(count: CCRYPTO_BLOCK_BYTES)
        try Self.encryptBlock([UInt8](repeating: 0, count: subkey.count), key: key, into: &subkey, at: 0)
        Self.double(&subkey)
        var derived = SecretBytes(count: EnvelopeKey.byteCount)
        for counter in 1...2 {
            var block = [0, UInt8(counter), UInt8(ascii: "X"), 0] + nonce.prefix(12)
            subkey.withBytes { subkey in
                for index in block.indices { block[index] ^= subkey[index] }
            }
            defer { wipe(&block) }
            try Self.encryptBlock(block, key: key, into: &derived, at: (counter - 1) * block.count)
        }
        return try derived.withBytes { (bytes) throws(SealError) in try AES256GCM(key: bytes, direction: direction) }
    }

    private static func encryptBlock(
        _ block: [UInt8],
        key: UnsafeBufferPointer<UInt8>,
        into output: inout SecretBytes,
        at offset: Int
    ) throws(SealError) {
        let isDone = output.withMutableBytes { output in
            ccrypto_aes256_block(key.baseAddress, block, output.baseAddress?.advanced(by: offset))
        }
        guard isDone == 1 else { throw SealError(.cryptography, detail: "AES-256-ECB did not encrypt") }
    }

    /// Doubling in GF(2^128), the subkey step of CMAC (SP 800-38B, section 6.1); the reduction takes no branch, since
    /// the top bit is secret.
    private static func double(_ block: inout SecretBytes) {
        block.withMutableBytes { bytes in
            let reduction: UInt8 = 0x87 & (0 &- (bytes[0] >> 7))
            for index in 0..<bytes.count - 1 { bytes[index] = bytes[index] << 1 | bytes[index + 1] >> 7 }
            bytes[bytes.count - 1] = bytes[bytes.count - 1] << 1 ^ reduction
        }
    }
}
