import CCrypto
package import MediaModel

/// Cobblestone-256 (https://c2sp.org/chunked-encryption with SHA-512 and AES-256-GCM): one message under one key, in
/// chunks that open in any order.
///
/// Key, base nonce and commitment come from one HKDF-Expand over salt and context. Nonces are the base nonce with the
/// chunk's number XORed in, as in TLS 1.3; the last chunk is always shorter than the others, which is what marks the
/// end. A value seals or opens, never both.
package struct Cobblestone256: ~Copyable, Sendable {
    /// Bytes of the input key.
    package static let keyBytes = CCRYPTO_KEY_BYTES
    /// Bytes of the salt, which begins the message.
    package static let saltBytes = 24
    /// Bytes of the commitment, which follows the salt.
    package static let commitmentBytes = 32
    /// Sealed bytes of a chunk that is not the last.
    package static let sealedChunkBytes = SealedLayout.chunkBytes + SealedLayout.tagBytes
    /// Chunks of one message at the most (4 PiB): more would eat into the nonce's random part.
    package static let chunkCountMax = 1 << 38

    private static let label = Array("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0".utf8)

    private var cipher: AES256GCM
    private let baseNonce: [UInt8]
    /// ``commitmentBytes`` bytes that only this key, salt and context give; the message carries them.
    package let commitment: [UInt8]

    /// Starts a message that will be sealed.
    ///
    /// - Parameters:
    ///   - key: ``keyBytes`` random bytes, used for this message only.
    ///   - salt: ``saltBytes`` random bytes.
    ///   - context: what the message must stay with; not stored.
    /// - Throws: `.wrongKeyOrHeader` for a key of another size, `.cryptography` where OpenSSL would not work.
    package init(sealingUnder key: borrowing SecretBytes, salt: [UInt8], context: [UInt8]) throws(SealError) {
        let secrets = try Self.derive(key: key, salt: salt, context: context)
        try self.init(secrets: secrets, commitment: Self.commitment(in: secrets), direction: .sealing)
    }

    /// Starts a message that will be opened; what it carries as its commitment must be the one that follows from the
    /// key, or nothing of it may be decrypted.
    ///
    /// - Throws: `.wrongKeyOrHeader` for another commitment or a key of another size, `.cryptography`.
    package init(
        openingUnder key: borrowing SecretBytes,
        salt: [UInt8],
        commitment: [UInt8],
        context: [UInt8]
    ) throws(SealError) {
        let secrets = try Self.derive(key: key, salt: salt, context: context)
        guard constantTimeEqual(Self.commitment(in: secrets), commitment) else {
            throw SealError(.wrongKeyOrHeader, detail: "the commitment is not that of this key, salt and header")
        }
        try self.init(secrets: secrets, commitment: commitment, direction: .opening)
    }

    private init(
        secrets: borrowing SecretBytes,
        commitment: [UInt8],
        direction: AES256GCM.Direction
    ) throws(SealError) {
        self.cipher = try secrets.withBytes { (bytes) throws(SealError) in
            try AES256GCM(key: UnsafeBufferPointer(rebasing: bytes.prefix(Self.keyBytes)), direction: direction)
        }
        self.baseNonce = secrets.withBytes { Array($0[Self.keyBytes..<Self.keyBytes + AES256GCM.nonceBytes]) }
        self.commitment = commitment
    }

    private static func commitment(in secrets: borrowing SecretBytes) -> [UInt8] {
        secrets.withBytes { Array($0.suffix(Self.commitmentBytes)) }
    }

    /// Key, base nonce and commitment, one after the other.
    package static func derive(
        key: borrowing SecretBytes,
        salt: [UInt8],
        context: [UInt8]
    ) throws(SealError) -> SecretBytes {
        guard key.count == Self.keyBytes else {
            throw SealError(.wrongKeyOrHeader, detail: "a key of \(key.count) bytes; expected \(Self.keyBytes)")
        }
        precondition(salt.count == Self.saltBytes)
        let info = Self.label + salt + context
        var secrets = SecretBytes(count: Self.keyBytes + AES256GCM.nonceBytes + Self.commitmentBytes)
        let isDone = key.withBytes { key in
            secrets.withMutableBytes { output in
                ccrypto_hkdf_expand_sha512(
                    key.baseAddress,
                    key.count,
                    info,
                    info.count,
                    output.baseAddress,
                    output.count
                )
            }
        }
        guard isDone == 1 else { throw SealError(.cryptography, detail: "HKDF-Expand with SHA-512 did not derive") }
        return secrets
    }

    /// Seals chunk `index` into `sealed`, which takes `plaintext.count + 16` bytes. No index is ever used twice.
    package mutating func seal(
        chunk index: Int,
        _ plaintext: UnsafeBufferPointer<UInt8>,
        into sealed: UnsafeMutablePointer<UInt8>
    ) throws(SealError) {
        try self.cipher.seal(plaintext, nonce: try self.nonce(of: index), into: sealed)
    }

    /// Opens chunk `index` into `plaintext`, which takes `sealed.count - 16` bytes. Throws `.corrupt` where the tag
    /// does not verify; then nothing of the chunk was released.
    package mutating func open(
        chunk index: Int,
        _ sealed: UnsafeBufferPointer<UInt8>,
        into plaintext: UnsafeMutablePointer<UInt8>
    ) throws(SealError) {
        guard self.cipher.open(sealed, nonce: try self.nonce(of: index), into: plaintext) else {
            throw SealError(.corrupt, detail: "the tag of chunk \(index) does not verify")
        }
    }

    /// The plaintext bytes of a message of `bytes` (salt, commitment, chunks), or nil where no message has that size:
    /// it was cut, or something was added.
    package static func plaintextBytes(ofMessage bytes: Int) -> Int? {
        let start = Self.saltBytes + Self.commitmentBytes
        guard bytes >= start + SealedLayout.tagBytes else { return nil }
        let (fullChunks, last) = (bytes - start).quotientAndRemainder(dividingBy: Self.sealedChunkBytes)
        guard last >= SealedLayout.tagBytes, fullChunks < Self.chunkCountMax else { return nil }
        return fullChunks * SealedLayout.chunkBytes + last - SealedLayout.tagBytes
    }

    /// The base nonce XOR the chunk's number as a big-endian integer of the nonce's width.
    private func nonce(of index: Int) throws(SealError) -> [UInt8] {
        guard (0..<Self.chunkCountMax).contains(index) else {
            throw SealError(.cryptography, detail: "chunk \(index): a message has at most 2^38 chunks")
        }
        var nonce = self.baseNonce
        for (position, byte) in bigEndian(UInt64(index)).enumerated() { nonce[nonce.count - 8 + position] ^= byte }
        return nonce
    }
}

/// The eight bytes of `value`, most significant first.
func bigEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
