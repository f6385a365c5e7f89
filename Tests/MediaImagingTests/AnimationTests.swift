import MediaModel
import Testing

@testable import MediaImaging

struct AnimationTests {
    init() throws { _ = try VipsEngine.start() }

    /// Three frames of 40 × 40: red, blue, green.
    private static func file(_ suffix: String) throws -> [UInt8] {
        let colours: [[UInt8]] = [[255, 0, 0], [0, 0, 255], [0, 255, 0]]
        let pixels = colours.flatMap { Array(repeating: $0, count: 40 * 40) }
        let strip = try Studio.picture(width: 40, height: 120, pixels)
        return try Studio.saved(
            try strip.animated(Animation(delays: [100, 250, 70], loop: 3), frameHeight: 40),
            as: suffix
        )
    }

    @Test(arguments: [".gif", ".webp[lossless]"])
    func framesDelaysAndLoopAreKept(_ suffix: String) throws {
        let outcome = try Studio.render(try Self.file(suffix), ["w=20,anim=1,lossless=1"])
        #expect(outcome.facts == PictureFacts(size: PictureSize(width: 40, height: 40), frames: 3))
        let made = try #require(outcome.renditions.first)
        let picture = try Decoded(made.bytes)
        #expect(made.size == PictureSize(width: 20, height: 20))
        #expect(picture.size == made.size)
        #expect(picture.frames == 3)
        #expect(picture.delays == [100, 250, 70])
        #expect(picture.loop == 3)
        #expect(!chunks(of: made.bytes).contains { ["EXIF", "XMP ", "ICCP"].contains($0) })
    }

    @Test(arguments: [".gif", ".webp[lossless]"])
    func noFrameBleedsIntoTheNext(_ suffix: String) throws {
        let file = try Self.file(suffix)
        for options in ["w=13", "w=60,h=60,fit=contain", "w=20,h=10,fit=cover"] {
            let made = try Studio.rendition(file, options + ",anim=1,lossless=1")
            let picture = try Decoded(made.bytes)
            for (frame, colour) in [[255, 0, 0], [0, 0, 255], [0, 255, 0]].enumerated() {
                for row in [0, made.size.height - 1] {
                    let pixel = picture.pixel(made.size.width / 2, frame * made.size.height + row)
                    #expect(isClose(Array(pixel.prefix(3)), colour, within: 2))
                }
            }
        }
    }

    @Test func stillAndMovingComeOfOneJob() throws {
        let options = ["w=10", "w=20,anim=1", "w=30", "w=30,anim=1", "w=80,fit=contain"]
        let outcome = try Studio.render(try Self.file(".gif"), options)
        #expect(try outcome.renditions.map { try Decoded($0.bytes).frames } == [1, 3, 1, 3, 1])
        #expect(outcome.renditions.map(\.size.width) == [10, 20, 30, 30, 80])
    }

    @Test func framesOverTheLimitAreRefused() throws {
        for suffix in [".gif", ".webp"] {
            let file = try Self.file(suffix)
            let error = #expect(throws: RenderError.self) {
                try Studio.render(file, ["w=20"], limits: PictureLimits(framesMax: 2))
            }
            #expect(error?.code == .tooManyFrames)
            let total = #expect(throws: RenderError.self) {
                try Studio.render(file, ["w=20"], limits: PictureLimits(pixelsTotalMax: 4799))
            }
            #expect(total?.code == .tooManyPixels)
        }
    }

    @Test func anAnimationTooLargeToEncodeInTimeStandsStill() throws {
        // 3 × 4500 × 4500 is over 50 megapixels.
        let outcome = try Studio.render(try Self.file(".gif"), ["w=4500,fit=contain,anim=1,effort=0"])
        let made = try #require(outcome.renditions.first)
        #expect(outcome.facts.frames == 3)
        #expect(chunks(of: made.bytes).first == "VP8 ")
    }
}

struct EffortTests {
    @Test(arguments: [
        (false, 1, 1_228_800, 4), (false, 1, 30_000_000, 2), (true, 1, 1_000_000, 4), (true, 1, 50_000_000, 0),
        (false, 500, 10_000, 4), (false, 500, 50_000, 2), (false, 500, 100_000, 0), (true, 500, 100_000, 0),
    ])
    func theMoreThereIsTheLessEffort(_ lossless: Bool, _ frames: Int, _ pixels: Int, _ effort: Int) {
        let recipe = Recipe(effort: 4, lossless: lossless)
        #expect(Effort.effort(for: recipe, pixels: pixels, frames: frames) == effort)
        let least = Recipe(effort: 0, lossless: lossless)
        #expect(Effort.effort(for: least, pixels: pixels, frames: frames) == 0)
    }
}
