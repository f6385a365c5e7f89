import CVipsShim
import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

/// What a recipe without a number for everything comes to.
struct StillEncoderTests {
    init() throws { _ = try VipsEngine.start() }

    private static func png(_ image: borrowing VipsImageHandle) throws -> [UInt8] {
        try Studio.saved(image, as: ".png")
    }

    // Targets.

    @Test(arguments: ["0.96", "0.98"], [3, 4])
    func thePictureIsAsAlikeAsAskedFor(_ target: String, _ bands: Int) throws {
        let file = try Self.png(try Scene.photograph(width: 400, height: 300, bands: bands))
        let made = try Studio.rendition(file, "w=300,ssim=\(target)")
        let choice = try #require(made.choice)
        let (ssim, wanted) = (try #require(choice.ssim), try #require(Double(target)))
        #expect(ssim >= wanted && ssim <= wanted + 0.002, "\(choice)")
        #expect(choice.loss == .lossy && choice.encodes <= QualitySearch.triesMax + 1)
        // The file is the one of the quality that is recorded.
        let image = try Scene.photograph(width: 400, height: 300, bands: bands)
            .resized(to: PictureSize(width: 300, height: 225))
        let picture = try WebPPictureHandle(image)
        let again = try picture.encoded(WebPSettings(quality: try #require(choice.quality), effort: 4))
        #expect(again == made.bytes)
        #expect(try Studio.rendition(file, "w=300,ssim=\(target)") == made)
    }

    @Test(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"), arguments: ["kodim01.png", "kodim23.png"])
    func aPhotographLandsNearItsTarget(_ name: String) throws {
        let file = try SharedData.bytes("photos/\(name)")
        let choice = try #require(try Studio.rendition(file, "w=640,h=640,ssim=0.985").choice)
        let ssim = try #require(choice.ssim)
        #expect((0.985...0.987).contains(ssim) && choice.encodes <= QualitySearch.triesMax + 1, "\(choice)")
    }

    @Test(arguments: [4_000, 9_000, 20_000]) func noMoreBytesThanAskedFor(_ bytes: Int) throws {
        let file = try Self.png(try Scene.photograph(width: 400, height: 300))
        let made = try Studio.rendition(file, "w=400,bytes=\(bytes)")
        let choice = try #require(made.choice)
        #expect(made.bytes.count <= bytes && made.bytes.count > bytes * 9 / 10, "\(made.bytes.count), \(choice)")
        #expect(choice.ssim == nil)
    }

    /// A few hundred bytes hold no photograph, and no encoder reaches .999: the nearest that there is, and it says so.
    @Test func whatIsOutOfReachIsTheNearest() throws {
        let file = try Self.png(try Scene.photograph(width: 400, height: 300))
        let small = try Studio.rendition(file, "w=400,bytes=100")
        #expect(small.choice?.quality == 0)
        #expect(small.bytes.count > 100)
        #expect(small.bytes.count < (try Studio.rendition(file, "w=400,q=10").bytes.count))
        let alike = try Studio.rendition(file, "w=400,ssim=0.999")
        #expect(alike.choice?.quality == 100)
        #expect(try #require(alike.choice?.ssim) < 0.999)
    }

    @Test func otherFormatsGetTheQualityThatAWebPWouldNeed() throws {
        let file = try Self.png(try Scene.photograph(width: 200, height: 150))
        let webp = try Studio.rendition(file, "w=200,ssim=0.96")
        let quality = Int(try #require(webp.choice?.quality).rounded())
        for format in [RenditionFormat.jpeg, .avif] {
            let made = try Studio.rendition(file, "w=200,ssim=0.96", as: format)
            #expect(made.choice?.quality == Double(quality))
            #expect(made.choice?.ssim == nil)
            #expect(made.bytes == (try Studio.rendition(file, "w=200,q=\(quality)", as: format).bytes))
        }
    }

    @Test func anAnimationHasTheRecipesQuality() throws {
        let frames = try Scene.photograph(width: 32, height: 64)
        let gif = try Studio.saved(
            try frames.animated(Animation(delays: [50, 50], loop: 0), frameHeight: 32),
            as: ".gif"
        )
        let made = try Studio.rendition(gif, "w=32,anim=1,ssim=0.985")
        #expect(made.choice == nil)
        #expect(try Decoded(made.bytes).frames == 2)
        #expect(made.bytes == (try Studio.rendition(gif, "w=32,anim=1,q=80").bytes))
        #expect(try Studio.rendition(gif, "w=32,ssim=0.96").choice != nil)
    }

    @Test(arguments: [(1, 1), (1, 300), (300, 1), (10, 10), (16, 2)])
    func theSmallestPicturesHaveATargetToo(_ width: Int, _ height: Int) throws {
        let file = try Self.png(try Scene.photograph(width: width, height: height))
        for target in ["ssim=0.985", "bytes=100", "ssim=0.999", "ssim=0.5"] {
            let made = try Studio.rendition(file, "w=\(width),\(target)")
            #expect(made.choice?.isPossible == true)
            #expect(try Decoded(made.bytes).size == PictureSize(width: width, height: height))
        }
    }

    @Test func whenTimeIsShortWhatIsThereIsTaken() throws {
        let picture = try WebPPictureHandle(try Scene.photograph(width: 200, height: 150))
        let recipe = try RecipeOptions.parse("w=200,ssim=0.93")
        let made = try StillEncoder(picture, recipe, effort: 4, timeLeft: { .zero }).file(sourceBytes: 10)
        #expect(made.choice?.encodes == 1)
        #expect(made.choice?.ssim != nil)
        let plain = try WebPPictureHandle(try Scene.drawing(width: 200, height: 150))
        let one = try StillEncoder(plain, Recipe(width: 200), effort: 4, timeLeft: { .zero }).file(sourceBytes: 10)
        #expect(one.choice == nil)
    }

    // Flat art.

    @Test(arguments: ["w=600", "w=600,ssim=0.985", "w=600,bytes=20000"])
    func flatArtIsKeptExactlyWhereThatTakesNoMoreBytes(_ options: String) throws {
        let file = try Self.png(try Scene.drawing(width: 600, height: 400))
        let made = try Studio.rendition(file, options)
        let lossy = try Studio.rendition(file, options + ",lossless=0")
        #expect(
            made.choice?.loss == .lossless || made.choice?.loss == .nearLossless,
            "\(options): \(made.choice as Any)"
        )
        #expect(chunks(of: made.bytes) == ["VP8L"] && chunks(of: lossy.bytes) == ["VP8 "])
        if !options.contains("bytes") { #expect(made.bytes.count <= lossy.bytes.count) }
    }

    @Test func exactMeansExact() throws {
        let image = try Scene.drawing(width: 600, height: 400)
        let made = try Studio.rendition(try Self.png(image), "w=600")
        #expect(made.choice == EncodingChoice(loss: .lossless, encodes: 2))
        let (one, other) = (try Decoded(made.bytes), try Decoded(try Self.png(image), as: .png))
        for top in stride(from: 0, to: 400, by: 3) {
            for left in 0..<600 { #expect(one.pixel(left, top) == other.pixel(left, top)) }
        }
    }

    /// A photograph pays for one encoding, however smooth it is.
    @Test(arguments: [0, 3, 12]) func aPhotographIsNotTriedWithoutLoss(_ grain: Int) throws {
        let file = try Self.png(try Scene.photograph(width: 400, height: 300, grain: grain))
        #expect(try Studio.rendition(file, "w=400").choice == nil)
        #expect(try Studio.rendition(file, "w=400,q=95").choice == nil)
    }

    @Test func flatnessIsToldOfEveryShape() throws {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 17)] {
            let one = try WebPPictureHandle(try Studio.flat([7, 8, 9], width: width, height: height))
            let isFlat = one.isFlatArt(within: 1000)
            #expect(isFlat)
        }
        let noise = try WebPPictureHandle(try Scene.photograph(width: 64, height: 64))
        let isFlat = noise.isFlatArt(within: .max / 1000)
        #expect(!isFlat)
    }

    // Sources.

    private static func jpeg(quality: Int) throws -> [UInt8] {
        try Studio.saved(try Scene.photograph(width: 400, height: 300), as: ".jpg[Q=\(quality)]")
    }

    @Test func nothingIsLargerThanItsSource() throws {
        let source = try Self.jpeg(quality: 15)
        let plain = try Studio.rendition(source, "w=500,fit=contain,q=90")
        #expect(plain.choice == nil, "a larger picture than its source may have more bytes")
        let made = try Studio.rendition(source, "w=400,q=90")
        let choice = try #require(made.choice)
        #expect(made.bytes.count <= source.count, "\(made.bytes.count) of \(source.count), \(choice)")
        #expect(try #require(choice.quality) < 90)
        #expect(try #require(choice.quality) >= 40)
        #expect(try Studio.rendition(source, "w=400,bytes=90000").bytes.count <= source.count)
    }

    /// Below that it is better large than ugly.
    @Test func qualityHasAFloor() throws {
        func file(_ options: String, sourceBytes: Int) throws -> (bytes: [UInt8], choice: EncodingChoice?) {
            let picture = try WebPPictureHandle(try Scene.photograph(width: 400, height: 300))
            let recipe = try RecipeOptions.parse(options)
            return try StillEncoder(picture, recipe, effort: 4).file(sourceBytes: sourceBytes)
        }
        let made = try file("w=400", sourceBytes: 10)
        #expect(made.choice?.quality == 40)
        #expect(made.bytes == (try file("w=400,q=40", sourceBytes: .max).bytes))
        // Who asks for less, or for a likeness, gets that.
        #expect(try file("w=400,q=30", sourceBytes: 10).choice == nil)
        let ssim = try #require(try file("w=400,ssim=0.96", sourceBytes: 10).choice?.ssim)
        #expect(ssim >= 0.96)
    }

    @Test func aSmallerRenditionIsLeftAlone() throws {
        #expect(try Studio.rendition(try Self.jpeg(quality: 60), "w=100").choice == nil)
    }
}
