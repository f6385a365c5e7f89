import MediaModel

/// The colour profile of a picture whose renditions keep its colours: what a rendition gets of it, and how the
/// picture's pixels come to be 8-bit numbers of that space.
///
/// Written anew from the numbers that a conversion needs (ICC.1:2022 §8.4, three primaries and three curves): nothing
/// that a camera or a program has put beside them goes to clients, and nothing that only looks like a profile.
struct KeptProfile: Hashable, Sendable {
    /// The longest that is kept: three curves of 1024 points that are one and the same, and their company. The worker's
    /// pool and a rebuild count on it.
    static let bytesMax = 3072
    private static let headerBytes = 128
    private static let entryBytes = 12
    /// More tags than any profile has.
    private static let tagsMax = 100
    private static let matrix = ["wtpt", "rXYZ", "gXYZ", "bXYZ"]
    private static let curves = ["rTRC", "gTRC", "bTRC"]

    let bytes: [UInt8]
    let way: ColourWay

    /// - Returns: nil where no recipe of the job keeps profiles, and where there is nothing to keep: the picture is in
    ///   sRGB, in no RGB space, or its profile is not of primaries and curves. Then it becomes sRGB as any other.
    init?(of picture: borrowing VipsImageHandle, wantedBy job: RenderJob) throws(RenderError) {
        guard job.presets.contains(where: { $0.recipe.profile == .keep }),
            picture.profileBytes <= ColourProfile.bytesMax, let profile = picture.profile,
            !ColourProfile.isSRGB(profile), picture.isRGB, let bytes = Self.plain(profile),
            // What the library that converts makes of it.
            case .byProfile = ColourWay(of: try picture.withProfile(bytes))
        else { return nil }
        self.bytes = bytes
        self.way = picture.isEightBitSRGB ? .plain : .bySpace
    }

    /// The file with the profile in it; an AVIF has it from its encoder.
    func embedded(in file: [UInt8], _ format: RenditionFormat) -> [UInt8] {
        switch format {
        case .webp: WebPContainer.withProfile(self.bytes, in: file)
        case .jpeg: JPEGContainer.withProfile(self.bytes, in: file)
        case .avif: file
        }
    }

    /// The profile without what no conversion needs; nil where it is not of primaries and curves, or too long.
    static func plain(_ profile: [UInt8]) -> [UInt8]? {
        profile.withUnsafeBytes { bytes in
            let reader = ByteReader(bytes)
            // Spaces (§7.2.6, §7.2.7), and the signature of all profiles.
            guard reader.name(16) == "RGB ", reader.name(20) == "XYZ ", reader.name(36) == "acsp",
                let bytes = reader.bigEndian32(0), bytes <= reader.count, let major = reader.byte(8),
                major == 2 || major == 4
            else { return nil }
            var tags = [("desc", Self.text("kept", major)), ("cprt", Self.copyright(major))]
            for name in Self.matrix {
                guard let data = Self.tag(name, reader), data.count == 20, Self.type(data) == "XYZ " else { return nil }
                tags.append((name, data))
            }
            for name in Self.curves {
                guard let data = Self.tag(name, reader), Self.isCurve(data) else { return nil }
                tags.append((name, data))
            }
            // How white was adapted (§9.2.15): nine numbers.
            if let data = Self.tag("chad", reader), data.count == 44, Self.type(data) == "sf32" {
                tags.append(("chad", data))
            }
            let written = Self.written(tags, header: Self.header(reader))
            return written.count <= Self.bytesMax ? written : nil
        }
    }

    // Reading.

    private static func tag(_ name: String, _ reader: ByteReader) -> [UInt8]? {
        guard let count = reader.bigEndian32(headerBytes), count <= Self.tagsMax else { return nil }
        for index in 0..<count {
            let entry = Self.headerBytes + 4 + Self.entryBytes * index
            guard reader.name(entry) == name else { continue }
            guard let offset = reader.bigEndian32(entry + 4), let bytes = reader.bigEndian32(entry + 8) else {
                return nil
            }
            return reader.slice(offset, bytes).map { [UInt8]($0) }
        }
        return nil
    }

    private static func type(_ data: [UInt8]) -> String { String(decoding: data.prefix(4), as: UTF8.self) }

    /// A table or a gamma (`curv`, §10.6), or one of five formulas (`para`, §10.18), and no byte more.
    private static func isCurve(_ data: [UInt8]) -> Bool {
        data.withUnsafeBytes { bytes in
            let reader = ByteReader(bytes)
            switch Self.type(data) {
            case "curv": return reader.bigEndian32(8).map { data.count == 12 + 2 * $0 } ?? false
            case "para":
                let numbers = [1, 3, 4, 5, 7]
                guard let function = reader.bigEndian16(8), numbers.indices.contains(function) else { return false }
                return data.count == 12 + 4 * numbers[function]
            default: return false
            }
        }
    }

    // Writing.

    /// Version, class, spaces, signature, intent and white are the picture's; date, platform, flags, device, program
    /// and digest are nobody's.
    private static func header(_ reader: ByteReader) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        for range in [8..<24, 36..<40, 64..<80] {
            for offset in range { header[offset] = reader.byte(offset) ?? 0 }
        }
        return header
    }

    /// Tags begin at multiples of four (§7.3.1); equal ones are there once.
    private static func written(_ tags: [(name: String, data: [UInt8])], header: [UInt8]) -> [UInt8] {
        var (table, data) = (Self.bigEndian(tags.count), [UInt8]())
        let start = Self.headerBytes + 4 + Self.entryBytes * tags.count
        var places: [[UInt8]: Int] = [:]
        for tag in tags {
            if places[tag.data] == nil {
                places[tag.data] = start + data.count
                data += tag.data + [UInt8](repeating: 0, count: (4 - tag.data.count % 4) % 4)
            }
            table +=
                Array(tag.name.utf8) + Self.bigEndian(places[tag.data, default: 0]) + Self.bigEndian(tag.data.count)
        }
        var file = header + table + data
        file.replaceSubrange(0..<4, with: Self.bigEndian(file.count))
        return file
    }

    private static func copyright(_ major: UInt8) -> [UInt8] {
        // §9.2.21: in version 2 plain text.
        major == 2 ? Array("text\0\0\0\0none\0".utf8) : Self.text("none", major)
    }

    /// `desc` (ICC.1:2001-04 §6.5.17), or since version 4 `mluc` (§10.15) with one entry.
    private static func text(_ text: String, _ major: UInt8) -> [UInt8] {
        if major == 2 {
            let ascii = Array(text.utf8) + [0]
            return Array("desc\0\0\0\0".utf8) + Self.bigEndian(ascii.count) + ascii + [UInt8](repeating: 0, count: 78)
        }
        let wide = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        return Array("mluc\0\0\0\0".utf8) + Self.bigEndian(1) + Self.bigEndian(12) + Array("enUS".utf8)
            + Self.bigEndian(wide.count) + Self.bigEndian(28) + wide
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
