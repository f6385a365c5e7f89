import CPixels
import CVipsShim
import MediaModel

/// Two pictures, from their bytes to how alike they are.
///
/// They come in by the same steps as every picture (``Pipeline``), each at its own size, and become RGB on white. Only
/// then does a size of the second that is another change, so that what is compared with a thumbnail is the thumbnail.
struct PicturePair {
    /// What lies below a picture that lets something through: what most pages are.
    private static let ground = Colour.white

    let job: CompareJob

    /// - Throws: ``CompareError`` for what is wrong with one of the two; ``RenderError`` for the drawing.
    func compare(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) throws -> Comparison {
        let one = try self.open(first, self.job.first, as: .first)
        let other = try self.open(second, self.job.second, as: .second)
        guard one.facts.size == other.facts.size || self.job.isResizing else {
            return Comparison(first: one.facts, second: other.facts, likeness: nil, drawing: nil)
        }
        let size = one.facts.size
        let fitted = other.facts.size == size ? other.image.shared() : try other.image.resized(to: size).materialised()
        let (a, b) = (try one.image.rgb(), try fitted.rgb())
        return Comparison(
            first: one.facts,
            second: other.facts,
            likeness: Self.likeness(a, b, size),
            drawing: self.job.isDrawing ? try Self.drawing(one.image, fitted, a, b, size) : nil
        )
    }

    /// A picture in memory, three bands, and what it turned out to be.
    private final class Opened {
        let image: VipsImageHandle
        let facts: PictureFacts

        init(image: consuming VipsImageHandle, facts: PictureFacts) {
            self.image = image
            self.facts = facts
        }
    }

    private func open(
        _ bytes: UnsafeRawBufferPointer,
        _ picture: CompareJob.Picture,
        as which: ComparedPicture
    ) throws -> Opened {
        do throws(RenderError) {
            let prescan = try Prescan.check(bytes, as: picture.format, limits: self.job.limits)
            return try prescan.withBytes(or: bytes) { (bytes) throws(RenderError) in
                try self.decode(bytes, picture.format)
            }
        } catch {
            throw CompareError(which, error)
        }
    }

    private func decode(_ bytes: UnsafeRawBufferPointer, _ format: PictureFormat) throws(RenderError) -> Opened {
        var stream = try VipsImageHandle.open(bytes, as: format)
        let source = SourceHeader(stream, format: format)
        try self.job.limits.admit(source.stored, frames: source.frames)
        if stream.profileBytes > ColourProfile.bytesMax { stream = try stream.withoutProfile() }
        let order = BaseOrder(size: source.stored, orientation: source.orientation, colour: ColourWay(of: stream))
        var image = try Pipeline.apply(Pipeline.baseSteps, to: stream, order)
        if image.hasAlpha { image = try image.flattened(onto: Self.ground) }
        // In memory before the source's bytes are gone.
        return Opened(
            image: try image.materialised(),
            facts: PictureFacts(size: source.upright, frames: source.frames)
        )
    }

    private static func likeness(_ a: [UInt8], _ b: [UInt8], _ size: PictureSize) -> Likeness {
        let (one, other) = (Self.luma(a), Self.luma(b))
        let (width, height) = (CInt(size.width), CInt(size.height))
        let psnr = cpixels_psnr(one, size.width, other, size.width, width, height)
        let ssim = cpixels_ssim(one, size.width, other, size.width, width, height)
        return Likeness(ssim: ssim, psnr: psnr.isFinite ? psnr : nil)
    }

    private static func luma(_ rgb: [UInt8]) -> [UInt8] {
        let count = rgb.count / 3
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            cpixels_luma(rgb, count, buffer.baseAddress)
            filled = count
        }
    }

    /// The first, the second, and how far they are apart.
    private static func drawing(
        _ one: borrowing VipsImageHandle,
        _ other: borrowing VipsImageHandle,
        _ a: [UInt8],
        _ b: [UInt8],
        _ size: PictureSize
    ) throws(RenderError) -> [UInt8] {
        let factor = CInt(Comparison.differenceFactor)
        let samples = [UInt8](unsafeUninitializedCapacity: a.count) { buffer, filled in
            cpixels_difference(a, b, a.count, factor, buffer.baseAddress)
            filled = a.count
        }
        let (width, height) = (CInt(size.width), CInt(size.height))
        let apart = try VipsImageHandle { cvips_from_samples(samples, samples.count, width, height, 3, "srgb", $0) }
        return try one.beside(other, apart).withoutMetadata().encodedAsPNG()
    }
}
