import MediaModel

/// A WebP that is sound as a container, with any bytes for pixels: one `VP8L` chunk. The tests make the same.
enum FakeWebP {
    static func file(_ size: PictureSize, _ content: [UInt8]) -> [UInt8] {
        let bits = (size.height - 1) << 14 | (size.width - 1)
        return Self.container(Self.chunk("VP8L", [0x2F] + Self.littleEndian(bits) + content))
    }

    static func container(_ chunks: [UInt8]) -> [UInt8] {
        Array("RIFF".utf8) + Self.littleEndian(chunks.count + 4) + Array("WEBP".utf8) + chunks
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        Array(name.utf8) + Self.littleEndian(data.count) + data + [UInt8](repeating: 0, count: data.count % 2)
    }

    private static func littleEndian(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
