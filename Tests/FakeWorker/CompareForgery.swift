import CSandbox
import FoundationEssentials
import Glibc
import MediaModel
import MediaWorkers

/// Comparisons that an honest worker never answers with (see ``Forgery``). The pair is taken to be of one size, to be
/// drawn and not to be resized.
enum CompareForgery {
    static let size = PictureSize(width: 320, height: 240)
    static let drawing = FakePNG.file(960, 240)
    private static let withText = FakePNG.file(960, 240, [("IDAT", [7]), ("tEXt", [1])])
    private static let narrow = FakePNG.file(640, 240)

    /// - Parameter argument: what to forge, and the id of the job.
    static func send(_ argument: String) {
        let words = argument.split(separator: " ")
        guard words.count == 2, let id = UInt64(words[1]) else { exit(70) }
        switch words[0] {
        case "id": Self.reply(id + 1)
        case "alike": Self.reply(id, ssim: 1.001)
        case "unlike": Self.reply(id, ssim: -1.001)
        case "loud": Self.reply(id, psnr: -1)
        case "quiet": Self.reply(id, psnr: 200)
        case "silent": Self.reply(id, psnr: nil)
        case "nothing": Self.reply(id, hasLikeness: false)
        case "sizes": Self.reply(id, second: PictureSize(width: 321, height: 240))
        case "facts": Self.reply(id, first: PictureSize(width: 0, height: -1))
        case "pixels":
            let huge = PictureSize(width: 60_000, height: 60_000)
            Self.reply(id, first: huge, second: huge)
        case "frames": Self.reply(id, frames: 1000)
        case "no-drawing": Self.reply(id, bytes: 0, memory: -1)
        case "no-memory": Self.reply(id, memory: -1)
        case "long": Self.reply(id, bytes: Self.drawing.count + 1)
        case "endless": Self.reply(id, bytes: .max)
        case "negative": Self.reply(id, bytes: -1)
        case "unsealed": Self.reply(id, memory: Self.memory(Self.drawing, isSealed: false))
        case "no-png": Self.reply(id, memory: Self.memory(Self.drawing.reversed(), isSealed: true))
        case "narrow": Self.reply(id, bytes: Self.narrow.count, memory: Self.memory(Self.narrow, isSealed: true))
        case "text": Self.reply(id, bytes: Self.withText.count, memory: Self.memory(Self.withText, isSealed: true))
        case "blameless": Self.raw(#""id":\#(id),"failure":{"code":"undecodable-picture","detail":""}"#)
        case "code": Self.raw(#""id":\#(id),"failure":{"code":"busy","detail":"","picture":"first"}"#)
        case "rendition":
            let facts = #"{"size":{"width":320,"height":240},"frames":1}"#
            let timings = #"{"queue":0,"decode":0,"resize":0,"encode":0}"#
            Self.raw(#""id":\#(id),"result":{"facts":\#(facts),"renditions":[],"timings":\#(timings)}"#)
        default: exit(70)
        }
        while true { sleep(1000) }
    }

    private static func reply(
        _ id: UInt64,
        first: PictureSize = Self.size,
        second: PictureSize = Self.size,
        frames: Int = 1,
        ssim: Double = 0.5,
        psnr: Double? = 30,
        hasLikeness: Bool = true,
        bytes: Int = Self.drawing.count,
        memory: Int32? = nil
    ) {
        let result = WireProtocol.CompareResult(
            first: PictureFacts(size: first, frames: frames),
            second: PictureFacts(size: second, frames: 1),
            likeness: hasLikeness ? Likeness(ssim: ssim, psnr: psnr) : nil,
            drawingBytes: bytes
        )
        guard let bytes = try? JSONEncoder().encode(WireProtocol.Reply(id: id, comparison: result)) else { exit(70) }
        Self.datagram([UInt8](bytes), memory ?? Self.memory(Self.drawing, isSealed: true))
    }

    /// - Parameter rest: of the object, after the version.
    private static func raw(_ rest: String) {
        Self.datagram(Array(#"{"version":\#(WireProtocol.version),\#(rest)}"#.utf8), -1)
    }

    private static func datagram(_ bytes: [UInt8], _ descriptor: Int32) {
        _ = bytes.withUnsafeBytes { csandbox_send(3, $0.baseAddress, $0.count, descriptor) }
    }

    private static func memory(_ bytes: [UInt8], isSealed: Bool) -> Int32 {
        let memory = csandbox_memory_create("forged")
        _ = bytes.withUnsafeBytes { write(memory, $0.baseAddress, $0.count) }
        if isSealed { _ = csandbox_memory_seal(memory) }
        return memory
    }
}
