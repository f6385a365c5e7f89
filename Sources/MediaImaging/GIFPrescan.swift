import MediaModel

/// Walks a GIF's blocks (GIF89a specification) and counts frames, without any LZW.
enum GIFPrescan {
    static func check(_ reader: ByteReader, limits: PictureLimits) throws(RenderError) {
        // Header (6), then the logical screen: width, height, packed, background, aspect. The screen's size is not
        // checked here: encoders wrote their monitor's size into it, and libnsgif goes by the frames where it is
        // absurd.
        guard let packed = reader.byte(10) else { return }
        var offset = 13 + Self.tableBytes(packed)
        var frames = 0
        while let introducer = reader.byte(offset) {
            switch introducer {
            case 0x21: offset += 2
            case 0x2C:
                frames += 1
                offset = try Self.frame(reader, at: offset, number: frames, limits)
            default: return
            }
            guard Self.skipSubBlocks(reader, &offset) else { return }
        }
    }

    /// - Returns: where the frame's sub-blocks begin.
    private static func frame(
        _ reader: ByteReader,
        at offset: Int,
        number: Int,
        _ limits: PictureLimits
    ) throws(RenderError) -> Int {
        guard let width = reader.littleEndian16(offset + 5), let height = reader.littleEndian16(offset + 7),
            let packed = reader.byte(offset + 9)
        else { return reader.count }
        // Frames may be smaller than the canvas, so only their number and each one's own size is known to be too much.
        try limits.admit(PictureSize(width: width, height: height))
        guard number <= limits.framesMax else {
            throw RenderError(.tooManyFrames, detail: "gif: over \(limits.framesMax) frames")
        }
        return offset + 10 + Self.tableBytes(packed) + 1
    }

    /// The bytes of a colour table, as the packed field before it says.
    private static func tableBytes(_ packed: UInt8) -> Int { packed & 0x80 == 0 ? 0 : 3 << (Int(packed & 7) + 1) }

    private static func skipSubBlocks(_ reader: ByteReader, _ offset: inout Int) -> Bool {
        while let length = reader.byte(offset) {
            offset += 1 + Int(length)
            if length == 0 { return true }
        }
        return false
    }
}
