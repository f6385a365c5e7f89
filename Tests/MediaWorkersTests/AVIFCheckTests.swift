import FoundationEssentials
import MediaModel
import Testing

@testable import MediaWorkers

struct AVIFCheckTests {
    private static let size = PictureSize(width: 20, height: 10)

    private static func number(_ value: Int, _ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * (bytes - 1 - $0))) }
    }

    private static func box(_ name: String, _ content: [UInt8]...) -> [UInt8] {
        let content = content.flatMap { $0 }
        return number(content.count + 8, 4) + Array(name.utf8) + content
    }

    private static let version = number(0, 4)
    private static let ftyp = box("ftyp", Array("avif".utf8), number(0, 4), Array("mif1miaf".utf8))
    private static let hdlr = box("hdlr", version, number(0, 4), Array("pict".utf8), number(0, 13))
    private static let pitm = box("pitm", version, number(1, 2))

    /// Lengths and places of four bytes each; a picture is a range of the file.
    private static func iloc(_ extents: [Range<Int>]) -> [UInt8] {
        let items = extents.enumerated().flatMap { index, extent -> [UInt8] in
            let fields = [number(index + 1, 2), number(0, 2), number(1, 2), number(extent.lowerBound, 4)]
            return fields.flatMap { $0 } + number(extent.count, 4)
        }
        return box("iloc", version, number(0x4400, 2), number(extents.count, 2), items)
    }

    private static func iinf(_ types: [String]) -> [UInt8] {
        let entries = types.enumerated().flatMap { index, type in
            box("infe", number(2 << 24, 4), number(index + 1, 2), number(0, 2), Array(type.utf8), [0])
        }
        return box("iinf", version, number(types.count, 2), entries)
    }

    private static func ispe(_ width: Int, _ height: Int) -> [UInt8] {
        box("ispe", version, number(width, 4), number(height, 4))
    }

    private static let nclx = box("colr", Array("nclx".utf8), number(0, 7))

    private static func iprp(_ properties: [UInt8]...) -> [UInt8] {
        box("iprp", box("ipco", properties.flatMap { $0 }), box("ipma", version, number(0, 4)))
    }

    /// A file whose pictures have `lengths` bytes.
    private static func file(
        lengths: [Int] = [30],
        types: [String]? = nil,
        properties: [UInt8] = ispe(20, 10) + nclx,
        more: [UInt8] = [],
        mdatBytes: Int? = nil,
        tail: [UInt8] = []
    ) -> [UInt8] {
        let types = types ?? lengths.map { _ in "av01" }
        let meta = { (extents: [Range<Int>]) in
            box("meta", version, hdlr, pitm, iloc(extents), iinf(types), iprp(properties), more)
        }
        let start = ftyp.count + meta(lengths.map { 0..<$0 }).count + 8
        var offset = start
        let extents = lengths.map { length in
            defer { offset += length }
            return offset..<offset + length
        }
        let content = [UInt8](repeating: 7, count: mdatBytes ?? lengths.reduce(0, +))
        return ftyp + meta(extents) + box("mdat", content) + tail
    }

    @Test func soundFilesOfTheirSizePass() {
        let alpha = Self.file(
            lengths: [30, 12],
            properties: Self.ispe(20, 10) + Self.box("auxC", Self.version, Array("urn:alpha".utf8), [0]),
            more: Self.box("iref", Self.version, Self.box("auxl", Self.number(0, 6)))
        )
        for file in [Self.file(), alpha] {
            #expect(AVIFCheck.complaint(file, size: Self.size) == nil)
            for other in [PictureSize(width: 20, height: 11), PictureSize(width: 19, height: 10)] {
                #expect(AVIFCheck.complaint(file, size: other) != nil)
            }
        }
    }

    @Test(arguments: [
        // What is no picture: metadata, a page, somebody's own box or property, a profile.
        file(lengths: [30, 9], types: ["av01", "Exif"]), file(lengths: [30, 9], types: ["av01", "mime"]),
        file(types: ["hvc1"]), file(lengths: [], types: []), file(lengths: [1, 1, 1]),
        file(more: box("uuid", [1, 2])), file(more: box("idat", [1])), file(tail: box("free", [1])),
        file(properties: ispe(20, 10) + box("colr", Array("prof".utf8), [1])),
        file(properties: ispe(20, 10) + box("uuid", [1])),
        file(properties: ispe(20, 10) + box("auxC", [UInt8](repeating: 65, count: 65))),
        file(tail: Array("<script>".utf8)), file(tail: [0]),
        // Bytes of no picture, or pictures of no bytes that are there.
        file(mdatBytes: 31), file(mdatBytes: 29), file(mdatBytes: 0),
        // Sizes that are not those.
        file(properties: nclx), file(properties: ispe(20, 10) + ispe(21, 10)), file(properties: box("ispe", [1])),
        [], ftyp, Array(file().dropFirst(ftyp.count)), Array("RIFF".utf8),
        box("ftyp", Array("heic".utf8), number(0, 4)) + file().dropFirst(ftyp.count), file() + file(),
    ])
    func everythingElseIsRefused(file: [UInt8]) {
        #expect(AVIFCheck.complaint(file, size: Self.size) != nil)
    }

    /// A file with an `iloc` of our own.
    private static func file(iloc: [UInt8]) -> [UInt8] {
        let meta = box("meta", version, hdlr, pitm, iloc, iinf(["av01"]), iprp(ispe(20, 10), nclx))
        return ftyp + meta + box("mdat", [7])
    }

    /// Pieces without a width of their own: `pieces` of each of `items` are empty, and take no byte in the list.
    private static func emptyPieces(items: Int, pieces: Int) -> [UInt8] {
        let entries = (0..<items).flatMap { number($0 + 1, 2) + number(0, 2) + number(pieces, 2) }
        return file(iloc: box("iloc", version, number(0, 2), number(items, 2), entries))
    }

    /// Half a megabyte each that would list four billion pieces, or a hundred thousand boxes: believed, it is the
    /// memory of the service.
    @Test(arguments: [
        emptyPieces(items: 65535, pieces: 65535), emptyPieces(items: 1, pieces: 65535),
        emptyPieces(items: 1, pieces: 1),
        file(properties: ispe(20, 10) + [[UInt8]](repeating: nclx, count: 16).flatMap { $0 }),
        [[UInt8]](repeating: box("free"), count: 100_000).flatMap { $0 },
    ])
    func listsWithoutEndAreRefusedAtTheirStart(file: [UInt8]) {
        let time = ContinuousClock().measure { #expect(AVIFCheck.complaint(file, size: Self.size) != nil) }
        #expect(time < .seconds(1))
    }

    @Test func noPartOfAFilePassesAndNoLengthMayLie() {
        let file = Self.file()
        for count in 0..<file.count {
            #expect(AVIFCheck.complaint(Array(file.prefix(count)), size: Self.size) != nil)
        }
        for offset in 0..<4 {
            var file = file
            file[offset] ^= 0x81
            #expect(AVIFCheck.complaint(file, size: Self.size) != nil)
        }
    }

    @Test func rubbishIsNeverReadBeyondItsEnd() {
        let file = Self.file(lengths: [30, 12])
        for _ in 0..<2000 {
            var file = file
            for _ in 0..<3 { file[Int.random(in: file.indices)] = [0, 1, 8, 0x44, 0xFF].randomElement() ?? 0 }
            _ = AVIFCheck.complaint(file, size: Self.size)
        }
    }
}
