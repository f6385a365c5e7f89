import FoundationEssentials

/// What a picture looks like, in so little that a manifest has room for it: what a page shows, and knows, before the
/// picture is there.
package struct Impression: Hashable, Sendable, Codable {
    package let thumbHash: ThumbHash
    /// The colour that most of the picture has, or nearly; opaque.
    package let colour: Colour
    /// Where ``Gravity/attention`` cuts.
    package let attention: FocalPoint
    /// 1 for a still.
    package let frames: Int

    package init(thumbHash: ThumbHash, colour: Colour, attention: FocalPoint, frames: Int) {
        self.thumbHash = thumbHash
        self.colour = colour
        self.attention = attention
        self.frames = frames
    }
}

/// A blurred copy of a picture in 17 to 25 bytes (Evan Wallace, https://evanw.github.io/thumbhash/): its average, its
/// proportions and the lowest frequencies of its lightness, two colour differences and alpha.
///
/// Numbers are little-endian, the lowest bit of a byte first:
/// ```
/// 24 bits   lightness 6, yellow-blue 6, red-green 6 (averages), scale of the lightness 5, whether there is alpha 1
/// 16 bits   frequencies on the shorter side 3 (of the lightness), scale of yellow-blue 6, of red-green 6, landscape 1
///  8 bits   where there is alpha: its average 4, its scale 4
///  4 bits   each frequency: lightness, yellow-blue, red-green, alpha
/// ```
package struct ThumbHash: Hashable, Sendable, Codable {
    /// Frequencies of the lightness on the longer side; fewer where alpha needs the room.
    package static func frequencies(hasAlpha: Bool) -> Int { hasAlpha ? 5 : 7 }
    /// The same of both colours, on each side.
    package static let colourFrequencies = 3
    /// The same of alpha, on each side.
    package static let alphaFrequencies = 5

    package let bytes: [UInt8]

    /// - Returns: nil where the bytes are not as many as their header asks for.
    package init?(bytes: [UInt8]) {
        guard bytes.count >= 5, bytes.count == Self.count(header: bytes) else { return nil }
        self.bytes = bytes
    }

    private static func count(header: [UInt8]) -> Int {
        let hasAlpha = header[2] & 0x80 != 0
        // Not more than there can be: three bits could say otherwise.
        let shorter = max(3, min(Int(header[3] & 7), Self.frequencies(hasAlpha: hasAlpha)))
        let colour = Self.count(Self.colourFrequencies, Self.colourFrequencies)
        var nibbles = Self.count(Self.frequencies(hasAlpha: hasAlpha), shorter) + 2 * colour
        if hasAlpha { nibbles += Self.count(Self.alphaFrequencies, Self.alphaFrequencies) }
        return (hasAlpha ? 6 : 5) + (nibbles + 1) / 2
    }

    /// How many frequencies of a channel are kept: those of the triangle below `across` and `down`, the average apart.
    package static func count(_ across: Int, _ down: Int) -> Int {
        (0..<down).reduce(-1) { $0 + (across * (down - $1) + down - 1) / down }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let data = Data(base64Encoded: try container.decode(String.self)),
            let hash = ThumbHash(bytes: [UInt8](data))
        else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "no ThumbHash") }
        self = hash
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.base64)
    }

    /// As pages have it.
    package var base64: String { Data(self.bytes).base64EncodedString() }
}
