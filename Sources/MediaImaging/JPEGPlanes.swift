import CPlanes
import CVipsShim
import MediaModel

/// Owns a JPEG whose header was read by libjpeg and whose planes can be had as they are stored: Y alone, or Y, Cb and
/// Cr in one of the usual samplings.
struct JPEGPlanes: ~Copyable {
    private let pointer: OpaquePointer
    /// Before orientation.
    let stored: PictureSize

    /// What a progressive picture's coefficients take: two bytes a sample of three planes, with their padding.
    private static let coefficientBytes = 8
    /// What the decoder has besides, whatever the picture.
    private static let decoderBytes = 32 << 20

    /// - Parameter bytes: must outlive the planes.
    /// - Returns: nil where this is no picture for this way (inks, RGB, unusual sampling), or the decoder says that
    ///   something is wrong with it. Nothing is decoded.
    init?(_ bytes: UnsafeRawBufferPointer, limits: PictureLimits) {
        let memory = limits.pixelsMax.multipliedReportingOverflow(by: Self.coefficientBytes)
        var most = cplanes_limits(
            pixels_max: Int64(limits.pixelsMax),
            side_max: CInt(clamping: limits.sideMax),
            memory_max: memory.overflow ? .max : Int64(memory.partialValue) + Int64(Self.decoderBytes)
        )
        var pointer: OpaquePointer?
        let status = cplanes_open(bytes.baseAddress, bytes.count, &most, &pointer)
        guard let pointer else { return nil }
        guard status == CPLANES_DONE else {
            cplanes_close(pointer)
            return nil
        }
        self.pointer = pointer
        self.stored = PictureSize(width: Int(cplanes_width(pointer)), height: Int(cplanes_height(pointer)))
    }

    deinit { cplanes_close(self.pointer) }

    /// Decodes once, and makes every picture of it while the rows come.
    ///
    /// - Parameters:
    ///   - shrink: 1, 2, 4 or 8: how much smaller it is decoded. libjpeg-turbo could do any eighth, but these are the
    ///     ones that it has SIMD for: three eighths cost as much as a half, and five more than all.
    ///   - orders: at least one; at most as large as the picture.
    /// - Returns: nil where the decoder has anything to say against the picture. It is for ``VipsImageHandle`` to judge
    ///   then, so that there is one judge of what is refused.
    /// - Throws: ``RenderError`` where the deadline has passed, which ``VipsEngine`` knows.
    consuming func pictures(
        shrink: Int,
        _ orders: [cplanes_order]
    ) throws(RenderError) -> PlanarPictures? {
        let made = PlanarPictures(count: orders.count)
        let status = cplanes_decode(
            self.pointer,
            CInt(8 / shrink),
            orders,
            CInt(orders.count),
            { cvips_is_overdue() },
            made.pictures.baseAddress
        )
        precondition(status != CPLANES_ORDER, "a plan that no decoder can follow")
        if status == CPLANES_OVERDUE { throw RenderError(.undecodable, detail: "jpeg planes: stopped") }
        if status == CPLANES_DONE { return made }
        return nil
    }
}

/// Owns renditions as planes: Y, U and V, 4:2:0, limited range (BT.601), upright.
struct PlanarPictures: ~Copyable {
    fileprivate let pictures: UnsafeMutableBufferPointer<cplanes_picture>

    fileprivate init(count: Int) {
        self.pictures = .allocate(capacity: count)
        self.pictures.initialize(repeating: cplanes_picture())
    }

    deinit {
        for index in self.pictures.indices { cplanes_free(&self.pictures[index]) }
        self.pictures.deallocate()
    }

    /// Lends the planes of one.
    func withPlanes<Result: ~Copyable>(
        of index: Int,
        _ body: (Planes) throws(RenderError) -> Result
    ) throws(RenderError) -> Result {
        try body(Planes(self.pictures[index]))
    }
}

/// Planes that are lent: Y, U and V, 4:2:0, limited range (BT.601).
struct Planes {
    let size: PictureSize
    let y: UnsafePointer<UInt8>
    let u: UnsafePointer<UInt8>
    let v: UnsafePointer<UInt8>
    let yStride: Int
    /// Of `u` and `v`, which have half the width and height, rounded up.
    let uvStride: Int
}

extension Planes {
    fileprivate init(_ picture: cplanes_picture) {
        self.init(
            size: PictureSize(width: Int(picture.width), height: Int(picture.height)),
            y: UnsafePointer(picture.y),
            u: UnsafePointer(picture.u),
            v: UnsafePointer(picture.v),
            yStride: picture.y_stride,
            uvStride: picture.uv_stride
        )
    }
}
