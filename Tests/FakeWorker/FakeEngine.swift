import Glibc
import MediaModel
import MediaWorkers

/// Does what the picture's first line says: `behaviour` or `behaviour argument`.
struct FakeEngine: PictureEngine {
    /// How much of the picture an honest rendition repeats, in bytes.
    static let copyBytesMax = 64 * 1024

    /// AVIF too where the environment says so, of which it makes a WebP like of everything.
    var formats: Set<RenditionFormat> { getenv("FAKE_WORKER_AVIF") == nil ? [.webp, .jpeg] : [.webp, .jpeg, .avif] }

    func render(_ job: RenderJob, picture: UnsafeRawBufferPointer, within time: Duration) throws -> RenderOutcome {
        let line = String(decoding: picture.prefix(200).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        // A file for `mediactl convert` must look like a picture from outside.
        let words = line.trimmingPrefix("GIF89a ").split(separator: " ", maxSplits: 1).map(String.init)
        let argument = words.count > 1 ? words[1] : ""
        switch words.first {
        case "crash": abort()
        case "signal":
            // Not `raise`, which only the calling thread would get.
            kill(getpid(), Int32(argument) ?? 0)
            sleep(1)
        case "exit": exit(Int32(argument) ?? 0)
        case "hang": while true { sleep(1000) }
        case "close":
            close(3)
            while true { sleep(1000) }
        case "slow": usleep(UInt32(argument) ?? 0)
        case "leak": Self.leak(mebibytes: Int(argument) ?? 0)
        case "fragment": Self.fragment(mebibytes: Int(argument) ?? 0)
        case "child": return Self.outcome(of: job, Array("\(Self.startedChild())".utf8))
        case "report": return Self.outcome(of: job, Array(Report.text().utf8))
        case "late":
            usleep(UInt32(time / .microseconds(1)))
            throw RenderError(.deadline, detail: "gave up after \(time)")
        case "fault": throw RenderError(Self.code(argument), detail: "the codec's\nown words")
        case "forge": Forgery.send(argument, job)
        default: break
        }
        return Self.outcome(of: job, Array(picture.prefix(Self.copyBytesMax)))
    }

    /// Does what the first picture's first line says; an honest comparison is of two equal pictures.
    func compare(
        _ job: CompareJob,
        first: UnsafeRawBufferPointer,
        second: UnsafeRawBufferPointer,
        within time: Duration
    ) throws -> Comparison {
        let line = String(decoding: first.prefix(200).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.trimmingPrefix("GIF89a ").split(separator: " ", maxSplits: 1).map(String.init)
        let argument = words.count > 1 ? words[1] : ""
        switch words.first {
        case "crash": abort()
        case "late":
            usleep(UInt32(time / .microseconds(1)))
            throw RenderError(.deadline, detail: "gave up after \(time)")
        case "fault": throw CompareError(.second, RenderError(Self.code(argument), detail: "the codec's\nown words"))
        case "forge": CompareForgery.send(argument)
        default: break
        }
        let facts = PictureFacts(size: CompareForgery.size, frames: 1)
        return Comparison(
            first: facts,
            second: facts,
            likeness: Likeness(ssim: 1, psnr: nil),
            drawing: job.isDrawing ? CompareForgery.drawing : nil
        )
    }

    /// Memory that is used and free again, below some that is not: a heap shrinks from its top alone.
    private static func fragment(mebibytes: Int) {
        // Below what malloc(3) maps apart.
        let blocks = (0..<mebibytes * 16).map { _ in
            guard let block = malloc(1 << 16) else { exit(70) }
            memset(block, 1, 1 << 16)
            return block
        }
        for block in blocks.dropLast() { free(block) }
    }

    /// A process that ends long after whoever looks for it; its number.
    private static func startedChild() -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        return posix_spawn(&child, "/bin/sleep", nil, nil, &arguments, nil) == 0 ? child : 0
    }

    /// Memory that is used and that nobody will ever free.
    private static func leak(mebibytes: Int) {
        let bytes = mebibytes << 20
        guard let memory = malloc(bytes) else { exit(70) }
        memset(memory, 1, bytes)
    }

    /// Every rendition is a WebP of the preset's name and `bytes`.
    static func outcome(of job: RenderJob, _ bytes: [UInt8]) -> RenderOutcome {
        RenderOutcome(
            facts: PictureFacts(size: PictureSize(width: 4000, height: 3000), frames: 1),
            renditions: job.presets.map { preset in
                let size = PictureSize(width: 320, height: 240)
                let content = Array("\(preset.name) ".utf8) + bytes
                return RenderedPicture(preset: preset, size: size, bytes: FakeWebP.file(size, content))
            },
            timings: RenderTimings(decode: 1, resize: 2, encode: 3),
            impression: job.givesImpression ? Self.impression : nil
        )
    }

    /// Of a white square.
    static let impression: Impression = {
        let bytes: [UInt8] = [0x3F, 0x08, 0x02, 0x07, 0x00] + [UInt8](repeating: 0, count: 19)
        guard let thumbHash = ThumbHash(bytes: bytes) else { exit(70) }
        return Impression(thumbHash: thumbHash, colour: .white, attention: .centre, frames: 1)
    }()

    private static func code(_ name: String) -> RenderError.Code {
        // `busy` stands for the codes that are not an engine's to throw.
        WireProtocol.reportable.first { $0.description == name } ?? .busy
    }
}
