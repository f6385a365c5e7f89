import MediaModel

/// What the first bytes of a rendition say of it. Its pixels were checked when it was made, and its seal says that
/// nothing changed since.
struct RebuildPicture {
    /// Bytes that hold all of it in each format: what our encoders write before it is tables and boxes of a few hundred
    /// bytes, and no metadata.
    static let headBytes = 4096

    let size: PictureSize
    let isAnimated: Bool

    /// - Parameter head: the first ``headBytes`` bytes, or the whole file where it is shorter.
    /// - Returns: nil for what is no picture of that format.
    init?(head: [UInt8], as format: RenditionFormat) {
        let webp = format == .webp ? RebuildWebP(head: head) : nil
        let found: PictureSize? =
            switch format {
            case .webp: webp?.size
            case .jpeg: Self.sizeOfJPEG(head)
            case .avif: Self.sizeOfAVIF(head)
            }
        guard let size = found, size.width > 0, size.height > 0 else { return nil }
        self.size = size
        self.isAnimated = webp?.isAnimated ?? false
    }

    /// From the frame header: the marker, a length, the precision, then height and width (ITU-T T.81 §B.2.2).
    private static func sizeOfJPEG(_ head: [UInt8]) -> PictureSize? {
        guard head.starts(with: [0xFF, 0xD8]) else { return nil }
        var offset = 2
        while offset + 9 <= head.count, head[offset] == 0xFF {
            // Baseline, extended and progressive; the encoder writes no other.
            if (0xC0...0xC2).contains(head[offset + 1]) {
                let (height, width) = (head[offset + 5..<offset + 7], head[offset + 7..<offset + 9])
                return PictureSize(width: Self.number(width), height: Self.number(height))
            }
            offset += 2 + Self.number(head[(offset + 2)...].prefix(2))
        }
        return nil
    }

    /// From the first size among the properties (ISO/IEC 23008-12 §6.5.3): that of the picture, and of its alpha.
    private static func sizeOfAVIF(_ head: [UInt8]) -> PictureSize? {
        guard let type = Self.box("ftyp", in: head[...]), type.starts(with: "avif".utf8),
            // A version and flags come before the boxes of `meta`.
            let meta = Self.box("meta", in: head[...])?.dropFirst(4), let properties = Self.box("iprp", in: meta),
            let container = Self.box("ipco", in: properties), let size = Self.box("ispe", in: container),
            size.count == 12
        else { return nil }
        return PictureSize(width: Self.number(size.dropFirst(4).prefix(4)), height: Self.number(size.dropFirst(8)))
    }

    /// The content of the first box of a name, as much of it as is there (ISO/IEC 14496-12 §4.2).
    private static func box(_ name: String, in boxes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = boxes
        while rest.count >= 8 {
            let bytes = Self.number(rest.prefix(4))
            guard bytes >= 8 else { return nil }
            if rest.dropFirst(4).prefix(4).elementsEqual(name.utf8) { return rest.prefix(bytes).dropFirst(8) }
            rest = rest.dropFirst(bytes)
        }
        return nil
    }

    /// Big-endian.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
