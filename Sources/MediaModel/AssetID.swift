package import FoundationEssentials

/// The name of an asset: a ULID, 26 characters of lowercase Crockford base32 (48 bits of milliseconds, 80 random bits).
///
/// The server makes it; no text from a user ever becomes part of a path. Ids sort by the time they were made.
/// Source of the alphabet and the layout: https://github.com/ulid/spec.
package struct AssetID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Characters in the text form.
    package static let length = 26
    /// Bytes in the binary form.
    package static let byteCount = 16

    private static let alphabet = [UInt8]("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The 26 characters.
    package let description: String

    /// Takes the one canonical spelling only: an upper-case letter, `i`, `l`, `o`, `u`, or a first character above `7`
    /// (which would not fit 128 bits) is refused.
    package init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        guard characters.count == Self.length, characters[0] <= UInt8(ascii: "7"),
            characters.allSatisfy(Self.alphabet.contains)
        else { return nil }
        self.description = String(decoding: characters, as: UTF8.self)
    }

    /// - Parameter bytes: exactly ``byteCount`` bytes, big-endian.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount)
        // 130 bits of text hold 128 of value: the first character carries three.
        var text: [UInt8] = []
        for index in 0..<Self.length {
            var digit = 0
            for bit in 0..<5 {
                let position = index * 5 + bit - 2
                let value = position < 0 ? 0 : Int(bytes[position / 8] >> (7 - UInt8(position % 8))) & 1
                digit = digit << 1 | value
            }
            text.append(Self.alphabet[digit])
        }
        self.description = String(decoding: text, as: UTF8.self)
    }

    /// A new id for the moment `date` (times before 1970 count as 1970).
    package static func make(at date: Date = Date(), using generator: inout some RandomNumberGenerator) -> AssetID {
        let milliseconds = UInt64(max(0, date.timeIntervalSince1970 * 1000))
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * UInt64($0))) }
        bytes += (0..<10).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return AssetID(bytes: bytes)
    }

    package static func make(at date: Date = Date()) -> AssetID {
        var generator = SystemRandomNumberGenerator()
        return Self.make(at: date, using: &generator)
    }

    /// The 16 bytes that the text spells, big-endian; what a sealed blob's header carries.
    package var bytes: [UInt8] {
        var value: UInt128 = 0
        for character in self.description.utf8 {
            value = value << 5 | UInt128(Self.alphabet.firstIndex(of: character) ?? 0)
        }
        return withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    package static func < (left: AssetID, right: AssetID) -> Bool { left.description < right.description }
}
