import MediaModel

/// What the first bytes of a WebP say (RFC 9649 §2.4 ff.). Its pixels were checked when it was made, and its seal says
/// that nothing changed since.
struct RebuildWebP {
    private static let low14 = 0x3FFF

    let size: PictureSize
    let isAnimated: Bool

    /// - Parameter head: at least the first 30 bytes (the file's header, a chunk's, and ten of that chunk), or the
    ///   whole file where it is shorter.
    /// - Returns: nil for what is no WebP.
    init?(head: [UInt8]) {
        guard head.prefix(4).elementsEqual("RIFF".utf8), head.dropFirst(8).prefix(4).elementsEqual("WEBP".utf8) else {
            return nil
        }
        let body = Array(head.dropFirst(20).prefix(10))
        let name = String(decoding: head.dropFirst(12).prefix(4), as: UTF8.self)
        guard let size = Self.size(name, body), size.width > 0, size.height > 0 else { return nil }
        self.size = size
        self.isAnimated = name == "VP8X" && body[0] & 0b10 != 0
    }

    private static func size(_ chunk: String, _ body: [UInt8]) -> PictureSize? {
        switch chunk {
        case "VP8X":
            // Flags, three reserved bytes, then the canvas: 24 bits a side, less one.
            guard body.count >= 10 else { return nil }
            return PictureSize(width: Self.number(body[4..<7]) + 1, height: Self.number(body[7..<10]) + 1)
        case "VP8L":
            // A signature, then 14 bits a side, less one (RFC 9649 §3.4).
            guard body.count >= 5, body[0] == 0x2F else { return nil }
            let bits = Self.number(body[1..<5])
            return PictureSize(width: (bits & Self.low14) + 1, height: (bits >> 14 & Self.low14) + 1)
        case "VP8 ":
            // A key frame's tag, the start code, then 14 bits a side (RFC 6386 §9.1).
            guard body.count >= 10, body[0] & 1 == 0, body[3..<6].elementsEqual([0x9D, 0x01, 0x2A]) else { return nil }
            return PictureSize(
                width: Self.number(body[6..<8]) & Self.low14,
                height: Self.number(body[8..<10]) & Self.low14
            )
        default:
            return nil
        }
    }

    /// Little-endian.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
}
