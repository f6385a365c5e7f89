import CVipsShim
import MediaModel

/// Operations on pixels; lazy unless it says otherwise.
extension VipsImageHandle {
    /// Opens a picture with the one loader for `format`; decodes no pixel.
    ///
    /// - Parameters:
    ///   - shrink: 1, 2, 4 or 8: how much a JPEG's DCT gives away while decoding; other formats ignore it.
    ///   - allFrames: whether every frame is loaded (as one tall strip) or the first one only.
    static func open(
        _ bytes: UnsafeRawBufferPointer,
        as format: PictureFormat,
        shrink: Int = 1,
        allFrames: Bool = false
    ) throws(RenderError) -> VipsImageHandle {
        let pages: CInt = allFrames ? -1 : 1
        return try VipsImageHandle { out in
            switch format {
            case .jpeg: cvips_load_jpeg(bytes.baseAddress, bytes.count, CInt(shrink), out)
            case .png: cvips_load_png(bytes.baseAddress, bytes.count, out)
            case .gif: cvips_load_gif(bytes.baseAddress, bytes.count, pages, out)
            case .webp: cvips_load_webp(bytes.baseAddress, bytes.count, pages, out)
            case .heic, .avif: cvips_load_heif(bytes.baseAddress, bytes.count, out)
            }
        }
    }

    /// Lanczos-3, in both directions independently, to exactly `size`.
    ///
    /// Colours are weighted by alpha: what hides below full transparency must not bleed into what is seen.
    func resized(to size: PictureSize) throws(RenderError) -> VipsImageHandle {
        guard self.hasAlpha else { return try self.stretched(to: size) }
        let weighted = try self.making { cvips_premultiply($0, $1) }.stretched(to: size)
        let like = self.asking { $0 }
        return try weighted.making { cvips_unpremultiply($0, like, $1) }
    }

    private func stretched(to size: PictureSize) throws(RenderError) -> VipsImageHandle {
        let horizontal = Double(size.width) / Double(self.width)
        let vertical = Double(size.height) / Double(self.height)
        return try self.making { cvips_resize($0, horizontal, vertical, $1) }
    }

    func cropped(to window: Window) throws(RenderError) -> VipsImageHandle {
        try self.making { image, out in
            cvips_crop(image, CInt(window.left), CInt(window.top), CInt(window.width), CInt(window.height), out)
        }
    }

    /// - Throws: where the embedded profile is broken or for another kind of picture.
    func convertedByProfile() throws(RenderError) -> VipsImageHandle { try self.making { cvips_icc_to_srgb($0, $1) } }

    func withoutProfile() throws(RenderError) -> VipsImageHandle { try self.making { cvips_without_profile($0, $1) } }

    func convertedByColourSpace() throws(RenderError) -> VipsImageHandle { try self.making { cvips_to_srgb($0, $1) } }

    func keepingBands(_ bands: Int) throws(RenderError) -> VipsImageHandle {
        try self.making { cvips_keep_bands($0, CInt(bands), $1) }
    }

    func withAlpha() throws(RenderError) -> VipsImageHandle { try self.making { cvips_add_alpha($0, $1) } }

    func flippedHorizontally() throws(RenderError) -> VipsImageHandle {
        try self.making { cvips_flip_horizontal($0, $1) }
    }

    /// - Parameter quarters: of a turn, clockwise.
    func rotated(quarters: Int) throws(RenderError) -> VipsImageHandle {
        try self.making { cvips_rotate($0, CInt(quarters), $1) }
    }

    /// Puts the picture on a canvas.
    ///
    /// - Parameter colour: with exactly as many components as the picture has bands, or more.
    func embedded(in canvas: Window, colour: [UInt8]) throws(RenderError) -> VipsImageHandle {
        let components = colour + [UInt8](repeating: 255, count: max(0, 4 - colour.count))
        return try self.making { image, out in
            components.withUnsafeBufferPointer { rgba in
                cvips_embed(
                    image,
                    CInt(canvas.left),
                    CInt(canvas.top),
                    CInt(canvas.width),
                    CInt(canvas.height),
                    rgba.baseAddress,
                    out
                )
            }
        }
    }

