import CSandbox
import FoundationEssentials
import Glibc
import MediaModel
import MediaWorkers

/// Answers that an honest worker never gives, written to the socket behind the loop's back, as code would that a
/// hostile picture has smuggled into a codec. After most of them the worker hangs: it is the pool's to end it.
enum Forgery {
    /// - Parameter argument: what to forge, and the id of the job (which the engine is not told).
    static func send(_ argument: String, _ job: RenderJob) {
        let words = argument.split(separator: " ")
        guard words.count == 2, let id = UInt64(words[1]) else { exit(70) }
        let honest = WireProtocol.Piece(size: PictureSize(width: 320, height: 240), bytes: Self.webP.count)
        switch words[0] {
        case "id": Self.reply(id + 1, [honest])
        case "version": Self.reply(id, [honest], version: WireProtocol.version + 1)
        case "short": Self.reply(id, [Self.piece(bytes: Self.webP.count - 1)])
        case "long": Self.reply(id, [Self.piece(bytes: Self.webP.count + 1)])
        case "endless": Self.reply(id, [Self.piece(bytes: .max)])
        case "negative": Self.reply(id, [Self.piece(bytes: -1)])
        case "many": Self.reply(id, [honest, honest])
        case "few": Self.reply(id, [])
        case "sides":
            Self.reply(id, [WireProtocol.Piece(size: PictureSize(width: 16384, height: 1), bytes: honest.bytes)])
        case "choice":
            let choice = EncodingChoice(quality: 101, encodes: 1)
            Self.reply(id, [WireProtocol.Piece(size: honest.size, bytes: honest.bytes, choice: choice)])
        case "facts": Self.reply(id, [honest], size: PictureSize(width: 0, height: -1))
        case "pixels": Self.reply(id, [honest], size: PictureSize(width: 60_000, height: 60_000))
        case "frames": Self.reply(id, [honest], frames: 9)
        // An impression that nobody asked for, or of another picture; and one that is none.
        case "impression": Self.reply(id, [honest], impression: FakeEngine.impression)
        case "frames-seen": Self.reply(id, [honest], frames: 2, impression: FakeEngine.impression)
        case "no-thumbhash": Self.replyWithImpression(id, honest, thumbHash: "AAAA")
        case "long-thumbhash": Self.replyWithImpression(id, honest, thumbHash: String(repeating: "AAAA", count: 9))
        case "off-picture": Self.replyWithImpression(id, honest, attention: "0.5,1.5")
        case "see-through": Self.replyWithImpression(id, honest, colour: "ffffff00")
        case "canvas": Self.reply(id, [honest], memory: Self.memory(Self.otherWebP, isSealed: true))
        case "metadata":
            let piece = Self.piece(bytes: Self.webPWithMetadata.count)
            Self.reply(id, [piece], memory: Self.memory(Self.webPWithMetadata, isSealed: true))
        case "unsealed": Self.reply(id, [honest], memory: Self.memory(Self.webP, isSealed: false))
        case "file": Self.reply(id, [honest], memory: open("/dev/null", O_RDONLY))
        case "no-memory": Self.reply(id, [honest], memory: -1)
        case "no-webp": Self.reply(id, [honest], memory: Self.memory(Self.webP.reversed(), isSealed: true))
        case "bomb":
            let piece = Self.piece(bytes: Self.bomb.count)
            Self.reply(id, [piece], memory: Self.memory(Self.bomb, isSealed: true))
        case "code":
            Self.raw(#"{"version":\#(WireProtocol.version),"id":\#(id),"failure":{"code":"busy","detail":""}}"#)
        case "neither": Self.raw(#"{"version":\#(WireProtocol.version),"id":\#(id)}"#)
        case "garbage": Self.datagram((0..<60_000).map { _ in UInt8.random(in: .min ... .max) }, -1)
        case "nested": Self.raw(String(repeating: "[", count: 60_000))
        case "huge": Self.datagram([UInt8](repeating: 0x20, count: 100_000), -1)
        case "empty": Self.datagram([], -1)
        case "twice":
            // The loop's own answer follows, and lies in the socket when the next job comes.
            return Self.reply(id, [honest])
        default: exit(70)
        }
        while true { sleep(1000) }
    }

    private static let webP = FakeWebP.file(PictureSize(width: 320, height: 240), Array("forged".utf8))
    private static let otherWebP = FakeWebP.file(PictureSize(width: 321, height: 240), Array("forged".utf8))
    private static let webPWithMetadata = Self.webP + FakeWebP.chunk("EXIF", [1, 2])

    /// An AVIF whose list of pieces (`iloc`) has 65,535 items of 65,535 empty pieces each, in 400 kB.
    private static let bomb: [UInt8] = {
        let most: [UInt8] = [0xFF, 0xFF]
        let items: [UInt8] = (0..<65535).flatMap { _ in [0, 1, 0, 0] + most }
        let item = Self.box("infe", [2, 0, 0, 0, 0, 1, 0, 0] + Array("av01".utf8))
        let meta: [[UInt8]] = [
            [0, 0, 0, 0], Self.box("hdlr", [UInt8](repeating: 0, count: 25)), Self.box("pitm", [0, 0, 0, 0, 0, 1]),
            Self.box("iloc", [0, 0, 0, 0, 0, 0] + most + items), Self.box("iinf", [0, 0, 0, 0, 0, 1] + item),
            Self.box("iprp", []),
        ]
        let file: [[UInt8]] = [
            Self.box("ftyp", Array("avif".utf8)), Self.box("meta", Array(meta.joined())), Self.box("mdat", [7]),
        ]
        return Array(file.joined())
    }()

    private static func box(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let bytes = content.count + 8
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bytes >> $0) } + Array(name.utf8) + content
    }

