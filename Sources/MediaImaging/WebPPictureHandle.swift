import CVipsShim
import CWebP
import MediaModel

/// Owns a still picture as libwebp's encoder wants it: imported once, encoded as often as a search for the quality
/// takes. Files made of it hold pixels and nothing else.
struct WebPPictureHandle: ~Copyable {
    private let pointer: OpaquePointer
    let size: PictureSize
    /// Samples, where it is no planes, ``bands`` a pixel and without gaps; the owner keeps them alive.
    private let samples: UnsafeRawPointer?
    private let bands: Int
    private let owner: VipsImageHandle?

    /// Takes 8-bit sRGB with or without alpha, whose pixels are computed now where they are not in memory.
    init(_ image: consuming VipsImageHandle) throws(RenderError) {
        let image = try image.materialised()
        let (size, bands) = (image.size, image.bands)
        guard let pixels = image.asking({ cvips_pixels($0) }) else { throw VipsFailure.taken() }
        let pointer = cwebp_import_pixels(pixels, size.width * bands, CInt(bands), CInt(size.width), CInt(size.height))
        self.pointer = try Self.checked(pointer, size)
        self.size = size
        self.samples = UnsafeRawPointer(pixels)
        self.bands = bands
        self.owner = consume image
    }

    /// Takes planes, which are borrowed and never written to: they must outlive the handle. Only encodings with loss
    /// can be made of them.
    init(_ planes: Planes) throws(RenderError) {
        let (size, width, height) = (planes.size, CInt(planes.size.width), CInt(planes.size.height))
        let pointer = cwebp_import_yuv(
            planes.y,
            planes.yStride,
            planes.u,
            planes.v,
            planes.uvStride,
            width,
            height
        )
        self.pointer = try Self.checked(pointer, size)
        self.size = size
        self.samples = nil
        self.bands = 0
        self.owner = nil
    }

    private static func checked(_ pointer: OpaquePointer?, _ size: PictureSize) throws(RenderError) -> OpaquePointer {
        if let pointer { return pointer }
        throw RenderError(.undecodable, detail: "libwebp does not take a picture of \(size.width) × \(size.height)")
    }

    deinit { cwebp_free_picture(self.pointer) }

    /// - Throws: ``RenderError`` `.undecodable` with libwebp's reason; also where it was told to stop, which
    ///   ``VipsEngine`` makes a `.deadline` of.
    func encoded(_ settings: WebPSettings) throws(RenderError) -> [UInt8] {
        var raw = settings.raw
        var file: UnsafeMutablePointer<UInt8>?
        var count = 0
        let error = cwebp_encode(self.pointer, &raw, &file, &count)
        guard error == 0 else {
            throw RenderError(.undecodable, detail: "libwebp: \(String(cString: cwebp_error_text(error)))")
        }
        defer { cwebp_free(file) }
        return [UInt8](UnsafeBufferPointer(start: file, count: count))
    }

    /// What encodings with loss are made of: luma in full range, without gaps.
    func luma() throws(RenderError) -> [UInt8] {
        try self.plane { cwebp_luma(self.pointer, $0) }
    }

    /// The luma that a decoder makes of a file that this picture was encoded to.
    func luma(of file: [UInt8]) throws(RenderError) -> [UInt8] {
        let (width, height) = (CInt(self.size.width), CInt(self.size.height))
        return try self.plane { cwebp_decode_luma(file, file.count, $0, width, height) }
    }

    private func plane(_ fill: (UnsafeMutablePointer<UInt8>?) -> CInt) throws(RenderError) -> [UInt8] {
        let samples = self.size.width * self.size.height
        var status: CInt = -1
        let plane = [UInt8](unsafeUninitializedCapacity: samples) { buffer, count in
            status = fill(buffer.baseAddress)
            count = status == 0 ? samples : 0
        }
        guard status == 0 else { throw RenderError(.undecodable, detail: "libwebp gives no luma") }
        return plane
    }

    /// Whether the picture is flat art, by its samples; false for planes.
    ///
    /// - Parameter bytes: see ``Flatness/isArt(_:size:bands:within:)``.
    func isFlatArt(within bytes: Int) -> Bool {
        self.samples.map { Flatness.isArt($0, size: self.size, bands: self.bands, within: bytes) } ?? false
    }
}

/// How a picture is encoded.
struct WebPSettings {
    /// 0 ... 100.
    var quality: Double
    /// 0 ... 6.
    var effort: Int
    var loss: EncodingChoice.Loss = .lossy
    /// How much more is taken from where it is seen least, 0 ... 100; nil for libwebp's own, 50.
    var spatialNoiseShaping: Int?

    /// How much of the lowest bits a nearly lossless encoding keeps: libwebp's own suggestion (cwebp's manual).
    private static let nearLossless: CInt = 60

    fileprivate var raw: cwebp_settings {
        var raw = cwebp_default_settings()
        raw.quality = Float(self.quality)
        raw.effort = CInt(self.effort)
        raw.lossless = self.loss == .lossy ? 0 : 1
        if let strength = self.spatialNoiseShaping { raw.sns_strength = CInt(strength) }
        if self.loss == .nearLossless { raw.near_lossless = Self.nearLossless }
        return raw
    }
}
