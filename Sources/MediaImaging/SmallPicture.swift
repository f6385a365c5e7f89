import MediaModel

/// A picture of at most 100 × 100 pixels: what is looked at to say what a larger one looks like. Its pixels are plain
/// bytes, so that whatever decodes can fill it.
struct SmallPicture {
    /// A ThumbHash's limit: a larger picture makes it dearer, not better.
    static let sideMax = 100
    /// Pixels on each side of a patch that become one, at most: a huge picture takes no longer than a large one.
    private static let samplesMax = 4

    let width: Int
    let height: Int
    /// Red, green, blue and alpha of each pixel, row by row; the colours are not weighted by alpha.
    let rgba: [UInt8]

    /// - Parameter rgba: four bytes a pixel, row by row.
    init(width: Int, height: Int, rgba: [UInt8]) {
        precondition((1...Self.sideMax).contains(width) && (1...Self.sideMax).contains(height), "a small picture")
        precondition(rgba.count == 4 * width * height, "four bytes a pixel")
        self.width = width
        self.height = height
        self.rgba = rgba
    }

    /// Averages patches of a picture, weighted by alpha, so that it fits into ``sideMax``; a smaller one stays as large
    /// as it is.
    ///
    /// - Parameters:
    ///   - size: of the picture; both sides at least 1.
    ///   - bands: 3 (RGB) or 4 (RGBA) bytes a pixel.
    ///   - stride: bytes from a row to the next.
    init(averaging pixels: UnsafeRawBufferPointer, _ size: PictureSize, bands: Int, stride: Int) {
        precondition(bands == 3 || bands == 4, "RGB or RGBA")
        precondition((size.height - 1) * stride + size.width * bands <= pixels.count, "all rows are there")
        let small = Self.size(of: size)
        let (width, height) = (small.width, small.height)
        var rgba: [UInt8] = []
        rgba.reserveCapacity(4 * width * height)
        for row in 0..<height {
            let rows = Self.samples(row, of: height, in: size.height)
            for column in 0..<width {
                var sum = Sum()
                for y in rows {
                    for x in Self.samples(column, of: width, in: size.width) {
                        let at = y * stride + x * bands
                        sum.add(pixels[at], pixels[at + 1], pixels[at + 2], bands == 4 ? pixels[at + 3] : 255)
                    }
                }
                sum.append(to: &rgba)
            }
        }
        self.init(width: width, height: height, rgba: rgba)
    }

    /// What a picture of that size becomes.
    static func size(of whole: PictureSize) -> PictureSize {
        let longer = max(whole.width, whole.height)
        return PictureSize(width: Self.side(whole.width, of: longer), height: Self.side(whole.height, of: longer))
    }

    private static func side(_ side: Int, of longer: Int) -> Int {
        longer <= Self.sideMax ? side : max(1, (2 * side * Self.sideMax + longer) / (2 * longer))
    }

    /// Where the `index`th of `count` patches is looked at, along one side.
    private static func samples(_ index: Int, of count: Int, in whole: Int) -> StrideTo<Int> {
        let (start, end) = (index * whole / count, max(index * whole / count + 1, (index + 1) * whole / count))
        let step = (end - start + Self.samplesMax - 1) / Self.samplesMax
        return stride(from: start, to: end, by: step)
    }

    private struct Sum {
        private var red = 0
        private var green = 0
        private var blue = 0
        private var alpha = 0
        private var count = 0

        mutating func add(_ red: UInt8, _ green: UInt8, _ blue: UInt8, _ alpha: UInt8) {
            let weight = Int(alpha)
            self.red += weight * Int(red)
            self.green += weight * Int(green)
            self.blue += weight * Int(blue)
            self.alpha += weight
            self.count += 1
        }

        /// What shows nothing is black.
        func append(to rgba: inout [UInt8]) {
            for channel in [self.red, self.green, self.blue] {
                rgba.append(self.alpha == 0 ? 0 : UInt8((channel + self.alpha / 2) / self.alpha))
            }
            rgba.append(UInt8((self.alpha + self.count / 2) / self.count))
        }
    }
}

extension SmallPicture {
    /// Of the first frame of what is in memory.
    init(_ strip: borrowing FrameStrip) throws(RenderError) {
        let (size, bands) = (strip.size, strip.strip.bands)
        self = try strip.strip.withPixels { pixels in
            SmallPicture(averaging: pixels, size, bands: bands, stride: size.width * bands)
        }
    }
}

extension SmallPicture {
    /// Of planes that are as small (BT.601, limited range).
    init(_ planes: Planes) {
        var rgba: [UInt8] = []
        rgba.reserveCapacity(4 * planes.size.width * planes.size.height)
        for row in 0..<planes.size.height {
            for column in 0..<planes.size.width {
                let chroma = row / 2 * planes.uvStride + column / 2
                let luma = 298 * (Int(planes.y[row * planes.yStride + column]) - 16) + 128
                let (blue, red) = (Int(planes.u[chroma]) - 128, Int(planes.v[chroma]) - 128)
                rgba.append(UInt8(clamping: (luma + 409 * red) >> 8))
                rgba.append(UInt8(clamping: (luma - 100 * blue - 208 * red) >> 8))
                rgba.append(UInt8(clamping: (luma + 516 * blue) >> 8))
                rgba.append(255)
            }
        }
        self.init(width: planes.size.width, height: planes.size.height, rgba: rgba)
    }
}
