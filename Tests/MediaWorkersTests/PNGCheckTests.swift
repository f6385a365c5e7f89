import MediaModel
import Testing

@testable import MediaWorkers

struct PNGCheckTests {
    private typealias Sample = SamplePNG
    private static let size = PictureSize(width: 20, height: 10)
    private static let scale: Sample.Chunk = ("pHYs", [UInt8](repeating: 0, count: 9))
    private static let pixels: Sample.Chunk = ("IDAT", [1, 2, 3])

    @Test(arguments: [
        Sample.file(20, 10), Sample.file(20, 10, [Self.pixels, Self.pixels]),
        Sample.file(20, 10, [Self.scale, Self.pixels]),
    ])
    func soundFilesOfTheirSizePass(file: [UInt8]) {
        #expect(PNGCheck.complaint(file, size: Self.size) == nil)
        for other in [PictureSize(width: 20, height: 11), PictureSize(width: 19, height: 10)] {
            #expect(PNGCheck.complaint(file, size: other) != nil)
        }
    }

    @Test(arguments: [
        // Chunks that are not on the list, or not there, or out of order.
        Sample.file(20, 10, [("tEXt", [1]), Self.pixels]), Sample.file(20, 10, [Self.pixels, ("tEXt", [1])]),
        Sample.file(20, 10, [("eXIf", [1]), Self.pixels]), Sample.file(20, 10, [Self.pixels, Self.scale]),
        Sample.file(20, 10, [Self.scale, Self.scale, Self.pixels]), Sample.file(20, 10, [("pHYs", [1]), Self.pixels]),
        Sample.file(20, 10, []), Sample.file(20, 10, [Self.scale]), Sample.file(20, 10, [("IDAT", [])]),
        Sample.file(20, 10, [Self.pixels, ("IDAT", [])]), Sample.file(20, 10, end: ("IEND", [1])),
        Sample.file(20, 10, end: ("IDAT", [1])),
        // Other forms: 16 bits, grey, with alpha, by a palette, interlaced.
        Sample.file(20, 10, form: [16, 2, 0, 0, 0]), Sample.file(20, 10, form: [8, 0, 0, 0, 0]),
        Sample.file(20, 10, form: [8, 6, 0, 0, 0]), Sample.file(20, 10, form: [8, 3, 0, 0, 0]),
        Sample.file(20, 10, form: [8, 2, 0, 0, 1]), Sample.file(20, 10, form: [8, 2, 0, 0, 0, 0]),
        // Bytes behind the end, or too few.
        Sample.file(20, 10) + [0], Sample.file(20, 10) + Array("<script>".utf8), Array(Sample.file(20, 10).dropLast()),
        Array(Sample.file(20, 10).dropLast(12)), Sample.signature, [],
        Sample.signature + [0xFF, 0xFF, 0xFF, 0xFF] + Array("IHDR".utf8),
    ])
    func everythingElseIsRefused(file: [UInt8]) {
        #expect(PNGCheck.complaint(file, size: Self.size) != nil)
    }
}
