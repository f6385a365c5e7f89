import FoundationEssentials

/// The SHA-256 digest of some bytes. Computed by MediaSealing (OpenSSL); only carried here.
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32

    /// 32 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount)
        self.bytes = bytes
    }

    /// Takes 64 lowercase hexadecimal characters.
    package init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// 64 lowercase hexadecimal characters, as the manifest shows it.
    package var description: String { Hex.encode(self.bytes) }

    /// Padded base64, as RFC 9530 writes a digest between its colons.
    package var base64: String { Data(self.bytes).base64EncodedString() }
}
