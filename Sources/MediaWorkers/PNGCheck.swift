import MediaModel

/// Whether a file that a worker returned is a PNG of a certain size and of pixels only: 8-bit RGB, not interlaced (W3C
/// PNG, third edition, §5 and §11.2). See ``WebPCheck`` for why.
struct PNGCheck {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// Length and name before a chunk's data, and its checksum after them.
    private static let chunkBytes = 12
    /// Depth 8, RGB, the one compression, the one set of filters, no interlacing: what follows the size in `IHDR`.
    private static let form: [UInt8] = [8, 2, 0, 0, 0]

    private struct Chunk {
        let name: String
        let data: Range<Int>
    }

    private let file: [UInt8]

    /// - Returns: what is wrong with `file`, for logs; nil when it is a PNG of `size`.
    static func complaint(_ file: [UInt8], size: PictureSize) -> String? { Self(file: file).complaint(size) }

    private func complaint(_ size: PictureSize) -> String? {
        guard self.file.starts(with: Self.signature), let head = self.chunk(at: Self.signature.count),
            head.name == "IHDR", head.data.count == 13, self.file[head.data].suffix(5).elementsEqual(Self.form)
        else { return "no PNG, or one of another form" }
        let start = head.data.lowerBound
        guard self.number(start) == size.width, self.number(start + 4) == size.height else {
            return "a PNG that is not \(size.width) × \(size.height)"
        }
        var next = self.chunk(after: head)
        // libpng always says how long a metre is.
        if let scale = next, scale.name == "pHYs", scale.data.count == 9 { next = self.chunk(after: scale) }
        guard next?.name == "IDAT" else { return "a PNG without pixels, or with a chunk that does not belong there" }
        while let pixels = next, pixels.name == "IDAT", !pixels.data.isEmpty { next = self.chunk(after: pixels) }
        guard let end = next, end.name == "IEND", end.data.isEmpty,
            end.data.upperBound + 4 == self.file.count
        else { return "a PNG with a chunk that does not belong there, or with bytes behind its end" }
        return nil
    }

    private func chunk(after chunk: Chunk) -> Chunk? { self.chunk(at: chunk.data.upperBound + 4) }

    /// - Returns: nil where the file ends before the chunk does.
    private func chunk(at offset: Int) -> Chunk? {
        guard self.file.count - offset >= Self.chunkBytes, let length = self.number(offset),
            length <= self.file.count - offset - Self.chunkBytes
        else { return nil }
        let name = String(decoding: self.file[offset + 4..<offset + 8], as: UTF8.self)
        return Chunk(name: name, data: offset + 8..<offset + 8 + length)
    }

    /// Big-endian, of 4 bytes.
    private func number(_ offset: Int) -> Int? {
        guard offset >= 0, self.file.count - offset >= 4 else { return nil }
        return self.file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
