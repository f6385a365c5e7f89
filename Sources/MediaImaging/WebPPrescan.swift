import MediaModel

/// Walks a WebP's chunks (RFC 9649 §2.3): FourCC, size (LE32), data, padding to an even length.
enum WebPPrescan {
    static func check(_ reader: ByteReader, limits: PictureLimits) throws(RenderError) {
        var canvas = PictureSize(width: 1, height: 1)
        var frames = 0
        var offset = 12
        while let name = reader.name(offset), let length = reader.littleEndian32(offset + 4) {
            switch name {
            case "VP8X":
                // libwebp's animation decoder allocates two canvases as soon as it is made: 2 GB for the largest.
                guard let width = reader.littleEndian24(offset + 12), let height = reader.littleEndian24(offset + 15)
                else { return }
                canvas = PictureSize(width: width + 1, height: height + 1)
            case "ANMF": frames += 1
            default: break
            }
            try limits.admit(canvas, frames: max(1, frames))
            offset += 8 + length + length % 2
        }
    }
}
