import CVipsShim
import MediaModel
import Testing

@testable import MediaImaging

/// Pictures that the tests draw, and what comes out of them.
enum Studio {
    /// A picture of one colour per pixel; `colours` has one entry a pixel, row by row.
    static func picture(
        width: Int,
        height: Int,
        space: String = "srgb",
        _ colours: [[UInt8]]
    ) throws -> VipsImageHandle {
        let samples = colours.flatMap { $0 }
        return try VipsImageHandle {
            cvips_from_samples(
                samples,
                samples.count,
                CInt(width),
                CInt(height),
                CInt(samples.count / width / height),
                space,
                $0
            )
        }
    }

    static func flat(_ colour: [UInt8], width: Int, height: Int, space: String = "srgb") throws -> VipsImageHandle {
        try Self.picture(width: width, height: height, space: space, Array(repeating: colour, count: width * height))
    }

    /// - Parameter suffix: `.jpg`, `.png`, `.gif` or `.webp`, with options in brackets.
    static func saved(_ image: borrowing VipsImageHandle, as suffix: String) throws -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try image.calling { cvips_save_sample($0, suffix, &bytes, &count) }
        defer { cvips_free(bytes) }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    static func render(
        _ file: [UInt8],
        _ options: [String],
        as made: RenditionFormat = .webp,
        limits: PictureLimits = PictureLimits(),
        within time: Duration = .seconds(60)
    ) throws -> RenderOutcome {
        let engine = try VipsEngine.start()
        let format = try #require(Sniff.format(of: file))
        let presets = try options.enumerated().map { index, text in
            let preset = try Preset(text: "p\(index):\(text)")
            return Preset(name: preset.name, recipe: preset.recipe.made(as: made))
        }
        let job = RenderJob(format: format, limits: limits, presets: presets)
        return try file.withUnsafeBytes { try engine.render(job, picture: $0, within: time) }
    }

    /// Renders one preset.
    static func rendition(
        _ file: [UInt8],
        _ options: String,
        as made: RenditionFormat = .webp
    ) throws -> RenderedPicture {
        try #require(try Self.render(file, [options], as: made).renditions.first)
    }
}

/// A rendition's pixels, decoded again.
struct Decoded {
    let size: PictureSize
    let frames: Int
    let bands: Int
    let delays: [CInt]
    let loop: CInt
    /// `bands` a pixel, without gaps.
    let samples: [UInt8]

    init(_ file: [UInt8], as format: PictureFormat = .webp) throws {
        _ = try VipsEngine.start()
        self = try file.withUnsafeBytes { try Decoded(decoding: $0, format) }
    }

    private init(decoding file: UnsafeRawBufferPointer, _ format: PictureFormat) throws {
        let image = try VipsImageHandle.open(file, as: format, allFrames: true).materialised()
        self.size = PictureSize(width: image.width, height: image.pageHeight)
        self.frames = image.pages
        self.bands = image.bands
        self.delays = image.delays
        self.loop = image.loop
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try image.calling { cvips_samples($0, &bytes, &count) }
        defer { cvips_free(bytes) }
        self.samples = [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// The samples of a pixel, alpha last; rows go on through the frames.
    func pixel(_ left: Int, _ top: Int) -> [Int] {
        let offset = (top * self.size.width + left) * self.bands
        return self.samples[offset..<offset + self.bands].map { Int($0) }
    }
}

/// Whether two colours are the same, give or take `tolerance` in every component.
func isClose(_ one: [Int], _ other: [Int], within tolerance: Int) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy { abs($0 - $1) <= tolerance }
}

/// The names of a WebP's chunks.
func chunks(of webp: [UInt8]) -> [String] {
    webp.withUnsafeBytes { bytes in
        let reader = ByteReader(bytes)
        var names: [String] = []
        var offset = 12
        while let name = reader.name(offset), let length = reader.littleEndian32(offset + 4) {
            names.append(name)
            offset += 8 + length + length % 2
        }
        return names
    }
}
