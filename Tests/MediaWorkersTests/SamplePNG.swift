/// A PNG that is sound as a container, with any bytes for pixels and no checksums.
enum SamplePNG {
    typealias Chunk = (name: String, data: [UInt8])

    /// - Parameter form: depth, colour, compression, filters, interlacing.
    static func file(
        _ width: Int,
        _ height: Int,
        form: [UInt8] = [8, 2, 0, 0, 0],
        _ chunks: [Chunk] = [("IDAT", [7])],
        end: Chunk = ("IEND", [])
    ) -> [UInt8] {
        let head = Self.bigEndian(width) + Self.bigEndian(height) + form
        let parts = [("IHDR", head)] + chunks + [end]
        return Self.signature + parts.flatMap { Self.chunk($0.name, $0.data) }
    }

    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        Self.bigEndian(data.count) + Array(name.utf8) + data + [0, 0, 0, 0]
    }

    static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
