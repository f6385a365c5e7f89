import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

/// An animated PNG that a test writes, chunk by chunk.
struct DrawnAPNG {
    struct Frame {
        var colour: [UInt8] = [255, 0, 0, 255]
        var window = Window(left: 0, top: 0, width: 40, height: 30)
        var delay = (1, 10)
        var disposal = 0
        var blending = 0
    }

    var width = 40
    var height = 30
    var frames: [Frame]
    /// Shown by readers that know no animations, and no frame.
    var hidden: [UInt8]?
    var plays = 3
    var announced: Int?
    /// Changes what is about to be written.
    var edit: (_ name: String, _ data: inout [UInt8]) -> Void = { _, _ in }

    func bytes() throws -> [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let header = try Self.pixels([0, 0, 0, 255], self.width, self.height).header
        self.append("IHDR", header, to: &file)
        self.append("acTL", Self.number(self.announced ?? self.frames.count) + Self.number(self.plays), to: &file)
        if let hidden = self.hidden {
            self.append("IDAT", try Self.pixels(hidden, self.width, self.height).data, to: &file)
        }
        var sequence = 0
        for (index, frame) in self.frames.enumerated() {
            let window = frame.window
            var control = Self.number(sequence)
            for side in [window.width, window.height, window.left, window.top] { control += Self.number(side) }
            for part in [frame.delay.0, frame.delay.1] { control += Self.number(part).suffix(2) }
            self.append("fcTL", control + [UInt8(frame.disposal), UInt8(frame.blending)], to: &file)
            sequence += 1
            let data = try Self.pixels(frame.colour, window.width, window.height).data
            if index == 0, self.hidden == nil {
                self.append("IDAT", data, to: &file)
            } else {
                self.append("fdAT", Self.number(sequence) + data, to: &file)
                sequence += 1
            }
        }
        self.append("IEND", [], to: &file)
        return file
    }

    private func append(_ name: String, _ data: [UInt8], to file: inout [UInt8]) {
        var data = data
        self.edit(name, &data)
        let content = Array(name.utf8) + data
        file += Self.number(data.count) + content + Self.number(Int(Self.checksum(content)))
    }

    private static func number(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var remainder = UInt32.max
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~remainder
    }

    /// The contents of `IHDR` and of all `IDAT` of a picture of one colour, as libpng writes it.
    private static func pixels(
        _ colour: [UInt8],
        _ width: Int,
        _ height: Int
    ) throws -> (header: [UInt8], data: [UInt8]) {
        let file = try Studio.saved(try Studio.flat(colour, width: width, height: height), as: ".png")
        var (offset, header, data) = (8, [UInt8](), [UInt8]())
        while offset + 12 <= file.count {
            let count = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let content = file[offset + 8..<offset + 8 + count]
            switch String(decoding: file[offset + 4..<offset + 8], as: UTF8.self) {
            case "IHDR": header = Array(content)
            case "IDAT": data += content
            default: break
            }
            offset += 12 + count
        }
        return (header, data)
    }
}

struct PNGAnimationTests {
    init() throws { _ = try VipsEngine.start() }

    private static let red: [UInt8] = [255, 0, 0, 255]
    private static let green: [UInt8] = [0, 255, 0, 255]
    private static let blue: [UInt8] = [0, 0, 255, 255]
    private static let corner = Window(left: 20, top: 15, width: 20, height: 15)

    /// Each frame of an animation at its left upper corner and in its right lower half, as clients see them.
    private static func seen(_ file: [UInt8]) throws -> [[[Int]]] {
        let picture = try Decoded(try Studio.rendition(file, "w=40,anim=1,lossless=1").bytes)
        return (0..<picture.frames).map { frame in
            [picture.pixel(2, 30 * frame + 2), picture.pixel(30, 30 * frame + 25)].map { pixel in
                pixel.count == 3 ? pixel + [255] : pixel[3] == 0 ? [0, 0, 0, 0] : pixel
            }
        }
    }

