import MediaModel

/// Walks a JPEG's markers (ITU-T T.81, annex B), entropy-coded data included, and decodes nothing.
enum JPEGPrescan {
    /// A progressive picture is gone over once a scan: two bytes of scan header can cost a pass over 50 megapixels. A
    /// camera's ten scans of the largest picture that is taken stay well below.
    static let passesMax = 16

    private struct Frame {
        let size: PictureSize
        let isProgressive: Bool
    }

    static func check(_ reader: ByteReader, limits: PictureLimits) throws(RenderError) {
        var frame: Frame?
        var scans = 0
        var offset = 2
        while let marker = Self.nextMarker(reader, from: &offset) {
            switch marker {
            case 0xD9: return try Self.require(frame)
            case 0xDA:
                scans += 1
                try Self.admit(scans, of: frame, limits)
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                frame = try Self.frame(reader, marker, at: offset, limits) ?? frame
            default: break
            }
            // Restart and temporary markers stand alone; all others say how long they are.
            if !(0xD0...0xD8).contains(marker), marker != 0x01, let length = reader.bigEndian16(offset) {
                offset += max(2, length)
            }
        }
        try Self.require(frame)
    }

    /// The next marker's second byte; `offset` is left behind it. Stuffed zeros and fill bytes are passed over.
    private static func nextMarker(_ reader: ByteReader, from offset: inout Int) -> UInt8? {
        while let byte = reader.byte(offset) {
            offset += 1
            guard byte == 0xFF else { continue }
            while reader.byte(offset) == 0xFF { offset += 1 }
            guard let marker = reader.byte(offset) else { return nil }
            offset += 1
            if marker != 0 { return marker }
        }
        return nil
    }

    private static func frame(
        _ reader: ByteReader,
        _ marker: UInt8,
        at offset: Int,
        _ limits: PictureLimits
    ) throws(RenderError) -> Frame? {
        // Cut off by the end of the file: rubbish behind the picture, or the decoder will say so.
        guard let precision = reader.byte(offset + 2), let height = reader.bigEndian16(offset + 3),
            let width = reader.bigEndian16(offset + 5)
        else { return nil }
        // Baseline, extended, progressive; the last two also with arithmetic coding. The rest is lossless or
        // hierarchical.
        guard [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(marker) else {
            throw RenderError(
                .unsupported,
                detail: "jpeg: a process that the decoder does not have (SOF\(marker & 15))"
            )
        }
        guard precision == 8 else {
            throw RenderError(.unsupported, detail: "jpeg: \(precision) bits a sample")
        }
        let size = PictureSize(width: width, height: height)
        try limits.admit(size)
        return Frame(size: size, isProgressive: marker == 0xC2 || marker == 0xCA)
    }

    private static func admit(_ scans: Int, of frame: Frame?, _ limits: PictureLimits) throws(RenderError) {
        guard let frame, frame.isProgressive else { return }
        let pixels = max(1, frame.size.width * frame.size.height)
        guard scans <= Self.passesMax * limits.pixelsMax / pixels else {
            throw RenderError(.tooManyPixels, detail: "jpeg: \(scans) scans of \(pixels) pixels")
        }
    }

    private static func require(_ frame: Frame?) throws(RenderError) {
        guard frame != nil else { throw RenderError(.undecodable, detail: "jpeg: no frame header") }
    }
}
