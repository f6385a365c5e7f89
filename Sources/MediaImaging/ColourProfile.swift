/// Tells whether an ICC profile (ICC.1:2022) is sRGB under one of its names, in which case converting by it costs time
/// and changes nothing.
enum ColourProfile {
    /// A longer embedded profile is ignored: it is parsed anew for every frame, and an uploader can pack megabytes of
    /// it into a few kilobytes.
    static let bytesMax = 4 << 20
    /// The chromatic part of sRGB's matrix, adapted to D50, as s15Fixed16: what every sRGB profile has, give or take
    /// the rounding of its maker.
    private static let primaries: [(tag: String, xyz: [Double])] = [
        ("rXYZ", [0.4361, 0.2225, 0.0139]),
        ("gXYZ", [0.3851, 0.7169, 0.0971]),
        ("bXYZ", [0.1431, 0.0606, 0.7141]),
    ]
    private static let tolerance = 0.002
    /// More tags than any profile has.
    private static let tagsMax = 100
    /// How far into its description the name is looked for, in bytes.
    private static let descriptionBytesMax = 256

    static func isSRGB(_ profile: [UInt8]) -> Bool {
        profile.withUnsafeBytes { bytes in
            let reader = ByteReader(bytes)
            // Colour space of the data, then what it is converted to (§7.2.6, §7.2.7).
            guard reader.name(16) == "RGB ", reader.name(20) == "XYZ " else { return false }
            return Self.isNamedSRGB(reader) && Self.primaries.allSatisfy { Self.matches(reader, $0.tag, $0.xyz) }
        }
    }

    private static func matches(_ reader: ByteReader, _ tag: String, _ xyz: [Double]) -> Bool {
        guard let offset = Self.tag(reader, tag)?.offset else { return false }
        return xyz.indices.allSatisfy { index in
            guard let raw = reader.bigEndian32(offset + 8 + 4 * index) else { return false }
            let value = Double(Int32(truncatingIfNeeded: raw)) / 65536
            return abs(value - xyz[index]) <= Self.tolerance
        }
    }

    /// The curve is too laborious to compare; the name (in ASCII or UTF-16) tells it from a linear or gamma profile on
    /// the same primaries.
    private static func isNamedSRGB(_ reader: ByteReader) -> Bool {
        guard let (offset, bytes) = Self.tag(reader, "desc"),
            let text = reader.slice(offset, min(bytes, Self.descriptionBytesMax))
        else { return false }
        let letters = String(decoding: text.filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self).lowercased()
        return letters.contains("srgb") && !letters.contains("linear") && !letters.contains("gamma")
    }

    private static func tag(_ reader: ByteReader, _ name: String) -> (offset: Int, bytes: Int)? {
        guard let count = reader.bigEndian32(128), count <= Self.tagsMax else { return nil }
        for index in 0..<count where reader.name(132 + 12 * index) == name {
            guard let offset = reader.bigEndian32(136 + 12 * index), let bytes = reader.bigEndian32(140 + 12 * index)
            else { return nil }
            return (offset, bytes)
        }
        return nil
    }
}
