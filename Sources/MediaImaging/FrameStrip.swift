import MediaModel

/// One or more frames of the same size, one below the other.
///
/// Every operation goes frame by frame: a filter that ran over the whole strip would mix the last rows of a frame with
/// the first rows of the next.
struct FrameStrip: ~Copyable {
    let strip: VipsImageHandle
    let frames: Int
    let frameHeight: Int

    init(_ strip: consuming VipsImageHandle, frames: Int, frameHeight: Int) {
        self.strip = strip
        self.frames = frames
        self.frameHeight = frameHeight
    }

    /// Another owner of the same frames.
    func shared() -> FrameStrip {
        FrameStrip(self.strip.shared(), frames: self.frames, frameHeight: self.frameHeight)
    }

    /// Makes a strip of `count` frames as they come, all of the same size and number of bands, computed into memory.
    static func collecting(
        _ count: Int,
        _ next: () throws(RenderError) -> VipsImageHandle
    ) throws(RenderError) -> FrameStrip {
        let first = try next()
        let height = first.height
        if count == 1 { return FrameStrip(try first.materialised(), frames: 1, frameHeight: height) }

        let strip = try VipsImageHandle.strip(width: first.width, height: height * count, bands: first.bands)
        try strip.paste(first, at: 0)
        for index in 1..<count {
            let frame = try next()
            try strip.paste(frame, at: index * height)
        }
        return FrameStrip(strip, frames: count, frameHeight: height)
    }

    /// Makes a strip of the first `count` frames, each changed by `transform`, computed into memory in order.
    ///
    /// - Parameter transform: changes every frame to the same size and number of bands.
    func mapping(
        _ count: Int,
        _ transform: (consuming VipsImageHandle) throws(RenderError) -> VipsImageHandle
    ) throws(RenderError) -> FrameStrip {
        var index = 0
        return try Self.collecting(count) { () throws(RenderError) in
            defer { index += 1 }
            return try transform(try self.frame(index))
        }
    }

    /// The size of one frame.
    var size: PictureSize { PictureSize(width: self.strip.width, height: self.frameHeight) }

    /// One frame; the whole strip where there is only one.
    private func frame(_ index: Int) throws(RenderError) -> VipsImageHandle {
        if self.frames == 1 { return self.strip.shared() }
        return try self.strip.cropped(
            to: Window(left: 0, top: index * self.frameHeight, width: self.strip.width, height: self.frameHeight)
        )
    }
}
