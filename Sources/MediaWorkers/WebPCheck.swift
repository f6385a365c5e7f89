import MediaModel

/// Whether a file that a worker returned is a WebP of a certain size and of pixels only (RFC 9649 §2.3 ff.).
///
/// Clients get these bytes under our name. What a broken worker smuggles behind twelve good bytes (a page, a script,
/// another picture's metadata) must not leave; the compressed pixels themselves are the client's codec's to judge.
struct WebPCheck {
    /// FourCC and size of a chunk; of the file `RIFF` and size.
    private static let headerBytes = 8
    /// `RIFF`, size, `WEBP`.
    private static let fileHeaderBytes = 12
    private static let fileChunks: Set<String> = ["VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF"]
    private static let frameChunks: Set<String> = ["VP8 ", "VP8L", "ALPH"]
    /// What an `ANMF` says of its frame before the frame's own chunks (§2.7.1.1).
    private static let frameHeaderBytes = 16
    /// Frames and stills in the extended format stand on its canvas; in the simple one the first chunk is all.
    private static let firstChunks: Set<String> = ["VP8X", "VP8 ", "VP8L"]

    private struct Chunk {
        let name: String
        /// Of the data.
        let offset: Int
        /// Without the padding.
        let bytes: Int
    }

    private static let profileFlag: UInt8 = 0x20

    private let file: [UInt8]
    private let mayHaveProfile: Bool

    /// - Parameter mayHaveProfile: whether its colours may be said to be others than sRGB's.
    /// - Returns: what is wrong with `file`, for logs; nil when it is a WebP of `size`.
    static func complaint(_ file: [UInt8], size: PictureSize, mayHaveProfile: Bool = false) -> String? {
        Self(file: file, mayHaveProfile: mayHaveProfile).complaint(size)
    }

    private func complaint(_ size: PictureSize) -> String? {
        guard self.name(0) == "RIFF", self.name(8) == "WEBP" else { return "no WebP" }
        guard let announced = self.number(4, bytes: 4), announced == self.file.count - Self.headerBytes,
            announced.isMultiple(of: 2)
        else { return "a WebP of another length than it says" }
        let allowed = self.mayHaveProfile ? Self.fileChunks.union(["ICCP"]) : Self.fileChunks
        guard let chunks = self.chunks(Self.fileHeaderBytes..<self.file.count, allowed: allowed),
            self.areProfilesPlain(chunks)
        else { return "a WebP with a chunk that is broken or does not belong there" }
        guard let first = chunks.first, Self.firstChunks.contains(first.name),
            chunks.count == 1 || first.name == "VP8X",
            !chunks.dropFirst().contains(where: { $0.name == "VP8X" })
        else { return "a WebP whose chunks are out of order" }
        let pictures = chunks.filter { !["VP8X", "ICCP", "ALPH", "ANIM"].contains($0.name) }
        let isMoving = !pictures.isEmpty && pictures.allSatisfy { $0.name == "ANMF" }
        guard isMoving || pictures.count == 1 else { return "a WebP without a picture, or with several" }
        let isOfSize = first.name != "VP8X" || self.canvas(first) == size
        guard isOfSize, pictures.allSatisfy({ self.holds($0, on: size) }) else {
            return "a WebP that is not \(size.width) × \(size.height)"
        }
        return nil
    }

    /// None, or one behind the `VP8X` that announces it (§2.7.1.4).
    private func areProfilesPlain(_ chunks: [Chunk]) -> Bool {
        let profiles = chunks.filter { $0.name == "ICCP" }
        guard let profile = profiles.first else { return true }
        guard profiles.count == 1, chunks.count > 1, chunks[1].name == "ICCP", chunks[0].name == "VP8X",
            self.file[chunks[0].offset] & Self.profileFlag != 0
        else { return false }
        return ProfileCheck.isPlain(self.file[profile.offset..<profile.offset + profile.bytes])
    }

    /// The chunks of a range in order; nil unless they fill it exactly and all are allowed.
    private func chunks(_ range: Range<Int>, allowed: Set<String>) -> [Chunk]? {
        var chunks: [Chunk] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            guard let name = self.name(offset), allowed.contains(name), let bytes = self.number(offset + 4, bytes: 4)
            else { return nil }
            let start = offset + Self.headerBytes
            offset = start + bytes + bytes % 2
            guard offset <= range.upperBound else { return nil }
            // §2.3: the byte that makes an odd length even must be 0.
            if bytes % 2 == 1, self.file[offset - 1] != 0 { return nil }
            chunks.append(Chunk(name: name, offset: start, bytes: bytes))
        }
        return chunks
    }

    /// Whether a still is of the canvas' size, or a frame lies within it and is of the size that it says.
    private func holds(_ chunk: Chunk, on canvas: PictureSize) -> Bool {
        guard chunk.name == "ANMF" else { return self.size(of: chunk) == canvas }
        guard chunk.bytes >= Self.frameHeaderBytes, let left = self.number(chunk.offset, bytes: 3),
            let top = self.number(chunk.offset + 3, bytes: 3), let size = self.lessOne(chunk.offset + 6),
            2 * left + size.width <= canvas.width, 2 * top + size.height <= canvas.height,
            let chunks = self.chunks(
                chunk.offset + Self.frameHeaderBytes..<chunk.offset + chunk.bytes,
                allowed: Self.frameChunks
            )
        else { return false }
        let pictures = chunks.filter { $0.name != "ALPH" }
        return pictures.count == 1 && pictures.allSatisfy { self.size(of: $0) == size }
    }

    /// §2.7.1: a byte of flags and three that are reserved come first.
    private func canvas(_ chunk: Chunk) -> PictureSize? {
        chunk.bytes == 10 ? self.lessOne(chunk.offset + 4) : nil
    }

    /// What the header of a `VP8 ` (RFC 6386 §9.1) or a `VP8L` (RFC 9649 §3.4) says.
    private func size(of chunk: Chunk) -> PictureSize? {
        let low14 = 0x3FFF
        if chunk.name == "VP8L" {
            guard chunk.bytes >= 5, self.file[chunk.offset] == 0x2F, let bits = self.number(chunk.offset + 1, bytes: 4)
            else { return nil }
            return PictureSize(width: (bits & low14) + 1, height: (bits >> 14 & low14) + 1)
        }
        // A key frame (bit 0 of the tag is 0), then the start code.
        guard chunk.bytes >= 10, self.file[chunk.offset] & 1 == 0,
            self.file[chunk.offset + 3..<chunk.offset + 6].elementsEqual([0x9D, 0x01, 0x2A]),
            let width = self.number(chunk.offset + 6, bytes: 2), let height = self.number(chunk.offset + 8, bytes: 2)
        else { return nil }
        return PictureSize(width: width & low14, height: height & low14)
    }

    /// Width and height, 24 bits each and less one.
    private func lessOne(_ offset: Int) -> PictureSize? {
        guard let width = self.number(offset, bytes: 3), let height = self.number(offset + 3, bytes: 3) else {
            return nil
        }
        return PictureSize(width: width + 1, height: height + 1)
    }

    private func name(_ offset: Int) -> String? {
        self.slice(offset, 4).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Little-endian.
    private func number(_ offset: Int, bytes: Int) -> Int? {
        self.slice(offset, bytes)?.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private func slice(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, offset <= self.file.count, count <= self.file.count - offset else { return nil }
        return self.file[offset..<offset + count]
    }
}
