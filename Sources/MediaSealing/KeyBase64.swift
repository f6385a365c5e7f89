import MediaModel

/// The base64 (RFC 4648, section 4) of 32 bytes: 43 characters and one `=`.
///
/// Foundation's would leave copies of the key in memory that nobody wipes.
enum KeyBase64 {
    static let length = 44

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The 32 bytes, or nil for anything but the one canonical spelling. The caller wipes them.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count == Self.length else { return nil }
        var bytes: [UInt8] = []
        // Reserved at once: an array that grows frees its old storage unwiped.
        bytes.reserveCapacity(EnvelopeKey.byteCount)
        var pending: UInt32 = 0
        var pendingBits: UInt32 = 0
        for character in text.prefix(Self.length - 1) {
            guard let digit = Self.alphabet.firstIndex(of: character) else {
                wipe(&bytes)
                return nil
            }
            pending = pending << 6 | UInt32(digit)
            pendingBits += 6
            if pendingBits >= 8 {
                pendingBits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> pendingBits))
                pending &= (1 << pendingBits) - 1
            }
        }
        // Two bits are left over; anything but zero would be a second spelling of the same key.
        guard text.dropFirst(Self.length - 1).first == UInt8(ascii: "="), pending == 0 else {
            wipe(&bytes)
            return nil
        }
        return bytes
    }

    /// Writes ``length`` characters, for 32 bytes, from `position` of `text` on.
    static func encode(
        _ bytes: UnsafeBufferPointer<UInt8>,
        into text: UnsafeMutableBufferPointer<UInt8>,
        at position: Int
    ) {
        precondition(bytes.count == EnvelopeKey.byteCount)
        for index in 0..<Self.length - 1 {
            let bit = index * 6
            let high = UInt16(bytes[bit / 8]) << 8
            let low = bit / 8 + 1 < bytes.count ? UInt16(bytes[bit / 8 + 1]) : 0
            text[position + index] = Self.alphabet[Int((high | low) >> (10 - UInt16(bit % 8))) & 63]
        }
        text[position + Self.length - 1] = UInt8(ascii: "=")
    }
}
