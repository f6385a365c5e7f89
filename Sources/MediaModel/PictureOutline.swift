/// What the first bytes of a picture say about the work that it will be: enough to plan by, and nothing is refused by
/// it. Its limits are checked where it is decoded, on all of it.
///
/// Total: hostile bytes make a wrong outline or none, and cost no more than one pass over ``openingBytesMax``.
package struct PictureOutline: Sendable, Hashable {
    /// How many bytes from the start are worth looking at: one chunk of a sealed blob. A camera's metadata, which a
    /// JPEG's size comes after, takes less as a rule.
    package static let openingBytesMax = 64 * 1024

    /// As stored; both sides at least 1.
    package let size: PictureSize
    /// 1 for a still. An animation tells only at its end how many it has: counted in the opening, and the rest of the
    /// file taken to be like it.
    package let frames: Int
    /// Whether no decoder can have it line by line: progressive, interlaced, or of a format that always has all its
    /// pixels in memory.
    package let isWhole: Bool

    private init?(_ size: PictureSize?, frames: Int = 1, isWhole: Bool) {
        guard let size, size.width >= 1, size.height >= 1 else { return nil }
        self.size = size
        self.frames = max(1, frames)
        self.isWhole = isWhole
    }

    /// - Parameters:
    ///   - format: as sniffed.
    ///   - opening: the picture's first bytes, any number of them.
    ///   - bytes: of the whole picture.
    /// - Returns: nil where the opening does not say.
    package init?(_ format: PictureFormat, opening: [UInt8], bytes: Int) {
        let opening = Opening(bytes: opening, total: bytes)
        let outline =
            switch format {
            case .jpeg: Self.jpeg(opening)
            case .png: Self.png(opening)
            case .gif: Self.gif(opening)
            case .webp: Self.webp(opening)
            case .heic, .avif: Self.heif(opening)
            }
        guard let outline else { return nil }
        self = outline
    }

    /// The first frame header among the markers (ITU-T T.81, annex B).
    private static func jpeg(_ opening: Opening) -> PictureOutline? {
        var offset = 2
        while let byte = opening.byte(offset), let marker = opening.byte(offset + 1) {
            guard byte == 0xFF, marker != 0xFF else {
                offset += 1
                continue
            }
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                // Baseline and extended pictures come in one pass, with Huffman or arithmetic coding.
                let isSequential = [0xC0, 0xC1, 0xC9].contains(marker)
                return PictureOutline(opening.size16(height: offset + 5, width: offset + 7), isWhole: !isSequential)
            }
            let standsAlone = (0xD0...0xD8).contains(marker) || marker <= 1
            guard let length = standsAlone ? 0 : opening.bigEndian(offset + 2, 2) else { return nil }
            offset += 2 + length
        }
        return nil
    }

    /// `IHDR`, which is always first (W3C PNG, third edition, §11.2.1).
    private static func png(_ opening: Opening) -> PictureOutline? {
        guard let width = opening.bigEndian(16, 4), let height = opening.bigEndian(20, 4),
            let interlace = opening.byte(28)
        else { return nil }
        let frames = Self.framesOfPNG(opening)
        return PictureOutline(
            PictureSize(width: width, height: height),
            frames: frames,
            isWhole: interlace != 0 || frames > 1
        )
    }

    /// What `acTL` says before the first `IDAT` (§11.3.8.1); 1 where there is none.
    private static func framesOfPNG(_ opening: Opening) -> Int {
        var offset = 33
        while let length = opening.bigEndian(offset, 4), let name = opening.name(offset + 4), name != "IDAT" {
            if name == "acTL" { return min(opening.bigEndian(offset + 8, 4) ?? 1, 1_000_000) }
            offset += 12 + length
        }
        return 1
    }

    /// The logical screen, and the image descriptors among the blocks (GIF89a).
    private static func gif(_ opening: Opening) -> PictureOutline? {
        guard let width = opening.littleEndian(6, 2), let height = opening.littleEndian(8, 2),
            let packed = opening.byte(10)
        else { return nil }
        func tableBytes(_ packed: Int) -> Int { packed & 0x80 == 0 ? 0 : 3 << ((packed & 7) + 1) }
        var offset = 13 + tableBytes(packed)
        var (frames, end) = (0, offset)
        walk: while let introducer = opening.byte(offset) {
            switch introducer {
            case 0x21: offset += 2
            case 0x2C: offset += 11 + tableBytes(opening.byte(offset + 9) ?? 0)
            default: break walk
            }
            while let length = opening.byte(offset) {
                offset += 1 + length
                if length == 0 { break }
            }
            if introducer == 0x2C { (frames, end) = (frames + 1, offset) }
        }
        return PictureOutline(
            PictureSize(width: width, height: height),
            frames: opening.extrapolated(frames, countedUpTo: end),
            isWhole: true
        )
    }

    /// The first chunk, and the frames among those after it (RFC 9649 §2.5 to §2.7).
    private static func webp(_ opening: Opening) -> PictureOutline? {
        switch opening.name(12) {
        case "VP8 ": return PictureOutline(opening.size14(26, 28), isWhole: true)
        case "VP8L":
            guard let bits = opening.littleEndian(21, 4) else { return nil }
            let size = PictureSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1)
            return PictureOutline(size, isWhole: true)
        case "VP8X":
            guard let width = opening.littleEndian(24, 3), let height = opening.littleEndian(27, 3) else { return nil }
            var (offset, frames, end) = (12, 0, 12)
            while let name = opening.name(offset), let length = opening.littleEndian(offset + 4, 4) {
                offset += 8 + length + length % 2
                if name == "ANMF" { (frames, end) = (frames + 1, offset) }
            }
            return PictureOutline(
                PictureSize(width: width + 1, height: height + 1),
                frames: opening.extrapolated(frames, countedUpTo: end),
                isWhole: true
            )
        default: return nil
        }
    }

    /// The largest `ispe` (ISO/IEC 23008-12 §6.5.3), wherever it lies: what the boxes around it are does not matter
    /// for an estimate.
    private static func heif(_ opening: Opening) -> PictureOutline? {
        let name = Array("ispe".utf8)
        var largest: PictureSize?
        for offset in opening.bytes.indices where opening.bytes[offset] == name[0] {
            guard opening.bytes[offset...].starts(with: name) else { continue }
            guard let width = opening.bigEndian(offset + 8, 4), let height = opening.bigEndian(offset + 12, 4) else {
                break
            }
            // Two sides of 32 bits each have a product of 64.
            let isLarger = largest.map { Double(width) * Double(height) > Double($0.width) * Double($0.height) }
            if isLarger ?? true { largest = PictureSize(width: width, height: height) }
        }
        return PictureOutline(largest, isWhole: true)
    }
}

