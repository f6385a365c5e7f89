import CVipsShim
import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

/// What a job's recipes and its looks at the picture have to do with each other, through the whole pipeline.
struct LookTests {
    init() throws { _ = try VipsEngine.start() }

    private static let red: [UInt8] = [255, 0, 0]
    private static let green: [UInt8] = [0, 255, 0]
    private static let blue: [UInt8] = [0, 0, 255]

    /// Three tiles side by side.
    private static func tiles(_ side: Int = 16) throws -> VipsImageHandle {
        try Studio.picture(
            width: 3 * side,
            height: side,
            (0..<side).flatMap { _ in (0..<3 * side).map { [Self.red, Self.green, Self.blue][$0 / side] } }
        )
    }

    private static func render(
        _ file: [UInt8],
        _ options: [String],
        aim: Aim = .none,
        wantsImpression: Bool = false
    ) throws -> RenderOutcome {
        let engine = try VipsEngine.start()
        let job = RenderJob(
            format: try #require(Sniff.format(of: file)),
            limits: PictureLimits(),
            presets: try options.enumerated().map { try Preset(text: "p\($0):\($1)") },
            aim: aim,
            wantsImpression: wantsImpression
        )
        return try file.withUnsafeBytes { try engine.render(job, picture: $0, within: .seconds(60)) }
    }

    @Test func anImpressionIsGivenToWhoAsksForIt() throws {
        let file = try Studio.saved(try Studio.flat(Self.green, width: 300, height: 200), as: ".png")
        let asked = try Self.render(file, ["w=40", "w=200", "w=9,h=9,fit=pad"], wantsImpression: true)
        let impression = try #require(asked.impression)
        #expect(impression.colour.css == "#00ff00")
        #expect(impression.attention == .centre)
        #expect(impression.frames == 1)
        // Landscape, of 7 × 5.
        #expect(impression.thumbHash.bytes[3] & 7 == 5 && impression.thumbHash.bytes[4] & 0x80 != 0)
        #expect(try Self.render(file, ["w=40"]).impression == nil)
        #expect(try Self.render(file, [], wantsImpression: true).impression == nil)
        #expect(try Self.render(file, ["w=40", "w=200", "w=9,h=9,fit=pad"]).renditions == asked.renditions)
    }

    /// Of the upright picture, and of an animation's first frame.
    @Test func anImpressionIsOfWhatIsSeenFirst() throws {
        let tiles = try Self.tiles()
        tiles.asking { cvips_set_orientation($0, 6) }
        let upright = try Self.render(try Studio.saved(tiles, as: ".jpg[Q=95]"), ["w=16"], wantsImpression: true)
        let shape = try #require(upright.impression).thumbHash.bytes
        #expect(shape[3] & 7 == 2 && shape[4] & 0x80 == 0)

        let frames = [Self.blue, Self.red, Self.red].flatMap { Array(repeating: $0, count: 40 * 40) }
        let strip = try Studio.picture(width: 40, height: 120, frames)
            .animated(Animation(delays: [100, 100, 100], loop: 0), frameHeight: 40)
        let moving = try Self.render(
            try Studio.saved(strip, as: ".gif"),
            ["w=20,anim=1", "w=10"],
            wantsImpression: true
        )
        #expect(moving.impression?.colour.css == "#0000ff")
        #expect(moving.impression?.frames == 3)
    }

    /// The middle of a square cut out of three tiles.
    private static func cut(_ file: [UInt8], _ gravity: String, _ aim: Aim, side: Int = 8) throws -> [Int] {
        let options = "w=\(side),h=\(side),fit=cover,lossless=1\(gravity)"
        let made = try #require(try Self.render(file, [options], aim: aim).renditions.first)
        return Array(try Decoded(made.bytes).pixel(side / 2, side / 2).prefix(3))
    }

    @Test(arguments: [8, 64])
    func aCutKeepsWhatTheUploaderSays(side: Int) throws {
        let file = try Studio.saved(try Self.tiles(), as: ".png")
        let right = Aim(focus: FocalPoint(x: 9000, y: 5000), attention: FocalPoint(x: 0, y: 0))
        #expect(isClose(try Self.cut(file, ",gravity=focus", right, side: side), [0, 0, 255], within: 3))
        #expect(isClose(try Self.cut(file, ",gravity=attention", right, side: side), [255, 0, 0], within: 3))
        #expect(isClose(try Self.cut(file, "", right, side: side), [0, 255, 0], within: 3))
        // Nobody has said anything: as attention.
        let attention = Aim(attention: FocalPoint(x: 9000, y: 0))
        #expect(isClose(try Self.cut(file, ",gravity=focus", attention, side: side), [0, 0, 255], within: 3))
    }

    /// The point counts in the upright picture: turned a quarter, what was on the left is at the top.
    @Test func theFocalPointIsOfTheUprightPicture() throws {
        let tiles = try Self.tiles()
        tiles.asking { cvips_set_orientation($0, 6) }
        let file = try Studio.saved(tiles, as: ".jpg[Q=100,no_subsample]")
        let top = Aim(focus: FocalPoint(x: 5000, y: 0))
        #expect(isClose(try Self.cut(file, ",gravity=focus", top), [255, 0, 0], within: 12))
    }

    /// A patch of a strong colour on grey, far from the centre: found without anybody's help, and found again from any
    /// size, for the point that is handed back decides.
    @Test func attentionFindsWhatStandsOut() throws {
        let pixels: [[UInt8]] = (0..<100).flatMap { row in
            (0..<300).map { column in
                (250..<280).contains(column) && (30..<70).contains(row) ? [230, 20, 20] : [100, 105, 110]
            }
        }
        let file = try Studio.saved(try Studio.picture(width: 300, height: 100, pixels), as: ".png")
        let options = ["w=50,h=50,fit=cover,gravity=attention,lossless=1", "w=290"]
        let first = try Self.render(file, options, wantsImpression: true)
        let point = try #require(first.impression).attention
        #expect(point.x > 8000)
        let seen = try Decoded(try #require(first.renditions.first).bytes)
        #expect(isClose(Array(seen.pixel(32, 25).prefix(3)), [230, 20, 20], within: 12))
        let again = try Self.render(file, options, aim: Aim(attention: point))
        #expect(again.renditions == first.renditions)
        #expect(again.impression == nil)
    }
}