    /// Computes the pixels into memory, unless they are there.
    consuming func materialised() throws(RenderError) -> VipsImageHandle {
        if self.isMaterialised { return self }
        return try self.making(isMaterialised: true) { cvips_materialise($0, $1) }
    }

    /// Decodes every pixel and keeps none: for a picture of which nothing is to be made.
    func decodedAndDropped() throws(RenderError) { try self.calling { cvips_decode($0) } }

    /// A strip in memory that is to be filled by ``paste(_:at:)``.
    static func strip(width: Int, height: Int, bands: Int) throws(RenderError) -> VipsImageHandle {
        try VipsImageHandle(isMaterialised: true) { cvips_new_strip(CInt(width), CInt(height), CInt(bands), $0) }
    }

    /// Computes `frame`'s pixels into this strip's rows from `top`.
    func paste(_ frame: borrowing VipsImageHandle, at top: Int) throws(RenderError) {
        let target = self.asking { $0 }
        try frame.calling { cvips_paste($0, target, CInt(top)) }
    }

    /// Lends the pixels of a picture in memory, rows without gaps.
    func withPixels<Result>(
        _ body: (UnsafeRawBufferPointer) throws(RenderError) -> Result
    ) throws(RenderError) -> Result {
        let count = self.width * self.height * self.bands
        guard let pixels = self.asking({ cvips_pixels($0) }) else { throw VipsFailure.taken() }
        return try body(UnsafeRawBufferPointer(start: pixels, count: count))
    }

    /// The same pixels, said to be of another RGB space.
    func withProfile(_ profile: [UInt8]) throws(RenderError) -> VipsImageHandle {
        let copy = try self.making(isMaterialised: self.isMaterialised) { cvips_without_profile($0, $1) }
        copy.asking { cvips_set_blob($0, "icc-profile-data", profile, profile.count) }
        return copy
    }

    func withoutMetadata() throws(RenderError) -> VipsImageHandle {
        try self.making(isMaterialised: self.isMaterialised) { cvips_without_metadata($0, $1) }
    }

    func animated(_ animation: Animation, frameHeight: Int) throws(RenderError) -> VipsImageHandle {
        try self.making { image, out in
            animation.delays.withUnsafeBufferPointer { delays in
                cvips_animate(image, CInt(frameHeight), delays.baseAddress, CInt(delays.count), animation.loop, out)
            }
        }
    }

    /// Without alpha: what is transparent shows `colour`, whose own transparency does not count.
    func flattened(onto colour: Colour) throws(RenderError) -> VipsImageHandle {
        let components = colour.components
        return try self.making { image, out in
            components.withUnsafeBufferPointer { cvips_flatten(image, $0.baseAddress, out) }
        }
    }

    /// A progressive JPEG.
    func encodedAsJPEG(quality: Int) throws(RenderError) -> [UInt8] {
        try self.encoded { cvips_save_jpeg($0, CInt(quality), $1, $2) }
    }

    /// - Parameters:
    ///   - quality: on WebP's scale; 80 there looks about as 63 does here (FIELD.md D1).
    ///   - effort: on WebP's scale, 0 ... 6.
    func encodedAsAVIF(quality: Int, effort: Int) throws(RenderError) -> [UInt8] {
        let quality = max(1, (quality * 63 + 40) / 80)
        // libvips counts from 0 (libaom's speed 9) to 9. More than 3 takes seconds for a megapixel.
        let effort = effort / 2
        return try self.encoded { cvips_save_avif($0, CInt(quality), CInt(effort), $1, $2) }
    }

    private func encoded(
        _ save: (OpaquePointer, UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutablePointer<Int>) -> CInt
    ) throws(RenderError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try self.calling { save($0, &bytes, &count) }
        defer { cvips_free(bytes) }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// - Returns: a file of pixels only, whatever metadata libvips put in.
    func encodedAsWebP(quality: Int, effort: Int, lossless: Bool) throws(RenderError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try self.calling { cvips_save_webp($0, CInt(quality), CInt(effort), lossless ? 1 : 0, &bytes, &count) }
        defer { cvips_free(bytes) }
        return WebPContainer.withoutMetadata(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
