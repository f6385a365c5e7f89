import CVipsShim
import MediaModel
import Testing

@testable import MediaImaging

struct RenderTests {
    private static let red: [UInt8] = [255, 0, 0]
    private static let green: [UInt8] = [0, 255, 0]
    private static let blue: [UInt8] = [0, 0, 255]
    private static let white: [UInt8] = [255, 255, 255]

    init() throws { _ = try VipsEngine.start() }

    /// 3 × 2 tiles of 16 × 16: red and green and blue above white, so that every turn and mirroring differs.
    private static func tiles() throws -> VipsImageHandle {
        let rows = [[Self.red, Self.green, Self.blue], [Self.white, Self.white, Self.white]]
        let pixels = (0..<32).flatMap { top in (0..<48).map { left in rows[top / 16][left / 16] } }
        return try Studio.picture(width: 48, height: 32, pixels)
    }

    /// The colours at the upright picture's corners: top left, top right, bottom left, bottom right, for each
    /// orientation of a picture that has red and blue at the top when it is not turned.
    @Test(arguments: [
        (1, "rbww"), (2, "brww"), (3, "wwbr"), (4, "wwrb"), (5, "rwbw"), (6, "wrwb"), (7, "wbwr"), (8, "bwrw"),
        (0, "rbww"), (9, "rbww"), (255, "rbww"), (65535, "rbww"),
    ])
    func picturesComeOutUpright(_ orientation: Int, _ corners: String) throws {
        let tiles = try Self.tiles()
        tiles.asking { cvips_set_orientation($0, CInt(orientation)) }
        let file = try Studio.saved(tiles, as: ".jpg[Q=100,no_subsample]")
        for options in ["w=24,h=24,lossless=1", "w=480,h=480,fit=contain,lossless=1", "w=1000,h=1000,lossless=1"] {
            let outcome = try Studio.render(file, [options])
            let isTurned = (5...8).contains(orientation)
            #expect(outcome.facts.size == PictureSize(width: isTurned ? 32 : 48, height: isTurned ? 48 : 32))
            let made = try #require(outcome.renditions.first)
            let picture = try Decoded(made.bytes)
            #expect(picture.size == made.size)
            let right = made.size.width - 1
            let bottom = made.size.height - 1
            let found = [(0, 0), (right, 0), (0, bottom), (right, bottom)].map { left, top in
                Self.name(picture.pixel(left, top))
            }
            #expect(found.joined() == corners)
        }
    }

    private static func name(_ pixel: [Int]) -> String {
        let names = [([255, 0, 0], "r"), ([0, 255, 0], "g"), ([0, 0, 255], "b"), ([255, 255, 255], "w")]
        return names.first { isClose($0.0, pixel, within: 40) }?.1 ?? "\(pixel)"
    }

    @Test func presetsComeInTheirOrderWhateverTheirSize() throws {
        let file = try Studio.saved(try Studio.flat(Self.green, width: 600, height: 400), as: ".png")
        let options = ["w=60", "w=300,h=300,fit=cover", "w=900,fit=contain", "w=10,h=10,fit=pad", "w=300", "h=20"]
        let outcome = try Studio.render(file, options)
        #expect(outcome.renditions.map(\.preset.name.description) == ["p0", "p1", "p2", "p3", "p4", "p5"])
        let sizes = [(60, 40), (300, 300), (900, 600), (10, 10), (300, 200), (30, 20)]
        for (made, size) in zip(outcome.renditions, sizes) {
            #expect(made.size == PictureSize(width: size.0, height: size.1))
            #expect(try Decoded(made.bytes).size == made.size)
        }
    }

    @Test func theCentreIsWhatCoverKeeps() throws {
        let file = try Studio.saved(try Self.tiles(), as: ".png")
        for fit in ["cover", "crop"] {
            let picture = try Decoded(try Studio.rendition(file, "w=8,h=16,fit=\(fit),lossless=1").bytes)
            #expect(Self.name(picture.pixel(3, 2)) == "g")
            #expect(Self.name(picture.pixel(3, 13)) == "w")
        }
    }

    @Test func theRestOfThePadIsBackground() throws {
        let file = try Studio.saved(try Studio.flat(Self.red, width: 40, height: 20), as: ".png")
        let opaque = try Decoded(try Studio.rendition(file, "w=40,h=40,fit=pad,bg=0000ff,lossless=1").bytes)
        #expect(opaque.pixel(20, 2) == [0, 0, 255])
        #expect(opaque.pixel(20, 20) == [255, 0, 0])
        let clear = try Decoded(try Studio.rendition(file, "w=40,h=40,fit=pad,bg=0000ff00,lossless=1").bytes)
        #expect(clear.pixel(20, 2).last == 0)
        #expect(clear.pixel(20, 20) == [255, 0, 0, 255])
    }

    @Test func alphaIsKeptAndHiddenColoursStayHidden() throws {
        // Left half: transparent, and blue beneath; right half: opaque red. Unweighted, the seam would turn purple.
        let pixels: [[UInt8]] = (0..<64 * 64).map { $0 % 64 < 32 ? [0, 0, 255, 0] : [255, 0, 0, 255] }
        let file = try Studio.saved(try Studio.picture(width: 64, height: 64, pixels), as: ".png")
        let picture = try Decoded(try Studio.rendition(file, "w=21,lossless=1").bytes)
        #expect(picture.bands == 4)
        #expect(picture.pixel(0, 10)[3] == 0 && picture.pixel(20, 10)[3] == 255)
        for left in 0..<21 where picture.pixel(left, 10)[3] > 8 {
            #expect(isClose(Array(picture.pixel(left, 10).prefix(3)), [255, 0, 0], within: 6))
        }
    }

