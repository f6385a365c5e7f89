import MediaModel
import Testing

@testable import MediaWorkers

struct JPEGCheckTests {
    private static let size = PictureSize(width: 20, height: 10)
    private static let start: [UInt8] = [0xFF, 0xD8]
    private static let end: [UInt8] = [0xFF, 0xD9]
    private static let jfif = segment(0xE0, Array("JFIF\0".utf8) + [1, 2, 0, 0, 1, 0, 1, 0, 0])
    private static let tables = segment(0xDB, [0, 1, 2]) + segment(0xC4, [3, 4])
    private static let pixels: [UInt8] = [1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4]

    private static func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
        let bytes = content.count + 2
        return [0xFF, marker, UInt8(bytes >> 8), UInt8(bytes & 255)] + content
    }

    private static func frame(_ width: UInt8, _ height: UInt8, _ marker: UInt8 = 0xC2) -> [UInt8] {
        segment(marker, [8, 0, height, 0, width, 1, 1, 0x11, 0])
    }

    private static func scan(_ pixels: [UInt8] = JPEGCheckTests.pixels) -> [UInt8] {
        segment(0xDA, [1, 1, 0, 0, 63, 0]) + pixels
    }

    private static func file(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap { $0 } }

    private static let sound = file(start, jfif, tables, frame(20, 10), scan(), scan(), end)

    @Test(arguments: [
        sound, file(start, tables, frame(20, 10, 0xC0), scan(), end),
        file(start, jfif, segment(0xDD, [0, 8]), frame(20, 10), scan([]), end),
    ])
    func soundFilesOfTheirSizePass(file: [UInt8]) {
        #expect(JPEGCheck.complaint(file, size: Self.size) == nil)
        for other in [PictureSize(width: 20, height: 11), PictureSize(width: 19, height: 10)] {
            #expect(JPEGCheck.complaint(file, size: other) != nil)
        }
    }

    @Test(arguments: [
        // Metadata, comments, a thumbnail, somebody's own segment.
        file(start, segment(0xE1, Array("Exif".utf8)), frame(20, 10), scan(), end),
        file(start, segment(0xE2, Array("ICC_PROFILE".utf8)), frame(20, 10), scan(), end),
        file(start, segment(0xFE, Array("<script>".utf8)), frame(20, 10), scan(), end),
        file(start, segment(0xE0, Array("JFIF\0".utf8) + [1, 2, 0, 0, 1, 0, 1, 1, 1, 9]), frame(20, 10), scan(), end),
        file(start, segment(0xE0, Array("JFXX\0".utf8) + [1, 2, 0, 0, 1, 0, 1, 0, 0]), frame(20, 10), scan(), end),
        file(start, frame(20, 10), scan(), segment(0xEF, [1]), end),
        // Out of order, none, too many, of a kind that is not ours.
        file(start, end), file(start, frame(20, 10), end), file(start, scan(), end),
        file(start, scan(), frame(20, 10), end), file(start, frame(20, 10), frame(20, 10), scan(), end),
        file(start, frame(20, 10, 0xC3), scan(), end), file(start, frame(20, 10, 0xC9), scan(), end),
        // Bytes before, between and behind.
        file([0], sound), file(sound, [0]), file(sound, sound), file(sound, Array("<script>".utf8)),
        file(start, [0], frame(20, 10), scan(), end), file(start, [0xFF, 0xDB, 0, 1], frame(20, 10), scan(), end),
        file(start, [0xFF, 0xDB, 0xFF, 0xFF], frame(20, 10), scan(), end), [], start, Array("JFIF".utf8),
        file(start, segment(0xC2, [8, 0, 10]), scan(), end),
    ])
    func everythingElseIsRefused(file: [UInt8]) {
        #expect(JPEGCheck.complaint(file, size: Self.size) != nil)
    }

    @Test func noPartOfAFilePasses() {
        for count in 0..<Self.sound.count {
            #expect(JPEGCheck.complaint(Array(Self.sound.prefix(count)), size: Self.size) != nil)
        }
    }

    @Test func rubbishIsNeverReadBeyondItsEnd() {
        for count in 0..<500 {
            // Mostly markers and small lengths.
            let bytes: [UInt8] = (0..<count).map { _ in [0xFF, 0, 0, 4, 0xDA, 0xC2, 0xDB].randomElement() ?? 0 }
            _ = JPEGCheck.complaint(Self.start + bytes, size: Self.size)
        }
    }
}
