import CPixels
import CPlanes
import CSampler
import Glibc
import MediaModel
import Testing

@testable import MediaImaging

/// JPEGs that the tests draw.
enum Drawing {
    /// Waves of a few lengths and a few edges, in colours that no filter drives out of what RGB can show: the general
    /// way cuts there, and the planes do not.
    private static func samples(_ size: PictureSize, bands: Int) -> [UInt8] {
        var samples: [UInt8] = []
        samples.reserveCapacity(size.width * size.height * bands)
        for y in 0..<size.height {
            for x in 0..<size.width {
                // Triangles, which need no library of functions.
                func wave(_ at: Int, _ length: Int) -> Int { abs(at % (2 * length) - length) * 255 / length }
                let light = 60 + wave(x + 2 * y, 61) / 4 + wave(x * x / 997 + y, 43) / 6 + (x / 97 + y / 79) % 2 * 24
                let rgb = [light + wave(x + y, 211) / 8, light, light + wave(2 * x - y + 9000, 307) / 7]
                samples += rgb.prefix(bands).map { UInt8($0) }
            }
        }
        return samples
    }

    static func jpeg(_ size: PictureSize, _ sampling: PlanesTests.Sampling, isProgressive: Bool = false) -> [UInt8] {
        let samples = Self.samples(size, bands: sampling.bands)
        return Self.jpeg(samples, size, sampling, quality: 92, isProgressive: isProgressive)
    }

    static func jpeg(
        _ samples: [UInt8],
        _ size: PictureSize,
        _ sampling: PlanesTests.Sampling,
        quality: Int,
        isProgressive: Bool = false
    ) -> [UInt8] {
        var count = 0
        let file = csampler_jpeg(
            samples,
            CInt(sampling.bands),
            CInt(size.width),
            CInt(size.height),
            CInt(sampling.horizontal),
            CInt(sampling.vertical),
            CInt(quality),
            isProgressive ? 1 : 0,
            &count
        )
        defer { free(file) }
        return [UInt8](UnsafeRawBufferPointer(start: file, count: count))
    }

    /// The same file with an EXIF orientation and nothing else in it (JEITA CP-3451 §4.6.4 A).
    static func oriented(_ orientation: Int, _ jpeg: [UInt8]) -> [UInt8] {
        let tiff: [UInt8] = [
            0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0, 0, 0, 0, 0,
        ]
        let content = Array("Exif".utf8) + [0, 0] + tiff
        return Array(jpeg.prefix(2)) + [0xFF, 0xE1, 0, UInt8(content.count + 2)] + content + jpeg.dropFirst(2)
    }
}

/// A rendition's planes, before they are encoded.
struct Planar {
    let size: PictureSize
    let y: [UInt8]
    let u: [UInt8]
    let v: [UInt8]
    /// Whether libvips' shrink, by which the general way would decode it, leaves nothing over.
    let isShrunkEvenly: Bool

    /// By way of the planes.
    init(_ file: [UInt8], _ options: String) throws {
        let made = try file.withUnsafeBytes { bytes throws -> Planar in
            let opened = try VipsImageHandle.open(bytes, as: .jpeg)
            let source = SourceHeader(opened, format: .jpeg)
            let job = RenderJob(
                format: .jpeg,
                limits: PictureLimits(),
                presets: [try Preset(text: "p:\(options)")]
            )
            let plan = try Plan(source, job: job)
            #expect(plan.isForPlanes)
            let orders = plan.items.map { PlaneOrder.order(for: $0.placement, source.orientation) }
            guard let jpeg = JPEGPlanes(bytes, limits: job.limits),
                let pictures = try jpeg.pictures(shrink: plan.shrink, orders)
            else { throw RenderError(.undecodable, detail: "no planes") }
            return try pictures.withPlanes(of: 0) { (planes) throws(RenderError) in
                Planar(planes, isShrunkEvenly: Self.isEven(source.stored, plan.shrink))
            }
        }
        self = made
    }

