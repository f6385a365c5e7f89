import MediaModel

/// A 256-bit key, encrypted under another: nonce 24 ‖ ciphertext 32 ‖ tag 16, by XAES-256-GCM.
///
/// Data keys are wrapped so under envelope keys, and envelope keys under the root keys of a key ring; what is
/// authenticated with them tells the two apart (docs/BLOB-FORMAT.md, "Derivations").
enum KeyWrap {
    /// Bytes of a wrapped key.
    static let byteCount = XAES256GCM.nonceBytes + EnvelopeKey.byteCount + XAES256GCM.tagBytes

    /// - Parameters:
    ///   - secret: the 32 bytes to wrap.
    ///   - nonce: 24 random bytes.
    ///   - context: authenticated with the key; without it the wrap does not open.
    static func wrap(
        _ secret: UnsafeRawBufferPointer,
        under key: EnvelopeKey,
        nonce: [UInt8],
        context: [UInt8]
    ) throws(SealError) -> [UInt8] {
        precondition(secret.count == EnvelopeKey.byteCount)
        return try key.withBytes { (key) throws(SealError) in
            nonce
                + (try XAES256GCM.seal(
                    secret.assumingMemoryBound(to: UInt8.self),
                    key: key.assumingMemoryBound(to: UInt8.self),
                    nonce: nonce,
                    aad: context
                ))
        }
    }

    /// As ``wrap(_:under:nonce:context:)``, and opens it again: for a wrap that takes the place of another, which is
    /// destroyed next.
    static func wrapAndCheck(
        _ secret: UnsafeRawBufferPointer,
        under key: EnvelopeKey,
        nonce: [UInt8],
        context: [UInt8]
    ) throws(SealError) -> [UInt8] {
        let wrapped = try Self.wrap(secret, under: key, nonce: nonce, context: context)
        var opened = SecretBytes(count: EnvelopeKey.byteCount)
        let isSame = try opened.withMutableBytes { (opened) throws(SealError) in
            let isOpen = try Self.unwrap(
                wrapped,
                under: key,
                context: context,
                into: UnsafeMutableRawBufferPointer(opened)
            )
            return isOpen && constantTimeEqual(UnsafeRawBufferPointer(opened), secret)
        }
        guard isSame else { throw SealError(.cryptography, detail: "a key that was just wrapped does not open") }
        return wrapped
    }

    /// Writes the 32 bytes of the key to `secret` and returns true; false where `wrapped` is not of this key and
    /// context, and then `secret` is zero.
    static func unwrap(
        _ wrapped: [UInt8],
        under key: EnvelopeKey,
        context: [UInt8],
        into secret: UnsafeMutableRawBufferPointer
    ) throws(SealError) -> Bool {
        precondition(secret.count == EnvelopeKey.byteCount)
        guard wrapped.count == Self.byteCount else { return false }
        return try key.withBytes { (key) throws(SealError) in
            try XAES256GCM.open(
                Array(wrapped.dropFirst(XAES256GCM.nonceBytes)),
                key: key.assumingMemoryBound(to: UInt8.self),
                nonce: Array(wrapped.prefix(XAES256GCM.nonceBytes)),
                aad: context,
                into: secret.assumingMemoryBound(to: UInt8.self)
            )
        }
    }
}
