import MediaModel

/// What our own reading of a picture's structure finds before a codec sees a byte of it.
///
/// Codecs trust what a header says long enough to allocate for it. The prescan refuses what would be refused anyway, at
/// the cost of a look at the file, and leaves every judgement about pixels to the codec: structure that it does not
/// understand is the codec's to refuse, unless it is known to cost memory or time first.
struct Prescan {
    /// The picture without the chunks that cost more than they are worth; nil where it is fine as it came.
    let replacement: [UInt8]?
    /// What no codec of ours finds by itself.
    var animation: PNGAnimation?

    /// - Throws: ``RenderError``: over a limit, unsupported, or so broken that a codec must not see it.
    static func check(
        _ picture: UnsafeRawBufferPointer,
        as format: PictureFormat,
        limits: PictureLimits
    ) throws(RenderError) -> Prescan {
        let reader = ByteReader(picture)
        switch format {
        case .jpeg: try JPEGPrescan.check(reader, limits: limits)
        case .png:
            return Prescan(
                replacement: try PNGPrescan.check(reader, limits: limits),
                animation: try PNGAnimation.find(in: reader, limits: limits)
            )
        case .gif: try GIFPrescan.check(reader, limits: limits)
        case .webp: try WebPPrescan.check(reader, limits: limits)
        case .heic, .avif: try HEIFPrescan.check(reader, limits: limits)
        }
        return Prescan(replacement: nil)
    }

    /// Lends the bytes that the codec is to see: the replacement, or the picture itself.
    func withBytes<Result>(
        or picture: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(RenderError) -> Result
    ) throws(RenderError) -> Result {
        guard let replacement = self.replacement else { return try body(picture) }
        return try replacement.withUnsafeBufferPointer { (bytes) throws(RenderError) in
            try body(UnsafeRawBufferPointer(bytes))
        }
    }
}

extension PictureLimits {
    /// Throws where a picture of this size is more than may be decoded.
    ///
    /// - Parameters:
    ///   - size: of one frame; a side of 0 is the codec's to refuse.
    ///   - frames: as many as are known of.
    func admit(_ size: PictureSize, frames: Int = 1) throws(RenderError) {
        let asked = "\(size.width) × \(size.height) × \(frames)"
        guard size.width <= self.sideMax, size.height <= self.sideMax else {
            throw RenderError(.sideTooLong, detail: "\(asked): a side over \(self.sideMax)")
        }
        guard frames <= self.framesMax else {
            throw RenderError(.tooManyFrames, detail: "\(asked): over \(self.framesMax) frames")
        }
        // Both sides are below 2^32, as every format's fields are: the product does not overflow for sides that passed.
        let pixels = size.width * size.height
        guard pixels <= self.pixelsMax else {
            throw RenderError(.tooManyPixels, detail: "\(asked): over \(self.pixelsMax) pixels in a frame")
        }
        guard pixels <= self.pixelsTotalMax / max(1, frames) else {
            throw RenderError(.tooManyPixels, detail: "\(asked): over \(self.pixelsTotalMax) pixels in all")
        }
    }
}
