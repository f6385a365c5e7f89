import CVipsShim
import FoundationEssentials
import MediaModel

/// Decodes a tiny picture of every format once, and makes one of every format.
///
/// A codec loads modules, tables and colour profiles when it is first needed; in the sandbox it could not any more, and
/// the first picture would pay for it.
enum WarmUp {
    private static let name = PresetName("warm-up")

    /// Generous: the pool gives a worker less until its hello.
    private static let timeMax = Duration.seconds(60)

    /// - Returns: what can be made.
    static func run(_ engine: VipsEngine) throws(RenderError) -> Set<RenditionFormat> {
        for (format, bytes) in try Self.pictures() {
            do {
                try Self.render(bytes, format, as: Recipe(width: 1, height: 1, effort: 0), engine)
            } catch {
                throw RenderError(.unavailable, detail: "libvips does not decode \(format): \(error.detail)")
            }
        }
        return try Self.encode(engine)
    }

    /// Of a picture that is large enough for an encoder to use all it has; with transparency, which is a picture of its
    /// own in an AVIF.
    private static func encode(_ engine: VipsEngine) throws(RenderError) -> Set<RenditionFormat> {
        let picture = try Self.saved(try Self.blank(bands: 4, space: "srgb", side: 64), as: ".png")
        var made: Set<RenditionFormat> = []
        for format in RenditionFormat.allCases {
            do {
                try Self.render(picture, .png, as: Recipe(width: 64, height: 64, format: format), engine)
                made.insert(format)
            } catch {
                // The only one that comes from a library of its own, which may have no encoder.
                guard format == .avif else {
                    throw RenderError(.unavailable, detail: "libvips does not encode \(format): \(error.detail)")
                }
            }
        }
        return made
    }

    private static func render(
        _ bytes: [UInt8],
        _ format: PictureFormat,
        as recipe: Recipe,
        _ engine: VipsEngine
    ) throws(RenderError) {
        let presets = [Self.name].compactMap { $0 }.map { Preset(name: $0, recipe: recipe) }
        let job = RenderJob(format: format, limits: PictureLimits(), presets: presets)
        _ = try bytes.withUnsafeBufferPointer { (bytes) throws(RenderError) in
            try engine.render(job, picture: UnsafeRawBufferPointer(bytes), within: Self.timeMax)
        }
    }

    /// One 2 × 2 picture a format. What libvips writes quickly is written here; HEIF needs an encoder that a server may
    /// not have installed. The JPEG is CMYK, so that the colour management and its built-in profiles are loaded as
    /// well.
    private static func pictures() throws(RenderError) -> [(PictureFormat, [UInt8])] {
        let colours = try Self.blank(bands: 3, space: "srgb")
        var pictures: [(PictureFormat, [UInt8])] = [
            (.jpeg, try Self.saved(try Self.blank(bands: 4, space: "cmyk"), as: ".jpg")),
            (.png, try Self.saved(colours, as: ".png")),
            (.webp, try Self.saved(colours, as: ".webp")),
            (.gif, Self.gif),
        ]
        for (format, text) in [(PictureFormat.avif, Self.avif), (.heic, Self.heic)] {
            pictures.append((format, [UInt8](Data(base64Encoded: text) ?? Data())))
        }
        return pictures
    }

    private static func blank(bands: Int, space: String, side: Int = 2) throws(RenderError) -> VipsImageHandle {
        let samples = [UInt8](repeating: 0, count: side * side * bands)
        let side = CInt(side)
        return try VipsImageHandle { cvips_from_samples(samples, samples.count, side, side, CInt(bands), space, $0) }
    }

    private static func saved(_ image: borrowing VipsImageHandle, as suffix: String) throws(RenderError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try image.calling { cvips_save_sample($0, suffix, &bytes, &count) }
        defer { cvips_free(bytes) }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// GIF89a, one pixel, white.
    private static let gif: [UInt8] =
        [UInt8]("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 255, 255, 255, 0, 0, 0]
        + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B]

    // Both were made by `vips heifsave` of two by two black pixels.
    private static let avif =
        "AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAASttZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
        + "AA5waXRtAAAAAAABAAAANGlsb2MAAAAAREAAAgABAAAAAAFPAAEAAAAAAAAAGAACAAAAAAFnAAEAAAAAAAAAvgAAADhpaW5mAAAA"
        + "AAACAAAAFWluZmUCAAAAAAEAAGF2MDEAAAAAFWluZmUCAAABAAIAAEV4aWYAAAAAamlwcnAAAABLaXBjbwAAABNjb2xybmNseAAC"
        + "AAIABoAAAAAMYXYxQ4EADAAAAAAUaXNwZQAAAAAAAAACAAAAAgAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgYID"
        + "hAAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAA3m1kYXQSAAoIGAA2CBAQNCAyChgAAABABfXvZOgAAAAGRXhpZgAASUkqAAgA"
        + "AAAGABIBAwABAAAAAQAAABoBBQABAAAAVgAAABsBBQABAAAAXgAAACgBAwABAAAAAgAAABMCAwABAAAAAQAAAGmHBAABAAAAZgAA"
        + "AAAAAAA4YwAA6AMAADhjAADoAwAABgAAkAcABAAAADAyMTABkQcABAAAAAECAwAAoAcABAAAADAxMDABoAMAAQAAAP//AAACoAQA"
        + "AQAAAAIAAAADoAQAAQAAAAIAAAAAAAAA"
    private static let heic =
        "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAeRtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
        + "AA5waXRtAAAAAAACAAAAEGlkYXQAAAAAAAIAAgAAAExpbG9jAQAAAERAAAMAAQAAAAAAAAIIAAEAAAAAAAAAKwACAAEAAAAAAAAA"
        + "AQAAAAAAAAAIAAMAAAAAAAACMwABAAAAAAAAAL4AAABNaWluZgAAAAAAAwAAABVpbmZlAgAAAQABAABodmMxAAAAABVpbmZlAgAA"
        + "AAACAABncmlkAAAAABVpbmZlAgAAAQADAABFeGlmAAAAANhpcHJwAAAAtmlwY28AAAB2aHZjQwEDcAAAAAAAAAAAAB7wAPz9+PgA"
        + "AA8DIAABABhAAQwB//8DcAAAAwCQAAADAAADAB66AkAhAAEAKkIBAQNwAAADAJAAAAMAAAMAHqAggQWW6q6a5uBAQMCAAAADAIAA"
        + "AAMAhCIAAQAGRAHBc8GJAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAUaXNwZQAAAAAAAAACAAAAAgAAABBwaXhpAAAAAAMICAgAAAAa"
        + "aXBtYQAAAAAAAAACAAECgQIAAgIDhAAAAChpcmVmAAAAAAAAAA5kaW1nAAIAAQABAAAADmNkc2MAAwABAAIAAADxbWRhdAAAACco"
        + "Aa8TITGW+E5Qp//9Z4XNDJVMWrlPpXPdClCTcn64/vKHk8ViguAAAAAGRXhpZgAASUkqAAgAAAAGABIBAwABAAAAAQAAABoBBQAB"
        + "AAAAVgAAABsBBQABAAAAXgAAACgBAwABAAAAAgAAABMCAwABAAAAAQAAAGmHBAABAAAAZgAAAAAAAAA4YwAA6AMAADhjAADoAwAA"
        + "BgAAkAcABAAAADAyMTABkQcABAAAAAECAwAAoAcABAAAADAxMDABoAMAAQAAAP//AAACoAQAAQAAAAIAAAADoAQAAQAAAAIAAAAA"
        + "AAAA"
}
