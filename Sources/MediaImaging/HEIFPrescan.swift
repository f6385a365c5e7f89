import MediaModel

/// Looks for the sizes that a HEIF file announces: `meta` → `iprp` → `ipco` → `ispe` (ISO/IEC 23008-12 §6.5.3).
///
/// The sizes of all items are checked, whichever is shown: a thumbnail or a tile is never larger than what it belongs
/// to. What the boxes mean otherwise is libheif's business; its own limits stay switched on.
enum HEIFPrescan {
    /// Major brands of sequences, and of still formats later than libheif 1.15. It would decode the one still of a
    /// sequence that comes with it, which is not what was uploaded.
    private static let unsupportedBrands: Set<String> = [
        "avis", "msf1", "mif2", "mif3", "hevc", "hevx", "hevm", "hevs",
    ]

    static func check(_ reader: ByteReader, limits: PictureLimits) throws(RenderError) {
        if let brand = reader.name(8), Self.unsupportedBrands.contains(brand) {
            throw RenderError(.unsupported, detail: "heif: brand \(brand)")
        }
        for meta in Self.boxes("meta", in: reader, 0..<reader.count) {
            // A full box: version and flags come before its children.
            for properties in Self.boxes("iprp", in: reader, meta.dropFirst(4)) {
                for container in Self.boxes("ipco", in: reader, properties) {
                    for extent in Self.boxes("ispe", in: reader, container) {
                        try Self.admit(reader, extent, limits)
                    }
                }
            }
        }
    }

    private static func admit(
        _ reader: ByteReader,
        _ extent: Range<Int>,
        _ limits: PictureLimits
    ) throws(RenderError) {
        guard let width = reader.bigEndian32(extent.lowerBound + 4),
            let height = reader.bigEndian32(extent.lowerBound + 8)
        else { return }
        try limits.admit(PictureSize(width: width, height: height))
    }

    /// The contents of the boxes of one type that lie directly in `range` (ISO/IEC 14496-12 §4.2).
    private static func boxes(_ type: String, in reader: ByteReader, _ range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var offset = range.lowerBound
        while offset < range.upperBound, let size = reader.bigEndian32(offset), let name = reader.name(offset + 4) {
            // 1 announces a 64-bit size, of which a file in memory needs the lower half; 0 means: to the end.
            let header = size == 1 ? 16 : 8
            let length =
                switch size {
                case 0: range.upperBound - offset
                case 1: reader.bigEndian32(offset + 8) == 0 ? reader.bigEndian32(offset + 12) ?? 0 : 0
                default: size
                }
            guard length >= header, length <= range.upperBound - offset else { break }
            if name == type { found.append(offset + header..<offset + length) }
            offset += length
        }
        return found
    }
}
