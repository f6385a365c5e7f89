import MediaModel
import Testing

@testable import MediaWorkers

struct WebPCheckTests {
    private typealias Sample = SampleWebP
    private static let size = PictureSize(width: 20, height: 10)
    private static let anim = Sample.chunk("ANIM", [0, 0, 0, 0, 0, 0])
    private static let alpha = Sample.chunk("ALPH", [0])
    private static let canvas = Sample.extendedChunk(20, 10)
    private static let still = Sample.losslessChunk(20, 10)
    private static let moving = Sample.container(
        Self.canvas,
        Self.anim,
        Sample.frameChunk(20, 10, Self.alpha + Sample.lossyChunk(20, 10)),
        Sample.frameChunk(4, 3, left: 8, Sample.losslessChunk(4, 3, [7]))
    )

    @Test(arguments: [
        Sample.lossless(20, 10), Sample.lossless(20, 10, [1, 2]), Sample.container(Sample.lossyChunk(20, 10)),
        Sample.container(Self.canvas, Self.alpha, Sample.lossyChunk(20, 10)), Self.moving,
    ])
    func soundFilesOfTheirSizePass(file: [UInt8]) {
        #expect(WebPCheck.complaint(file, size: Self.size) == nil)
        for other in [PictureSize(width: 20, height: 11), PictureSize(width: 19, height: 10)] {
            #expect(WebPCheck.complaint(file, size: other) != nil)
        }
    }

    @Test(arguments: [
        // Chunks that are not on the list, or not there.
        Sample.container(Self.canvas, Self.still, Sample.chunk("EXIF", [1])),
        Sample.container(Self.canvas, Self.still, Sample.chunk("XMP ", [1])),
        Sample.container(Self.canvas, Sample.chunk("ICCP", [1]), Self.still),
        Sample.container(Self.canvas, Self.still, Sample.chunk("html", [1])),
        Sample.container(Self.canvas, Sample.frameChunk(20, 10, Self.still + Sample.chunk("html", [1]))),
        // Out of order, none, too many.
        Sample.container([]), Sample.container(Self.canvas), Sample.container(Self.still, Self.still),
        Sample.container(Self.canvas, Self.still, Self.still), Sample.container(Self.alpha, Self.still),
        Sample.container(Self.canvas, Self.canvas, Self.still), Sample.container(Self.canvas, Self.anim),
        // Canvas, still and frame of different sizes.
        Sample.container(Sample.extendedChunk(21, 10), Self.still),
        Sample.container(Self.canvas, Sample.losslessChunk(20, 11)),
        Sample.container(Self.canvas, Sample.frameChunk(20, 10, Sample.losslessChunk(20, 9))),
        Sample.container(Self.canvas, Sample.frameChunk(20, 10, left: 1, Self.still)),
        Sample.container(Self.canvas, Sample.frameChunk(20, 10, [])),
        // Headers that are cut, or no key frame.
        Sample.container(Sample.chunk("VP8L", [0x2F, 0, 0])), Sample.container(Sample.chunk("VP8L", [1, 19, 0, 0, 0])),
        Sample.container(Sample.chunk("VP8 ", [1, 0, 0, 0x9D, 1, 0x2A, 20, 0, 10, 0])),
        Sample.container(Sample.chunk("VP8X", [0]), Self.still),
        Sample.container(Self.canvas, Sample.chunk("ANMF", [])),
        // Bytes behind the end.
        Sample.lossless(20, 10) + [0], Sample.lossless(20, 10) + Array("<script>".utf8),
        Sample.container(Self.still, [1, 2]), [], Array("RIFF".utf8),
    ])
    func everythingElseIsRefused(file: [UInt8]) {
        #expect(WebPCheck.complaint(file, size: Self.size) != nil)
    }

    @Test func aPaddingByteIsZero() {
        var file = Sample.lossless(20, 10)
        #expect(file.last == 0)
        file[file.count - 1] = 1
        #expect(WebPCheck.complaint(file, size: Self.size) != nil)
    }

    @Test func noPartOfAFilePassesAndNoByteOfLengthMayLie() {
        for count in 0..<Self.moving.count {
            #expect(WebPCheck.complaint(Array(Self.moving.prefix(count)), size: Self.size) != nil)
        }
        for offset in [4, 5, 6, 7, 16, 17, 18, 19] {
            var file = Self.moving
            file[offset] ^= 0xFF
            #expect(WebPCheck.complaint(file, size: Self.size) != nil)
        }
    }

    @Test func rubbishIsNeverReadBeyondItsEnd() {
        for count in 0..<200 {
            for name in ["VP8X", "VP8 ", "VP8L", "ANMF"] {
                let rubbish = (0..<count).map { _ in UInt8.random(in: 0...3) }
                let file = Sample.container(Self.canvas, Array(name.utf8) + rubbish)
                // The file has one chunk too many, whatever is in it; and reading past its end would trap.
                #expect(WebPCheck.complaint(file, size: Self.size) != nil)
            }
        }
    }
}
