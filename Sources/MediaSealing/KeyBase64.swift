import CCrypto
import MediaModel

/// The base64 (RFC 4648, section 4) of 32 bytes: 43 characters and one `=`.
///
/// Foundation's would leave copies of the key in memory that nobody wipes.
enum KeyBase64 {
    static let length = 44

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Writes the 32 bytes to `bytes`; false, and zeros in it, for anything but the one canonical spelling.
    static func decode(_ text: some Collection<UInt8>, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(bytes.count == EnvelopeKey.byteCount)
        let isDecoded = text.count == Self.length && Self.decodeDigits(text, into: bytes)
        if !isDecoded { ccrypto_wipe(bytes.baseAddress, bytes.count) }
        return isDecoded
    }

    private static func decodeDigits(_ text: some Collection<UInt8>, into bytes: UnsafeMutableRawBufferPointer) -> Bool
    {
        var pending: UInt32 = 0
        var pendingBits: UInt32 = 0
        var count = 0
        for character in text.prefix(Self.length - 1) {
            guard let digit = Self.alphabet.firstIndex(of: character) else { return false }
            pending = pending << 6 | UInt32(digit)
            pendingBits += 6
            if pendingBits >= 8 {
                pendingBits -= 8
                bytes[count] = UInt8(truncatingIfNeeded: pending >> pendingBits)
                count += 1
                pending &= (1 << pendingBits) - 1
            }
        }
        // Two bits are left over; anything but zero would be a second spelling of the same key.
        return text.dropFirst(Self.length - 1).first == UInt8(ascii: "=") && pending == 0
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
