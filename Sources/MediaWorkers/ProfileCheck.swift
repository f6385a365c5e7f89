/// Whether an ICC profile (ICC.1:2022) that a worker returned with a picture is what it should be: a few numbers that
/// say what the picture's colours mean, and no room for anything else.
enum ProfileCheck {
    /// The longest that a rendition may have. Three curves of 1024 points that are one and the same take 2 KiB.
    static let bytesMax = 3072
    private static let headerBytes = 128
    /// A tag's name, where it is, how long it is.
    private static let entryBytes = 12
    private static let tags: Set<String> = [
        "desc", "cprt", "wtpt", "chad", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC",
    ]

    /// - Returns: whether it is a profile of an RGB space with those tags, each once and inside it.
    static func isPlain(_ profile: ArraySlice<UInt8>) -> Bool {
        let profile = Array(profile)
        guard (Self.headerBytes + 4...Self.bytesMax).contains(profile.count),
            Self.number(profile, 0) == profile.count, Self.name(profile, 16) == "RGB ",
            Self.name(profile, 20) == "XYZ ", Self.name(profile, 36) == "acsp"
        else { return false }
        let count = Self.number(profile, Self.headerBytes)
        let start = Self.headerBytes + 4 + count * Self.entryBytes
        guard count <= Self.tags.count, start <= profile.count else { return false }
        var found: Set<String> = []
        for index in 0..<count {
            let entry = Self.headerBytes + 4 + index * Self.entryBytes
            let (offset, bytes) = (Self.number(profile, entry + 4), Self.number(profile, entry + 8))
            guard found.insert(Self.name(profile, entry)).inserted, offset >= start, offset + bytes <= profile.count
            else { return false }
        }
        return found.isSubset(of: Self.tags)
    }

    private static func number(_ profile: [UInt8], _ offset: Int) -> Int {
        profile[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    private static func name(_ profile: [UInt8], _ offset: Int) -> String {
        String(decoding: profile[offset..<offset + 4], as: UTF8.self)
    }
}