    @Test func framesDelaysAndLoopAreKept() throws {
        let frames = [(Self.red, (1, 10)), (Self.green, (1, 4)), (Self.blue, (7, 0))].map { colour, delay in
            DrawnAPNG.Frame(colour: colour, delay: delay)
        }
        let outcome = try Studio.render(try DrawnAPNG(frames: frames).bytes(), ["w=20,anim=1,lossless=1", "w=10"])
        #expect(outcome.facts == PictureFacts(size: PictureSize(width: 40, height: 30), frames: 3))
        let moving = try Decoded(outcome.renditions[0].bytes)
        #expect(moving.frames == 3 && moving.delays == [100, 250, 70] && moving.loop == 3)
        #expect(moving.size == PictureSize(width: 20, height: 15))
        for (index, colour) in [Self.red, Self.green, Self.blue].enumerated() {
            let pixel = Array(moving.pixel(10, 15 * index + 7).prefix(3))
            #expect(isClose(pixel, colour.prefix(3).map { Int($0) }, within: 2))
        }
        let still = try Decoded(outcome.renditions[1].bytes)
        #expect(still.frames == 1 && isClose(Array(still.pixel(5, 3).prefix(3)), [255, 0, 0], within: 6))
    }

    /// What a frame leaves behind (§11.3.8.2), seen in the frame after it, of which half is drawn.
    @Test(arguments: [
        (0, [[255, 0, 0, 255], [0, 255, 0, 255], [0, 255, 0, 255]]),
        (1, [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 0, 0]]),
        (2, [[255, 0, 0, 255], [0, 255, 0, 255], [255, 0, 0, 255]]),
    ])
    func aFrameIsDisposedOf(_ disposal: Int, _ lower: [[Int]]) throws {
        let left = Window(left: 0, top: 0, width: 5, height: 5)
        let file = try DrawnAPNG(frames: [
            .init(colour: Self.red), .init(colour: Self.green, window: Self.corner, disposal: disposal),
            .init(colour: Self.blue, window: left),
        ]).bytes()
        let seen = try Self.seen(file)
        #expect(seen.map { $0[1] } == lower)
        #expect(seen.map { $0[0] } == [[255, 0, 0, 255], [255, 0, 0, 255], [0, 0, 255, 255]])
    }

    /// Before the first frame is nothing; so it is as if it said that its place be cleared.
    @Test func theFirstFrameHasNothingBeforeIt() throws {
        let file = try DrawnAPNG(frames: [
            .init(colour: Self.red, disposal: 2), .init(colour: Self.green, window: Self.corner),
        ]).bytes()
        #expect(try Self.seen(file) == [[[255, 0, 0, 255], [255, 0, 0, 255]], [[0, 0, 0, 0], [0, 255, 0, 255]]])
    }

    @Test func aFrameLiesOverTheOneBeforeOrTakesItsPlace() throws {
        let half: [UInt8] = [0, 0, 255, 128]
        for (blending, expected) in [(0, [0, 0, 255, 128]), (1, [127, 0, 128, 255])] {
            let file = try DrawnAPNG(frames: [
                .init(colour: Self.red), .init(colour: half, window: Self.corner, blending: blending),
            ]).bytes()
            let seen = try Self.seen(file)
            #expect(isClose(try #require(seen.last)[1], expected, within: 1), "\(seen)")
            #expect(seen.last?[0] == [255, 0, 0, 255])
        }
        // Over nothing it is as it is; nothing over something changes nothing.
        let clear: [UInt8] = [9, 9, 9, 0]
        let file = try DrawnAPNG(frames: [
            .init(colour: clear), .init(colour: half, window: Self.corner, blending: 1),
            .init(colour: clear, blending: 1),
        ]).bytes()
        // The encoder takes two equal frames for one.
        #expect(isClose(try #require(try Self.seen(file).last)[1], [0, 0, 255, 128], within: 1))
    }

    /// A picture for readers that know no animations is no part of one.
    @Test func aHiddenPictureIsNotShown() throws {
        var drawn = DrawnAPNG(frames: [.init(colour: Self.red), .init(colour: Self.green)])
        drawn.hidden = Self.blue
        let file = try drawn.bytes()
        #expect(try Self.seen(file).map { $0[0] } == [[255, 0, 0, 255], [0, 255, 0, 255]])
        let still = try Decoded(try Studio.rendition(file, "w=40,lossless=1").bytes)
        #expect(Array(still.pixel(5, 5).prefix(3)) == [255, 0, 0])
    }

    /// Viewers show the still then, and so do we.
    @Test func anAnimationThatBreaksTheRulesIsAStill() throws {
        let sound = DrawnAPNG(frames: [.init(colour: Self.red), .init(colour: Self.green)])
        #expect(try Studio.render(try sound.bytes(), ["w=9"]).facts.frames == 2)
        var broken: [DrawnAPNG] = []
        for announced in [0, 1, 3] {
            var one = sound
            one.announced = announced
            broken.append(one)
        }
        let edits: [(String, Int, UInt8)] = [
            ("fcTL", 3, 9), ("fdAT", 3, 9), ("fcTL", 4, 1), ("fcTL", 11, 0), ("fcTL", 15, 1), ("fcTL", 24, 3),
            ("fcTL", 25, 2), ("acTL", 0, 0x80),
        ]
        for (name, offset, value) in edits {
            var one = sound
            one.edit = { if $0 == name { $1[offset] = value } }
            broken.append(one)
        }
        var outside = sound
        outside.frames[1].window = Window(left: 21, top: 0, width: 20, height: 30)
        var small = sound
        small.frames[0].window = Window(left: 0, top: 0, width: 40, height: 29)
        for one in broken + [outside, small] {
            do {
                #expect(try Studio.render(try one.bytes(), ["w=9,anim=1"]).facts.frames == 1)
            } catch let error as RenderError {
                // Two billion frames are announced; and a still whose pixels are of another size is broken.
                #expect([.tooManyFrames, .undecodable].contains(error.code))
            }
        }
        // Cut off anywhere: a still, or none at all.
        let file = try sound.bytes()
        for count in stride(from: 0, to: file.count, by: 7) {
            let outcome = try? Studio.render(Array(file.prefix(max(count, 8))), ["w=9,anim=1"])
            #expect(outcome?.facts.frames ?? 1 == 1 || count > file.count - 12)
        }
    }

    @Test func framesAndPixelsOverTheLimitAreRefused() throws {
        let file = try DrawnAPNG(frames: Array(repeating: .init(), count: 4)).bytes()
        for (limits, code) in [
            (PictureLimits(framesMax: 3), RenderError.Code.tooManyFrames),
            (PictureLimits(pixelsTotalMax: 4 * 1200 - 1), .tooManyPixels),
        ] {
            let error = #expect(throws: RenderError.self) { try Studio.render(file, ["w=9"], limits: limits) }
            #expect(error?.code == code)
        }
        let exact = PictureLimits(pixelsTotalMax: 4 * 1200, framesMax: 4)
        #expect(try Studio.render(file, ["w=9"], limits: exact).facts.frames == 4)
    }

    /// A frame whose pixels are no pixels: found where it is drawn.
    @Test func aDamagedFrameIsUndecodable() throws {
        var drawn = DrawnAPNG(frames: [.init(colour: Self.red), .init(colour: Self.green)])
        drawn.edit = { name, data in if name == "fdAT" { data[8] ^= 0xFF } }
        let file = try drawn.bytes()
        let error = #expect(throws: RenderError.self) { try Studio.render(file, ["w=9,anim=1"]) }
        #expect(error?.code == .undecodable)
        #expect(try Studio.render(file, ["w=9"]).renditions.count == 1)
    }

    /// What the last frame of Pillow's test pictures shows, by the tests they were made for.
    @Test(
        .enabled(if: SharedData.isPresent, "\(SharedData.reason)"),
        arguments: [
            ("none", [0, 255, 0, 255], [0, 255, 0, 255]), ("background", [0, 0, 0, 0], [0, 0, 0, 0]),
            ("background_final", [0, 255, 0, 255], [0, 255, 0, 255]),
            ("previous", [0, 255, 0, 255], [0, 255, 0, 255]),
            ("previous_final", [0, 255, 0, 255], [0, 255, 0, 255]), ("previous_first", [0, 0, 0, 0], [0, 0, 0, 0]),
            ("background_before_region", [0, 0, 0, 0], [0, 0, 0, 0]),
            ("background_region", [0, 0, 255, 255], [0, 0, 0, 0]),
            ("previous_region", [0, 255, 0, 255], [0, 255, 0, 255]),
        ]
    )
    func picturesOfAnotherProjectAreSeenAsThere(_ name: String, _ corner: [Int], _ middle: [Int]) throws {
        let file = try SharedData.bytes("corpus/odd/animated/pillow__apng_dispose_op_\(name).png")
        let picture = try Decoded(try Studio.rendition(file, "w=128,anim=1,lossless=1").bytes)
        let top = 64 * (picture.frames - 1)
        for (pixel, expected) in [(picture.pixel(0, top), corner), (picture.pixel(64, top + 32), middle)] {
            let whole = pixel.count == 3 ? pixel + [255] : pixel[3] == 0 ? [0, 0, 0, 0] : pixel
            #expect(whole == expected, "\(name): \(pixel)")
        }
    }
}
