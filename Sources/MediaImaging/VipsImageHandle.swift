import CVipsShim
import MediaModel

/// Owns one reference to a libvips image.
///
/// libvips is lazy: most operations only describe pixels, and keep their inputs and the source's bytes alive by
/// reference, not by copy. The source's bytes must therefore outlive every handle made from them; ``Pipeline`` sees to
/// it, no handle leaves a render.
struct VipsImageHandle: ~Copyable {
    private let pointer: OpaquePointer
    /// Whether the pixels are computed and in memory of this image's own.
    let isMaterialised: Bool

    /// Takes over the reference that `make` hands out.
    ///
    /// - Parameter make: one call of the shim; answers 0 when it has filled its argument.
    /// - Throws: ``RenderError`` `.undecodable` with libvips' words. Operations on a picture whose header
    ///   was accepted fail only for what its bytes say.
    init(
        isMaterialised: Bool = false,
        _ make: (UnsafeMutablePointer<OpaquePointer?>) -> CInt
    ) throws(RenderError) {
        var made: OpaquePointer?
        let status = make(&made)
        guard status == 0, let made else { throw VipsFailure.taken() }
        self.pointer = made
        self.isMaterialised = isMaterialised
    }

    deinit { cvips_unref(self.pointer) }

    /// Another owner of the same image.
    func shared() -> VipsImageHandle {
        cvips_ref(self.pointer)
        return VipsImageHandle(owning: self.pointer, isMaterialised: self.isMaterialised)
    }

    private init(owning pointer: OpaquePointer, isMaterialised: Bool) {
        self.pointer = pointer
        self.isMaterialised = isMaterialised
    }

    /// The next image, made from this one by a shim.
    func making(
        isMaterialised: Bool = false,
        _ make: (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>) -> CInt
    ) throws(RenderError) -> VipsImageHandle {
        let pointer = self.pointer
        return try VipsImageHandle(isMaterialised: isMaterialised) { make(pointer, $0) }
    }

    /// Runs a shim that makes no image.
    func calling(_ call: (OpaquePointer) -> CInt) throws(RenderError) {
        guard call(self.pointer) == 0 else { throw VipsFailure.taken() }
    }

    /// Asks a shim for a fact of the header.
    func asking<Answer>(_ ask: (OpaquePointer) -> Answer) -> Answer { ask(self.pointer) }
}

/// libvips' own words for what went wrong.
enum VipsFailure {
    /// Bytes of libvips' text that are kept; a decoder repeats its complaint as often as the input is broken.
    private static let detailBytesMax = 1000

    /// The words so far, which libvips then forgets.
    static func words() -> String {
        guard let text = cvips_take_error() else { return "" }
        defer { cvips_free(text) }
        return String(String(cString: text).prefix(Self.detailBytesMax))
    }

    static func taken() -> RenderError { RenderError(.undecodable, detail: Self.words()) }
}
