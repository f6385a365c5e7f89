import CVipsShim
import Glibc
import MediaModel
import Testing

@testable import MediaImaging

/// The engine gives up by itself, in the middle of a decoder, of an evaluation and of an encoder. Prints how late.
///
/// Each in a process of its own: a deadline is the whole process's, where it would end what other tests decode besides,
/// and what libvips keeps of an encoder that it stopped would be taken for theirs.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DeadlineTests {
    /// Each of the pictures takes longer than this without a deadline. On a quiet machine they are a tenth of a second
    /// late. Who is later than this must still be far from the end, and how far that is on this machine is measured.
    private static let lateMax = Duration.seconds(3)

    /// A picture that takes seconds: noise, which no encoder can make short work of.
    struct Slow: Sendable, Codable, CustomStringConvertible {
        let description: String
        let width: Int
        let height: Int
        /// Frames of `width` × `height`; 1 is a still.
        let frames: Int
        let suffix: String
        let options: String
        var made = RenditionFormat.webp

        func file() throws -> [UInt8] {
            let count = self.width * self.height * self.frames * 3
            let device = open("/dev/urandom", O_RDONLY | O_CLOEXEC)
            defer { close(device) }
            let noise = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                while filled < count {
                    let got = read(device, buffer.baseAddress.map { $0 + filled }, count - filled)
                    precondition(got > 0, "no random bytes")
                    filled += got
                }
            }
            let (width, height) = (CInt(self.width), CInt(self.height * self.frames))
            let strip = try VipsImageHandle { cvips_from_samples(noise, noise.count, width, height, 3, "srgb", $0) }
            if self.frames == 1 { return try Studio.saved(strip, as: self.suffix) }
            let delays = [CInt](repeating: 50, count: self.frames)
            return try Studio.saved(
                try strip.animated(Animation(delays: delays, loop: 0), frameHeight: self.height),
                as: self.suffix
            )
        }
    }

    private static let slow = [
        Slow(
            description: "a still PNG to a lossy WebP at effort 6",
            width: 4000,
            height: 3000,
            frames: 1,
            suffix: ".png[compression=0]",
            options: "w=4000,q=95,effort=6"
        ),
        Slow(
            description: "an animated GIF to an animated WebP",
            width: 400,
            height: 400,
            frames: 40,
            suffix: ".gif[effort=1,dither=0]",
            options: "w=400,anim=1,effort=6"
        ),
        Slow(
            description: "an animated WebP to an animated WebP",
            width: 400,
            height: 400,
            frames: 40,
            suffix: ".webp[effort=0]",
            options: "w=400,anim=1,effort=6"
        ),
        Slow(
            description: "a JPEG enlarged to a large canvas",
            width: 2000,
            height: 2000,
            frames: 1,
            suffix: ".jpg",
            options: "w=6000,fit=contain,effort=6"
        ),
        Slow(
            description: "a JPEG that stays in its planes",
            width: 4000,
            height: 4000,
            frames: 1,
            suffix: ".jpg",
            options: "w=3900,q=95,effort=6"
        ),
        Slow(
            description: "a still PNG to a JPEG on a large canvas",
            width: 4000,
            height: 3000,
            frames: 1,
            suffix: ".png[compression=0]",
            options: "w=7000,fit=contain,q=95",
            made: .jpeg
        ),
    ]

    @Test(arguments: Self.slow) func theEngineGivesUpInTime(picture: Slow) async {
        await #expect(processExitsWith: .success) { [picture = picture as Slow] in
            try Self.expectToGiveUpInTime(picture)
        }
    }

    private static func expectToGiveUpInTime(_ picture: Slow) throws {
        let file = try picture.file()
        // Early ones hit the decoder, late ones the encoder.
        for time in [Duration.milliseconds(20), .milliseconds(200), .milliseconds(700)] {
            let start = ContinuousClock.now
            let error = #expect(throws: RenderError.self) {
                try Studio.render(file, [picture.options], as: picture.made, within: time)
            }
            let late = start.duration(to: .now) - time
            #expect(error?.code == .deadline, "\(error?.debugDescription ?? "")")
            #expect(late >= .zero)
            if late >= Self.lateMax { #expect(try late < Self.timeOfAll(picture, file) / 2) }
            print("deadline: \(picture), \(time): \(late) late")
        }
    }

    /// Its encoder cannot be told to stop, so the largest and noisiest picture that it is given must be done in time,
    /// and in the memory of a worker. In CPU time: how busy the machine is decides about the other.
    @Test(arguments: [("effort=6", 3_000_000), ("effort=6,q=100", RenditionFormat.avif.pixelsMax)])
    func anAVIFOfNoiseIsDoneInTime(options: String, pixels: Int) async {
        await #expect(processExitsWith: .success) { [options = options as String, pixels = pixels as Int] in
            let width = 4000
            let picture = Slow(
                description: "noise to an AVIF",
                width: width,
                height: pixels / width,
                frames: 1,
                suffix: ".png[compression=0]",
                options: "w=\(width),\(options)"
            )
            let file = try picture.file()
            _ = try VipsEngine.start()
            if !Self.isSanitized {
                var most = rlimit(rlim_cur: 2 << 30, rlim_max: 2 << 30)
                #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &most) == 0)
            }
            let before = Self.processSeconds()
            let made = try Studio.rendition(file, picture.options, as: .avif)
            let seconds = Self.processSeconds() - before
            #expect(made.size.width * made.size.height > pixels - width)
            #expect(seconds < 10)
            print("AVIF of noise: \(pixels) pixels, \(options): \(seconds) s of CPU, \(made.bytes.count) bytes")
        }
    }

    /// Processor time of all threads of this process.
    private static func processSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A sanitizer reserves terabytes of address space.
    private static var isSanitized: Bool { getenv("ASAN_OPTIONS") != nil || getenv("TSAN_OPTIONS") != nil }

    @Test func aLargerAVIFIsRefusedBeforeItsPixels() throws {
        let file = try Studio.saved(try Studio.flat([9, 8, 7], width: 1000, height: 10), as: ".png")
        let side = RenditionFormat.avif.sideMax
        let error = #expect(throws: RenderError.self) {
            try Studio.render(file, ["w=\(side),h=\(RenditionFormat.avif.pixelsMax / side + 1),fit=pad"], as: .avif)
        }
        #expect(error?.code == .tooManyPixels)
        // A WebP of that size is not.
        #expect(RenditionFormat.webp.pixelsMax == .max)
    }

    @Test func aDeadlineThatWasMissedIsNotTheNextPictures() async {
        await #expect(processExitsWith: .success) {
            let picture = Self.slow[0]
            _ = #expect(throws: RenderError.self) {
                try Studio.render(try picture.file(), [picture.options], within: .milliseconds(100))
            }
            let small = try Studio.saved(try Studio.flat([1, 2, 3], width: 20, height: 20), as: ".png")
            #expect(try Studio.rendition(small, "w=10").size == PictureSize(width: 10, height: 10))
        }
    }

    @Test func aPictureInTimeIsTheSameAsWithoutADeadline() throws {
        let file = try Studio.saved(try Studio.flat([9, 8, 7], width: 200, height: 100), as: ".jpg")
        let free = try Studio.render(file, ["w=50"])
        let bound = try Studio.render(file, ["w=50"], within: .seconds(30))
        #expect(free.renditions == bound.renditions)
    }

    @Test func aDamagedPictureIsStillItsOwnFault() throws {
        let file = try Studio.saved(try Studio.flat([9, 8, 7], width: 200, height: 100), as: ".jpg")
        let error = #expect(throws: RenderError.self) {
            try Studio.render(Array(file.prefix(file.count / 2)), ["w=50"], within: .seconds(30))
        }
        #expect(error?.code == .undecodable)
    }
    /// How long the picture takes without a deadline.
    private static func timeOfAll(_ picture: Slow, _ file: [UInt8]) throws -> Duration {
        try ContinuousClock().measure {
            _ = try Studio.render(file, [picture.options], as: picture.made, within: .seconds(3600))
        }
    }
}