/// The first bytes of a file; whatever is asked for beyond them is nil.
private struct Opening {
    let bytes: [UInt8]
    /// Of the whole file.
    let total: Int

    func byte(_ offset: Int) -> Int? { self.bytes.indices.contains(offset) ? Int(self.bytes[offset]) : nil }

    func bigEndian(_ offset: Int, _ count: Int) -> Int? {
        guard offset + count <= self.bytes.count else { return nil }
        return self.bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }

    func littleEndian(_ offset: Int, _ count: Int) -> Int? {
        guard offset + count <= self.bytes.count else { return nil }
        return self.bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    func name(_ offset: Int) -> String? {
        guard offset + 4 <= self.bytes.count else { return nil }
        return String(decoding: self.bytes[offset..<offset + 4], as: UTF8.self)
    }

    func size16(height: Int, width: Int) -> PictureSize? {
        guard let height = self.bigEndian(height, 2), let width = self.bigEndian(width, 2) else { return nil }
        return PictureSize(width: width, height: height)
    }

    /// Sides of 14 bits with two bits of scaling above them (RFC 6386 §9.1).
    func size14(_ width: Int, _ height: Int) -> PictureSize? {
        guard let width = self.littleEndian(width, 2), let height = self.littleEndian(height, 2) else { return nil }
        return PictureSize(width: width & 0x3FFF, height: height & 0x3FFF)
    }

    /// `count` of something up to `end`, and as many more as the rest of the file has room for at that rate.
    func extrapolated(_ count: Int, countedUpTo end: Int) -> Int {
        guard end > 0, self.bytes.count < self.total else { return count }
        return Int(min(Double(count) * Double(self.total) / Double(end), 1_000_000))
    }
}
