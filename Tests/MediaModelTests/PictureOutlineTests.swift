import MediaModel
import MediaTesting
import Testing

@Suite struct PictureOutlineTests {
    private static func outline(_ file: [UInt8], opening: Int? = nil) throws -> PictureOutline? {
        let format = try #require(Sniff.format(of: Array(file.prefix(Sniff.prefixBytesMax))))
        let opening = Array(file.prefix(opening ?? PictureOutline.openingBytesMax))
        return PictureOutline(format, opening: opening, bytes: file.count)
    }

    @Test(arguments: [
        ("gradient.jpg", 160, 120, 1, false), ("gradient-progressive.jpg", 160, 120, 1, true),
        ("gradient.png", 160, 120, 1, false), ("gradient-interlaced.png", 160, 120, 1, true),
        ("gradient.webp", 160, 120, 1, true), ("gradient-lossless.webp", 160, 120, 1, true),
        ("1x2000.png", 1, 2000, 1, false), ("20000x20000.png", 20000, 20000, 1, false),
        ("labelled.heic", 96, 64, 1, true), ("labelled.avif", 96, 64, 1, true),
        ("animated.gif", 64, 48, 6, true), ("animated.webp", 64, 48, 6, true),
    ])
    func theOpeningTellsSizeFramesAndMode(
        name: String,
        width: Int,
        height: Int,
        frames: Int,
        isWhole: Bool
    ) throws {
        let outline = try #require(try Self.outline(try Fixtures.bytes("pictures/\(name)")))
        #expect(outline.size == PictureSize(width: width, height: height))
        #expect(outline.frames == frames)
        #expect(outline.isWhole == isWhole)
    }

    @Test(
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.reason)),
        arguments: [("bench12.jpg", 4000, 3000, false), ("photo-12mp-sunset.jpg", 4272, 2848, true)]
    )
    func aCamerasMetadataIsPassedOver(name: String, width: Int, height: Int, isWhole: Bool) throws {
        let outline = try #require(try Self.outline(try SharedData.bytes("photos/\(name)")))
        #expect(outline.size == PictureSize(width: width, height: height))
        #expect(outline.isWhole == isWhole)
    }

    /// Frames beyond the opening are counted on by the length of the file.
    @Test func theRestOfAnAnimationIsTakenToBeLikeItsOpening() throws {
        let head: [UInt8] = Array("GIF89a".utf8) + [10, 0, 10, 0, 0, 0, 0]
        let frame: [UInt8] = [0x2C, 0, 0, 0, 0, 10, 0, 10, 0, 0, 2, 4, 1, 2, 3, 4, 0]
        let file = head + Array([[UInt8]](repeating: frame, count: 10_000).joined()) + [0x3B]
        let outline = try #require(try Self.outline(file))
        #expect((9900...10_100).contains(outline.frames))
        let whole = try #require(try Self.outline(file, opening: file.count))
        #expect((10_000...10_001).contains(whole.frames))
    }

    @Test func whatTheOpeningDoesNotSayIsNotInvented() throws {
        for name in ["gradient.jpg", "gradient.png", "animated.gif", "gradient.webp", "labelled.heic"] {
            let file = try Fixtures.bytes("pictures/\(name)")
            let format = try #require(Sniff.format(of: file))
            for bytes in [0, 1, 6] {
                #expect(PictureOutline(format, opening: Array(file.prefix(bytes)), bytes: file.count) == nil)
            }
        }
    }

    /// Nothing traps, and nothing but sides that can be comes out, whatever the bytes: random ones, and real files with
    /// a part of them overwritten, cut at any place.
    @Test func hostileBytesAreHarmless() throws {
        var random = SeededNumbers(state: 0x5EED)
        let names = [
            "gradient-progressive.jpg", "gradient-interlaced.png", "animated.gif", "animated.webp", "gradient.webp",
            "labelled.heic", "labelled.avif",
        ]
        let seeds = try names.map { Array(try Fixtures.bytes("pictures/\($0)").prefix(1024)) }
        let limits = PictureLimits()
        for round in 0..<2000 {
            var bytes = seeds[round % seeds.count]
            if round % 5 == 0 {
                bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            }
            for _ in 0..<Int.random(in: 0...8, using: &random) where !bytes.isEmpty {
                let near = min(bytes.count, 64)
                let index = Int.random(in: 0..<(Bool.random(using: &random) ? near : bytes.count), using: &random)
                bytes[index] = [0, 0xFF, .random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            let total = [bytes.count, 1, 0, 1 << 20, .max].randomElement(using: &random) ?? 0
            for format in PictureFormat.allCases {
                if let outline = PictureOutline(format, opening: bytes, bytes: total) {
                    #expect(min(outline.size.width, outline.size.height, outline.frames) >= 1)
                    #expect(max(outline.size.width, outline.size.height) <= 1 << 32)
                }
                let job = RenderJob(format: format, limits: limits, presets: Preset.defaults)
                let cost = RenderCost(of: job, bytes: min(total, 1 << 40), opening: bytes)
                #expect(cost.memoryBytes >= 0)
                #expect(cost.cpu >= .zero)
                #expect(cost.cpu < .seconds(100))
            }
        }
    }
}

/// Numbers that are the same in every run (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