    @Test func noMetadataIsLeft() throws {
        let picture = try Studio.flat(Self.green, width: 40, height: 40)
        let secret = Array("<x:xmpmeta>secret</x:xmpmeta>".utf8)
        for name in ["xmp-data", "iptc-data"] {
            picture.asking { cvips_set_blob($0, name, secret, secret.count) }
        }
        picture.asking { cvips_set_orientation($0, 1) }
        let file = try Studio.saved(picture, as: ".jpg")
        #expect(String(decoding: file, as: UTF8.self).contains("secret"))
        for options in ["w=20", "w=40", "w=20,lossless=1", "w=20,h=40,fit=pad"] {
            // A picture of one colour is flat art: it is kept exactly, unless that is not wanted, or it stayed in its
            // planes.
            let outcome = try Studio.render(file, [options])
            #expect(chunks(of: outcome.renditions[0].bytes) == [outcome.path == .planes ? "VP8 " : "VP8L"])
            if options.contains("lossless") { continue }
            #expect(chunks(of: try Studio.rendition(file, options + ",lossless=0").bytes) == ["VP8 "])
        }
    }

    @Test func aLargePrivateChunkIsNoObstacle() throws {
        let file = try Studio.saved(try Studio.flat(Self.green, width: 100, height: 50), as: ".png")
        let count = 9 << 20
        let length = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
        let chunk = length + Array("juNk".utf8) + [UInt8](repeating: 7, count: count + 4)
        // Behind the signature and IHDR.
        let made = try Studio.rendition(Array(file[..<33]) + chunk + file[33...], "w=10,lossless=1")
        #expect(isClose(Array(try Decoded(made.bytes).pixel(5, 2).prefix(3)), [0, 255, 0], within: 1))
    }

    @Test func aRenditionOfAnotherSizeThanPlannedIsRefused() throws {
        let preset = try Preset(text: "p:w=10,h=10")
        let placement = Placement(scaled: PictureSize(width: 10, height: 10), isEnlargement: false)
        let item = Plan.Item(index: 0, preset: preset, placement: placement, frames: 1)
        for (width, height) in [(11, 10), (10, 11), (10, 20), (9, 10)] {
            let strip = FrameStrip(
                try Studio.flat(Self.green, width: width, height: height),
                frames: 1,
                frameHeight: height
            )
            do throws(RenderError) {
                let animation = Animation(delays: [], loop: 0)
                let measure = SourceMeasure(bytes: nil, pixels: 100)
                let terms = EncodingTerms(animation: animation, profile: nil, measure: measure)
                _ = try Pipeline.encoded(strip, item, terms)
                Issue.record("\(width) × \(height) was encoded")
            } catch { #expect(error.code == .undecodable) }
        }
    }

    @Test func overLimitsNothingIsDecoded() throws {
        let file = try Studio.saved(try Studio.flat(Self.green, width: 100, height: 50), as: ".png")
        let table: [(PictureLimits, RenderError.Code)] = [
            (PictureLimits(pixelsMax: 4999), .tooManyPixels),
            (PictureLimits(pixelsTotalMax: 4999), .tooManyPixels),
            (PictureLimits(sideMax: 99), .sideTooLong),
        ]
        for (limits, code) in table {
            let error = #expect(throws: RenderError.self) { try Studio.render(file, ["w=10"], limits: limits) }
            #expect(error?.code == code)
        }
        let just = PictureLimits(pixelsMax: 5000, pixelsTotalMax: 5000, sideMax: 100, framesMax: 1)
        #expect(try Studio.render(file, ["w=10"], limits: just).facts.size == PictureSize(width: 100, height: 50))
    }

    @Test func aRenditionMayNotOutgrowTheLimitEither() throws {
        let file = try Studio.saved(try Studio.flat(Self.green, width: 1, height: 1), as: ".png")
        let error = #expect(throws: RenderError.self) {
            try Studio.render(file, ["w=16383,h=16383,fit=contain"])
        }
        #expect(error?.code == .tooManyPixels)
    }

    @Test func withoutPresetsThePictureIsStillDecoded() throws {
        let file = try Studio.saved(try Studio.flat(Self.green, width: 300, height: 200), as: ".jpg")
        let outcome = try Studio.render(file, [])
        #expect(outcome.facts == PictureFacts(size: PictureSize(width: 300, height: 200), frames: 1))
        #expect(outcome.renditions.isEmpty)
        #expect(throws: RenderError.self) { try Studio.render(Array(file.prefix(file.count / 2)), []) }
    }

    @Test(arguments: [".jpg", ".png", ".gif", ".webp"])
    func damageIsRefusedAndNeverFatal(_ suffix: String) throws {
        let file = try Studio.saved(try Self.tiles(), as: suffix)
        var refused = 0
        for count in stride(from: 12, to: file.count, by: max(1, file.count / 60)) {
            do {
                _ = try Studio.render(Array(file.prefix(count)), ["w=20,anim=1"])
            } catch let error as RenderError {
                refused += 1
                #expect(error.code == .undecodable || error.code == .unsupported)
            }
        }
        // Some formats show what is there; a file cut in its first half is refused in all of them.
        #expect(refused >= 10)
        for index in stride(from: 12, to: file.count, by: max(1, file.count / 200)) {
            var flipped = file
            flipped[index] ^= 0x55
            do {
                _ = try Studio.render(flipped, ["w=20,anim=1"])
            } catch let error as RenderError { #expect(!error.code.isRetryable) }
        }
    }
}
