import MediaModel

/// The animation of a PNG (W3C PNG, third edition, §4.9 and §11.3.8 f.): `acTL` announces it, each frame has an `fcTL`
/// and its pixels in `fdAT` chunks, the first one perhaps in the `IDAT` chunks that every reader shows.
///
/// libvips 8.14 reads those `IDAT` alone. So the frames are found here, made into files of their own
/// (``file(of:in:)``) for its loader, and put together by ``FrameCanvas``.
struct PNGAnimation: Hashable, Sendable {
    enum Disposal: UInt8, Sendable {
        case none, background, previous
    }

    struct Frame: Hashable, Sendable {
        /// Inside the canvas.
        let window: Window
        /// In milliseconds.
        let delay: CInt
        /// What becomes of the window before the next frame.
        let disposal: Disposal
        /// Whether it lies over what is there, or takes its place.
        let isOver: Bool
        /// Its compressed pixels, in the file.
        var data: [Range<Int>] = []
    }

    /// The longest that a frame stands: ten minutes. Sums of what the format has room for overflow an encoder's clock.
    private static let delayMax = 600_000
    private static let signatureBytes = 8
    private static let headerBytes = 13

    /// Of the canvas.
    let size: PictureSize
    /// How often it is played; 0 for ever.
    let loop: CInt
    /// Whether the first frame is the picture that readers show that know no animations.
    let showsFirst: Bool
    private(set) var frames: [Frame] = []
    /// What `IHDR` says behind the size: depth, type of colours and the like.
    private let kind: Range<Int>
    /// The chunks that each frame needs to be read: palette and transparency.
    private var shared: [Range<Int>] = []

    /// - Returns: nil for a still, and for an animation that breaks the rules of its chunks: viewers show the still.
    /// - Throws: ``RenderError``: over the limits.
    static func find(in reader: ByteReader, limits: PictureLimits) throws(RenderError) -> PNGAnimation? {
        guard let header = try PNGPrescan.chunk(reader, at: Self.signatureBytes), header.type == "IHDR",
            header.dataBytes == Self.headerBytes, let width = reader.bigEndian32(header.offset + 8),
            let height = reader.bigEndian32(header.offset + 12)
        else { return nil }
        var chunks: [PNGPrescan.Chunk] = []
        var offset = header.end
        // All that may come before the pixels; hostile files have a million of them.
        while chunks.count < 100, let chunk = try PNGPrescan.chunk(reader, at: offset), chunk.type != "IDAT" {
            chunks.append(chunk)
            offset = chunk.end
        }
        guard let control = chunks.first(where: { $0.type == "acTL" }), control.dataBytes == 8,
            let count = reader.bigEndian32(control.offset + 8), let loop = reader.bigEndian32(control.offset + 12),
            count > 1
        else { return nil }
        let size = PictureSize(width: width, height: height)
        try limits.admit(size, frames: count)
        let kind = header.offset + 16..<header.offset + 8 + Self.headerBytes
        let showsFirst = chunks.contains { $0.type == "fcTL" }
        var animation = PNGAnimation(size: size, loop: CInt(min(loop, 65535)), showsFirst: showsFirst, kind: kind)
        return try animation.read(reader, from: header.end, count: count) ? animation : nil
    }

    private static let paletteBytesMax = 3 * 256

    private init(size: PictureSize, loop: CInt, showsFirst: Bool, kind: Range<Int>) {
        self.size = size
        self.loop = loop
        self.showsFirst = showsFirst
        self.kind = kind
    }

    /// - Returns: whether there are `count` sound frames, their chunks in order.
    private mutating func read(_ reader: ByteReader, from start: Int, count: Int) throws(RenderError) -> Bool {
        var (offset, sequence) = (start, 0)
        while let chunk = try PNGPrescan.chunk(reader, at: offset), chunk.type != "IEND" {
            offset = chunk.end
            let data = chunk.offset + 8..<chunk.offset + 8 + chunk.dataBytes
            guard data.upperBound <= reader.count else { return false }
            switch chunk.type {
            case "PLTE", "tRNS":
                // They are copied for every frame: one of each, and no longer than one can be (§11.2.2).
                guard self.shared.count < 2, data.count <= Self.paletteBytesMax else { return false }
                self.shared.append(chunk.offset..<chunk.end)
            case "fcTL":
                guard self.frames.count < count, reader.bigEndian32(data.lowerBound) == sequence,
                    let frame = self.frame(reader, data)
                else { return false }
                self.frames.append(frame)
                sequence += 1
            case "IDAT" where self.frames.count == 1: self.frames[0].data.append(data)
            case "fdAT":
                guard data.count >= 4, reader.bigEndian32(data.lowerBound) == sequence, !self.frames.isEmpty else {
                    return false
                }
                self.frames[self.frames.count - 1].data.append(data.dropFirst(4))
                sequence += 1
            default: break
            }
        }
        let isWhole = self.frames.count == count && self.frames.allSatisfy { !$0.data.isEmpty }
        // What every reader shows is of the canvas' size.
        return isWhole && (!self.showsFirst || self.frames[0].window == self.whole)
    }

    private var whole: Window { Window(left: 0, top: 0, width: self.size.width, height: self.size.height) }

    /// §11.3.8.2: sequence, width, height, left, top, delay as a fraction of seconds, disposal, blending.
    private func frame(_ reader: ByteReader, _ data: Range<Int>) -> Frame? {
        let start = data.lowerBound
        guard data.count == 26, let width = reader.bigEndian32(start + 4), let height = reader.bigEndian32(start + 8),
            let left = reader.bigEndian32(start + 12), let top = reader.bigEndian32(start + 16),
            width >= 1, height >= 1, left + width <= self.size.width, top + height <= self.size.height,
            let number = reader.bigEndian16(start + 20), let parts = reader.bigEndian16(start + 22),
            let disposal = reader.byte(start + 24).flatMap(Disposal.init(rawValue:)),
            let blending = reader.byte(start + 25), blending <= 1
        else { return nil }
        // Hundredths where the fraction has no denominator.
        let denominator = parts == 0 ? 100 : parts
        return Frame(
            window: Window(left: left, top: top, width: width, height: height),
            delay: CInt(min((2000 * number + denominator) / (2 * denominator), Self.delayMax)),
            disposal: disposal,
            isOver: blending == 1
        )
    }

    /// A PNG of one frame's pixels alone.
    ///
    /// - Parameter file: in which the animation was found.
    func file(of frame: Frame, in file: UnsafeRawBufferPointer) -> [UInt8] {
        let size = Self.bigEndian(frame.window.width) + Self.bigEndian(frame.window.height)
        var png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        png.reserveCapacity(frame.data.reduce(1024) { $0 + $1.count + 12 })
        Self.append("IHDR", size + file[self.kind], to: &png)
        for chunk in self.shared { png += file[chunk] }
        for range in frame.data { Self.append("IDAT", file[range], to: &png) }
        Self.append("IEND", [UInt8](), to: &png)
        return png
    }

    private static func append(_ type: String, _ data: some Collection<UInt8>, to png: inout [UInt8]) {
        png += Self.bigEndian(data.count)
        let start = png.count
        png += Array(type.utf8)
        png += data
        png += Self.bigEndian(Int(Self.checksum(png[start...])))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// The remainders of a byte (annex D).
    private static let remainders: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { remainder, _ in remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
    }

    /// CRC-32, over the type and data of a chunk.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { Self.remainders[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }
}

extension Animation {
    init(_ animation: PNGAnimation) {
        self.init(delays: animation.frames.map(\.delay), loop: animation.loop)
    }
}