    private static func isEven(_ size: PictureSize, _ shrink: Int) -> Bool {
        size.width.isMultiple(of: shrink) && size.height.isMultiple(of: shrink)
    }

    private init(_ planes: Planes, isShrunkEvenly: Bool) {
        self.isShrunkEvenly = isShrunkEvenly
        self.size = planes.size
        let (columns, rows) = ((planes.size.width + 1) / 2, (planes.size.height + 1) / 2)
        self.y = Self.samples(planes.y, planes.yStride, planes.size.width, planes.size.height)
        self.u = Self.samples(planes.u, planes.uvStride, columns, rows)
        self.v = Self.samples(planes.v, planes.uvStride, columns, rows)
    }

    private static func samples(_ plane: UnsafePointer<UInt8>, _ stride: Int, _ width: Int, _ height: Int) -> [UInt8] {
        (0..<height).flatMap { row in UnsafeBufferPointer(start: plane + row * stride, count: width) }
    }

    /// By way of pixels: what a lossless rendition shows, and of four pixels the mean colour.
    init(_ pixels: Decoded) {
        let (width, height) = (pixels.size.width, pixels.size.height)
        let chroma = ((width + 1) / 2) * ((height + 1) / 2)
        var y = [UInt8](repeating: 0, count: width * height)
        var u = [UInt8](repeating: 0, count: chroma)
        var v = u
        csampler_planes(pixels.samples, CInt(pixels.bands), CInt(width), CInt(height), &y, &u, &v)
        self.size = pixels.size
        (self.y, self.u, self.v) = (y, u, v)
        self.isShrunkEvenly = true
    }

    /// BT.601, 16 ... 235 and 16 ... 240.
    static func limited(_ rgb: [Int]) -> (y: Double, u: Double, v: Double) {
        let (red, green, blue) = (Double(rgb[0]), Double(rgb[1]), Double(rgb[2]))
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue
        let scale = 224.0 / 255.0
        return (
            16 + luma * 219 / 255, 128 + (blue - luma) / 1.772 * scale, 128 + (red - luma) / 1.402 * scale
        )
    }

    /// Whether the planes' decoder has nothing to say against the whole of a file.
    static func verdict(_ file: [UInt8], shrink: Int) throws -> Bool {
        try file.withUnsafeBytes { bytes in
            guard let jpeg = JPEGPlanes(bytes, limits: PictureLimits()) else { return false }
            let size = jpeg.stored
            let side = Placement(
                scaled: PictureSize(width: min(size.width, 40), height: min(size.height, 40)),
                isEnlargement: false
            )
            return try jpeg.pictures(shrink: shrink, [PlaneOrder.order(for: side, 1)]) != nil
        }
    }
}

/// One rendition by either way, before it is encoded.
struct BothWays {
    private let planes: Planar
    private let pixels: Planar

    init(_ file: [UInt8], _ options: String) throws {
        self.planes = try Planar(file, options)
        // libvips drops what its shrink leaves over and stretches the rest a little; a rendition of the full size keeps
        // it from shrinking.
        let full = self.planes.isShrunkEvenly ? [] : ["w=16383,q=1,effort=0"]
        let outcome = try Studio.render(file, [options + ",lossless=1"] + full)
        #expect(outcome.path == .general)
        self.pixels = Planar(try Decoded(try #require(outcome.renditions.first).bytes))
    }

    func expectTheSame(_ what: String) throws {
        try #require(self.planes.size == self.pixels.size, "\(what)")
        let (width, height) = (self.planes.size.width, self.planes.size.height)
        let ssim = cpixels_ssim(self.planes.y, width, self.pixels.y, width, CInt(width), CInt(height))
        #expect(ssim >= 0.995, "\(what): SSIM \(ssim)")
        for (one, other) in [(self.planes.u, self.pixels.u), (self.planes.v, self.pixels.v)] {
            // On the mean; a sample at an edge may differ, since the ways filter colours at different sizes.
            let sum = zip(one, other).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
            let mean = Double(sum) / Double(one.count)
            #expect(mean <= 1, "\(what): chroma differs by \(mean)")
        }
    }
}
