/// WebP containers, sound and otherwise.
enum SampleWebP {
    static func lossless(_ width: Int, _ height: Int, _ content: [UInt8] = []) -> [UInt8] {
        Self.container(Self.losslessChunk(width, height, content))
    }

    static func losslessChunk(_ width: Int, _ height: Int, _ content: [UInt8] = []) -> [UInt8] {
        Self.chunk("VP8L", [0x2F] + Self.littleEndian((height - 1) << 14 | (width - 1), bytes: 4) + content)
    }

    static func lossyChunk(_ width: Int, _ height: Int) -> [UInt8] {
        let start: [UInt8] = [0x10, 0, 0, 0x9D, 0x01, 0x2A]
        return Self.chunk("VP8 ", start + Self.littleEndian(width, bytes: 2) + Self.littleEndian(height, bytes: 2))
    }

    static func extendedChunk(_ width: Int, _ height: Int) -> [UInt8] {
        Self.chunk(
            "VP8X",
            [0, 0, 0, 0] + Self.littleEndian(width - 1, bytes: 3) + Self.littleEndian(height - 1, bytes: 3)
        )
    }

    /// - Parameter left: in pairs of pixels, as the format counts.
    static func frameChunk(_ width: Int, _ height: Int, left: Int = 0, _ chunks: [UInt8]) -> [UInt8] {
        let place = Self.littleEndian(left, bytes: 3) + [0, 0, 0]
        let size = Self.littleEndian(width - 1, bytes: 3) + Self.littleEndian(height - 1, bytes: 3)
        return Self.chunk("ANMF", place + size + [100, 0, 0, 0] + chunks)
    }

    static func container(_ chunks: [UInt8]...) -> [UInt8] {
        let content = chunks.flatMap { $0 }
        return Array("RIFF".utf8) + Self.littleEndian(content.count + 4, bytes: 4) + Array("WEBP".utf8) + content
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        Array(name.utf8) + Self.littleEndian(data.count, bytes: 4) + data
            + [UInt8](repeating: 0, count: data.count % 2)
    }

    private static func littleEndian(_ value: Int, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
