import CVipsShim
import MediaModel

/// Puts an animated PNG's frames together: what is seen when each of them is shown (W3C PNG, third edition, §4.9).
///
/// One canvas, RGBA and as large as the picture: what is made of a frame is scaled down before the next one is drawn.
struct FrameCanvas {
    private static let bands = 4

    let animation: PNGAnimation
    let file: UnsafeRawBufferPointer
    /// Of all frames; they are put together in its space.
    let profile: [UInt8]?
    private var pixels: [UInt8]
    private var drawn = 0

    init(_ animation: PNGAnimation, in file: UnsafeRawBufferPointer, profile: [UInt8]?) {
        self.animation = animation
        self.file = file
        self.profile = profile
        self.pixels = [UInt8](repeating: 0, count: Self.bands * animation.size.width * animation.size.height)
    }

    /// The next frame as it is seen.
    ///
    /// - Throws: ``RenderError`` `.undecodable` where its pixels are none.
    mutating func next() throws(RenderError) -> VipsImageHandle {
        let frame = self.animation.frames[self.drawn]
        let png = self.animation.file(of: frame, in: self.file)
        // Before the first frame there is nothing to go back to (§11.3.8.2).
        let disposal = self.drawn == 0 && frame.disposal == .previous ? .background : frame.disposal
        let before = disposal == .previous ? self.rows(of: frame.window) : nil
        try png.withUnsafeBufferPointer { (bytes) throws(RenderError) in
            let plain = try Self.plain(try VipsImageHandle.open(UnsafeRawBufferPointer(bytes), as: .png))
            guard plain.width == frame.window.width, plain.height == frame.window.height, plain.bands == Self.bands
            else { throw RenderError(.undecodable, detail: "apng: a frame of another size") }
            try plain.withPixels { (pixels) throws(RenderError) in self.draw(pixels, frame) }
        }
        let seen = try self.picture()
        switch disposal {
        case .none: break
        case .background: self.replace(frame.window) { _ in 0 }
        case .previous: if let before { self.replace(frame.window) { before[$0] } }
        }
        self.drawn += 1
        return seen
    }

    /// Eight bits of red, green, blue and alpha; what the numbers mean is the profile's to say.
    private static func plain(_ frame: consuming VipsImageHandle) throws(RenderError) -> VipsImageHandle {
        var current = frame
        if !current.isEightBitSRGB { current = try current.convertedByColourSpace() }
        if !current.hasAlpha { current = try current.withAlpha() }
        return try current.materialised()
    }

    private func picture() throws(RenderError) -> VipsImageHandle {
        let size = self.animation.size
        let picture = try VipsImageHandle { out in
            self.pixels.withUnsafeBytes {
                let (width, height) = (CInt(size.width), CInt(size.height))
                return cvips_from_samples($0.baseAddress, $0.count, width, height, CInt(Self.bands), "srgb", out)
            }
        }
        return if let profile = self.profile { try picture.withProfile(profile) } else { picture }
    }

    private mutating func draw(_ frame: UnsafeRawBufferPointer, _ order: PNGAnimation.Frame) {
        let window = order.window
        self.pixels.withUnsafeMutableBufferPointer { canvas in
            for row in 0..<window.height {
                let start = Self.bands * ((window.top + row) * self.animation.size.width + window.left)
                let from = Self.bands * row * window.width
                for offset in stride(from: 0, to: Self.bands * window.width, by: Self.bands) {
                    if order.isOver {
                        Self.blend(frame, from + offset, over: canvas, start + offset)
                    } else {
                        for band in 0..<Self.bands { canvas[start + offset + band] = frame[from + offset + band] }
                    }
                }
            }
        }
    }

    /// `over` of Porter and Duff, of colours that are not weighted by their alpha (§12 of the specification's first
    /// edition has the same).
    private static func blend(
        _ source: UnsafeRawBufferPointer,
        _ from: Int,
        over canvas: UnsafeMutableBufferPointer<UInt8>,
        _ to: Int
    ) {
        let alpha = Int(source[from + 3])
        if alpha == 0 { return }
        // In 255ths of 255ths.
        let (above, below) = (alpha * 255, (255 - alpha) * Int(canvas[to + 3]))
        let sum = above + below
        for band in 0..<3 {
            let mixed = Int(source[from + band]) * above + Int(canvas[to + band]) * below
            canvas[to + band] = UInt8((mixed + sum / 2) / sum)
        }
        canvas[to + 3] = UInt8((sum + 127) / 255)
    }

    private func rows(of window: Window) -> [UInt8] {
        (window.top..<window.top + window.height).flatMap { row in
            let start = Self.bands * (row * self.animation.size.width + window.left)
            return self.pixels[start..<start + Self.bands * window.width]
        }
    }

    private mutating func replace(_ window: Window, _ byte: (Int) -> UInt8) {
        let rowBytes = Self.bands * window.width
        for row in 0..<window.height {
            let start = Self.bands * ((window.top + row) * self.animation.size.width + window.left)
            for offset in 0..<rowBytes { self.pixels[start + offset] = byte(row * rowBytes + offset) }
        }
    }
}
