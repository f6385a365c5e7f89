import MediaModel

/// What libvips' header of the source says, put in our terms.
struct SourceHeader {
    /// As stored, before orientation.
    let stored: PictureSize
    /// 1 ... 8 (EXIF tag 0x0112).
    let orientation: Int
    /// 1 for a still.
    let frames: Int

    /// - Parameter animation: of a PNG.
    init(_ image: borrowing VipsImageHandle, format: PictureFormat, animation: PNGAnimation? = nil) {
        self.stored = PictureSize(width: image.width, height: image.pageHeight)
        // libheif has turned the picture by its own boxes; EXIF in a HEIF file is a note, no instruction (ISO/IEC
        // 23008-12).
        self.orientation = format == .heic || format == .avif ? 1 : image.orientation
        // A HEIF file's pages are different pictures; those of a PNG libvips does not know.
        self.frames = format == .gif || format == .webp ? max(1, image.pages) : animation?.frames.count ?? 1
    }

    /// Whether upright means: width and height change places.
    var isTurned: Bool { self.orientation >= 5 }

    var upright: PictureSize { self.turned(self.stored) }

    /// Changes between stored and upright; its own inverse.
    func turned(_ size: PictureSize) -> PictureSize {
        self.isTurned ? PictureSize(width: size.height, height: size.width) : size
    }
}

/// What an animation's frames have in common besides pixels.
struct Animation {
    /// Milliseconds a frame.
    let delays: [CInt]
    /// 0 for ever.
    let loop: CInt

}

extension Animation {
    init(_ image: borrowing VipsImageHandle) { self.init(delays: image.delays, loop: image.loop) }
}
