import CVipsShim
import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

struct ColourTests {
    init() throws { _ = try VipsEngine.start() }

    /// The middle of what `file` becomes, without the encoder's loss.
    private static func middle(_ file: [UInt8]) throws -> [Int] {
        try Decoded(try Studio.rendition(file, "w=16,lossless=1").bytes).pixel(8, 8)
    }

    private static func wide(_ values: [UInt16]) -> [UInt8] {
        values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    @Test(arguments: [".png", ".jpg[Q=100,no_subsample]", ".webp[lossless]"])
    func sRGBStaysAsItIs(_ suffix: String) throws {
        let file = try Studio.saved(try Studio.flat([200, 100, 50], width: 32, height: 32), as: suffix)
        #expect(isClose(try Self.middle(file), [200, 100, 50], within: 2))
    }

    /// Weighting by alpha computes in fractions, which a cast would cut off.
    @Test func anOpaqueAlphaBandMakesNothingDarker() throws {
        let noise = (0..<128 * 128).map { _ in (0..<3).map { _ in UInt8.random(in: .min ... .max) } }
        // Two resizes: the second rendition is made of the first.
        let means = try [noise, noise.map { $0 + [255] }].map { pixels in
            let file = try Studio.saved(try Studio.picture(width: 128, height: 128, pixels), as: ".png")
            let made = try #require(try Studio.render(file, ["w=96,lossless=1", "w=64,lossless=1"]).renditions.last)
            return Self.mean(try Decoded(made.bytes))
        }
        #expect(abs(means[0] - means[1]) < 0.1, "\(means)")
    }

    private static func mean(_ picture: Decoded) -> Double {
        let (width, height) = (picture.size.width, picture.size.height)
        let sums = (0..<height).flatMap { top in
            (0..<width).map { left in picture.pixel(left, top).prefix(3).reduce(0, +) }
        }
        return Double(sums.reduce(0, +)) / Double(width * height * 3)
    }

    @Test func greyBecomesThreeEqualBands() throws {
        let file = try Studio.saved(try Studio.flat([90], width: 32, height: 32, space: "b-w"), as: ".png")
        #expect(isClose(try Self.middle(file), [90, 90, 90], within: 1))
        let clear = try Studio.saved(try Studio.flat([90, 128], width: 32, height: 32, space: "b-w"), as: ".png")
        #expect(isClose(try Self.middle(clear), [90, 90, 90, 128], within: 1))
    }

    @Test func sixteenBitsBecomeEight() throws {
        let colour = Self.wide([200 * 257, 100 * 257, 50 * 257])
        let file = try Studio.saved(try Self.flatWide(colour, bands: 3, space: "rgb16"), as: ".png")
        #expect(isClose(try Self.middle(file), [200, 100, 50], within: 1))
        let clear = Self.wide([200 * 257, 100 * 257, 50 * 257, 128 * 257])
        let clearFile = try Studio.saved(try Self.flatWide(clear, bands: 4, space: "rgb16"), as: ".png")
        #expect(isClose(try Self.middle(clearFile), [200, 100, 50, 128], within: 1))
        let grey = try Studio.saved(try Self.flatWide(Self.wide([90 * 257]), bands: 1, space: "grey16"), as: ".png")
        #expect(isClose(try Self.middle(grey), [90, 90, 90], within: 1))
    }

    private static func flatWide(_ pixel: [UInt8], bands: Int, space: String) throws -> VipsImageHandle {
        let samples = (0..<32 * 32).flatMap { _ in pixel }
        return try VipsImageHandle { cvips_from_samples(samples, samples.count, 32, 32, CInt(bands), space, $0) }
    }

    @Test func inkWithoutProfileIsPrintedByTheBuiltInOne() throws {
        let table: [([UInt8], [Int])] = [([0, 255, 255, 0], [236, 28, 36]), ([0, 0, 0, 0], [255, 255, 255])]
        for (ink, colour) in table {
            let picture = try Studio.flat(ink, width: 32, height: 32, space: "cmyk")
            let file = try Studio.saved(picture, as: ".jpg[Q=100]")
            let found = try Self.middle(file)
            #expect(isClose(found, colour, within: 24), "\(found)")
        }
    }

    @Test func aBrokenProfileIsIgnored() throws {
        let picture = try Studio.flat([200, 100, 50], width: 32, height: 32)
        let broken = [UInt8](repeating: 0x41, count: 500)
        picture.asking { cvips_set_blob($0, "icc-profile-data", broken, broken.count) }
        let file = try Studio.saved(picture, as: ".jpg[Q=100,no_subsample]")
        #expect(isClose(try Self.middle(file), [200, 100, 50], within: 2))
    }

    @Test(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"))
    func anEmbeddedProfileCounts() throws {
        let source = try SharedData.bytes("corpus/odd/icc/sharp__p3.png")
        let profile = try #require(
            try source.withUnsafeBytes { try VipsImageHandle.open($0, as: .png).profile }
        )
        #expect(!ColourProfile.isSRGB(profile))
        // Display P3's (187, 105, 62) is sRGB's (200, 100, 50), by the matrices of both and the curve they share.
        for (pixel, expected) in [([187, 105, 62], [200, 100, 50]), ([187, 105, 62, 128], [200, 100, 50, 128])] {
            let picture = try Studio.flat(pixel.map(UInt8.init), width: 32, height: 32)
            picture.asking { cvips_set_blob($0, "icc-profile-data", profile, profile.count) }
            let found = try Self.middle(try Studio.saved(picture, as: ".png"))
            #expect(isClose(found, expected, within: 3), "\(found)")
            let wide = try Self.flatWide(
                Self.wide(pixel.map { UInt16($0) * 257 }),
                bands: pixel.count,
                space: "rgb16"
            )
            wide.asking { cvips_set_blob($0, "icc-profile-data", profile, profile.count) }
            let foundWide = try Self.middle(try Studio.saved(wide, as: ".png"))
            #expect(isClose(foundWide, expected, within: 3), "\(foundWide)")
        }
    }

    @Test func theWayIsDecidedByProfileAndSpace() throws {
        let colours = try Studio.flat([200, 100, 50], width: 8, height: 8)
        #expect(ColourWay(of: colours) == .plain)
        let broken = [UInt8](repeating: 0x41, count: 500)
        colours.asking { cvips_set_blob($0, "icc-profile-data", broken, broken.count) }
        #expect(ColourWay(of: colours) != .plain)
        #expect(ColourWay(of: try colours.withoutProfile()) == .plain)
        #expect(ColourWay(of: try Studio.flat([90], width: 8, height: 8, space: "b-w")) == .bySpace)
        #expect(ColourWay(of: try Studio.flat([0, 9, 9, 0], width: 8, height: 8, space: "cmyk")) == .byProfile)
    }

    /// The same profile counts or not by its length alone, with zeros behind it.
    @Test(
        .enabled(if: SharedData.isPresent, "\(SharedData.reason)"),
        arguments: [(ColourProfile.bytesMax, [200, 100, 50]), (ColourProfile.bytesMax + 1, [187, 105, 62])]
    )
    func aProfileOverTheLimitIsIgnored(bytes: Int, expected: [Int]) throws {
        let source = try SharedData.bytes("corpus/odd/icc/sharp__p3.png")
        var profile = try #require(try source.withUnsafeBytes { try VipsImageHandle.open($0, as: .png).profile })
        profile += [UInt8](repeating: 0, count: bytes - profile.count)
        let picture = try Studio.flat([187, 105, 62], width: 32, height: 32)
        picture.asking { cvips_set_blob($0, "icc-profile-data", profile, profile.count) }
        let found = try Self.middle(try Studio.saved(picture, as: ".jpg[Q=100,no_subsample]"))
        #expect(isClose(found, expected, within: 3), "\(found)")
    }

    @Test(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"))
    func sRGBIsRecognisedByNameAndPrimaries() throws {
        let profile = try SharedData.bytes("corpus/odd/icc/libavif__sRGB2014.icc")
        #expect(ColourProfile.isSRGB(profile))
        for count in 0..<400 { #expect(!ColourProfile.isSRGB(Array(profile.prefix(count)))) }
    }
}
