/// A picture to be measured with: grey PNG, not compressed, so that it is made in no time and without a codec.
package struct BenchPicture: Sendable {
    private static let crcTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// Pixels.
    private static let coarseSide = 32
    private static let fineSide = 8

    private let width: Int
    private let height: Int
    private let seed: Int

    /// - Parameter seed: another one gives another picture.
    package init(width: Int, height: Int, seed: Int) {
        precondition(width > 0 && height > 0, "\(width)×\(height) is no picture")
        self.width = width
        self.height = height
        self.seed = seed
    }

    /// The whole file (ISO 15948).
    package var bytes: [UInt8] {
        var header = Self.bigEndian(self.width) + Self.bigEndian(self.height)
        // 8 bits, grey, deflate, the one set of filters, not interlaced.
        header += [8, 0, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
            + Self.chunk("IDAT", Self.stored(self.rows)) + Self.chunk("IEND", [])
    }

    /// Patches of two sizes with noise on them: reduced to a thumbnail there is still something to encode, and what
    /// comes out has a size like a photograph's.
    private var rows: [UInt8] {
        var rows: [UInt8] = []
        rows.reserveCapacity((self.width + 1) * self.height)
        var noise = Noise(seed: self.seed)
        var coarse: [UInt8] = []
        var fine: [UInt8] = []
        for row in 0..<self.height {
            if row.isMultiple(of: Self.coarseSide) {
                coarse = (0...self.width / Self.coarseSide).map { _ in noise.next() >> 1 }
            }
            if row.isMultiple(of: Self.fineSide) {
                fine = (0...self.width / Self.fineSide).map { _ in noise.next() >> 2 }
            }
            rows.append(0)
            for column in 0..<self.width {
                rows.append(coarse[column / Self.coarseSide] + fine[column / Self.fineSide] + noise.next() >> 5)
            }
        }
        return rows
    }

    /// xorshift64 (Marsaglia 2003): the same bytes for the same seed.
    private struct Noise {
        private var state: UInt64

        init(seed: Int) { self.state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

        mutating func next() -> UInt8 {
            self.state ^= self.state << 13
            self.state ^= self.state >> 7
            self.state ^= self.state << 17
            return UInt8(truncatingIfNeeded: self.state >> 56)
        }
    }

    /// zlib's container (RFC 1950) around stored blocks (RFC 1951 §3.2.4).
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        let blockBytesMax = 0xFFFF
        var result: [UInt8] = [0x78, 0x01]
        var sums: (UInt32, UInt32) = (1, 0)
        for start in stride(from: 0, to: bytes.count, by: blockBytesMax) {
            let block = bytes[start..<min(start + blockBytesMax, bytes.count)]
            let length = UInt16(block.count)
            result.append(block.endIndex == bytes.count ? 1 : 0)
            result += [UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)]
            result += block
            for byte in block {
                sums.0 = (sums.0 + UInt32(byte)) % 65521
                sums.1 = (sums.1 + sums.0) % 65521
            }
        }
        return result + Self.bigEndian(Int(sums.1 << 16 | sums.0))
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        let crc = body.reduce(UInt32.max) { Self.crcTable[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
        return Self.bigEndian(data.count) + body + Self.bigEndian(Int(~crc))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
}