    private static func piece(bytes: Int) -> WireProtocol.Piece {
        WireProtocol.Piece(size: PictureSize(width: 320, height: 240), bytes: bytes)
    }

    private static func reply(
        _ id: UInt64,
        _ pieces: [WireProtocol.Piece],
        version: Int = WireProtocol.version,
        size: PictureSize = PictureSize(width: 4000, height: 3000),
        frames: Int = 1,
        impression: Impression? = nil,
        memory: Int32? = nil
    ) {
        let facts = PictureFacts(size: size, frames: frames)
        let result = WireProtocol.Result(
            facts: facts,
            renditions: pieces,
            timings: RenderTimings(),
            impression: impression
        )
        guard let bytes = try? JSONEncoder().encode(WireProtocol.Reply(version: version, id: id, result: result)) else {
            exit(70)
        }
        Self.datagram([UInt8](bytes), memory ?? Self.memory(Self.webP, isSealed: true))
    }

    /// An honest reply but for a part of its impression, which is put together by hand: no such value can be made.
    private static func replyWithImpression(
        _ id: UInt64,
        _ piece: WireProtocol.Piece,
        thumbHash: String = FakeEngine.impression.thumbHash.base64,
        colour: String = "ffffffff",
        attention: String = "0.5,0.5"
    ) {
        let impression = """
            {"thumbHash":"\(thumbHash)","colour":"\(colour)","attention":"\(attention)","frames":1}
            """
        let result = """
            {"facts":{"size":{"width":4000,"height":3000},"frames":1},\
            "renditions":[{"size":{"width":320,"height":240},"bytes":\(piece.bytes)}],\
            "timings":{"queue":0,"decode":0,"resize":0,"encode":0},"impression":\(impression)}
            """
        let text = "{\"version\":\(WireProtocol.version),\"id\":\(id),\"result\":\(result)}"
        Self.datagram(Array(text.utf8), Self.memory(Self.webP, isSealed: true))
    }

    private static func raw(_ text: String) { Self.datagram(Array(text.utf8), -1) }

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
