/// A PNG that is sound as a container, with any bytes for pixels and no checksums. The tests make the same.
enum FakePNG {
    static func file(_ width: Int, _ height: Int, _ chunks: [(String, [UInt8])] = [("IDAT", [7])]) -> [UInt8] {
        let head = Self.bigEndian(width) + Self.bigEndian(height) + [8, 2, 0, 0, 0]
        let parts = [("IHDR", head)] + chunks + [("IEND", [])]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + parts.flatMap { Self.chunk($0.0, $0.1) }
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        Self.bigEndian(data.count) + Array(name.utf8) + data + [0, 0, 0, 0]
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
