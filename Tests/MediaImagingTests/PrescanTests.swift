import MediaModel
import Testing

@testable import MediaImaging

struct PrescanTests {
    private static func be32(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private static func pngChunk(_ type: String, _ data: [UInt8], length: Int? = nil) -> [UInt8] {
        Self.be32(length ?? data.count) + Array(type.utf8) + data + [0, 0, 0, 0]
    }

    private static func png(width: Int = 1, height: Int = 1, _ chunks: [[UInt8]]) -> [UInt8] {
        let header = Self.be32(width) + Self.be32(height) + [8, 0, 0, 0, 0]
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        return signature + Self.pngChunk("IHDR", header) + chunks.flatMap { $0 }
    }

    private static func check(
        _ file: [UInt8],
        _ format: PictureFormat,
        _ limits: PictureLimits = PictureLimits()
    ) throws(RenderError) -> [UInt8]? {
        try file.withUnsafeBufferPointer { (bytes) throws(RenderError) in
            try Prescan.check(UnsafeRawBufferPointer(bytes), as: format, limits: limits).replacement
        }
    }

    private static func code(_ file: [UInt8], _ format: PictureFormat) -> RenderError.Code? {
        do throws(RenderError) {
            _ = try Self.check(file, format)
            return nil
        } catch { return error.code }
    }

    @Test(arguments: ["tEXt", "zTXt", "iTXt", "sPLT", "pCAL", "iCCP", "eXIf", "juNk", "PLTE"])
    func aChunkLongerThanTheFileIsRefused(_ type: String) {
        let file = Self.png([Self.pngChunk(type, [], length: 0x7FFF_FFFF)])
        #expect(file.count <= 57)
        #expect(Self.code(file, .png) == .undecodable)
    }

    @Test func aLargeAncillaryChunkIsRefused() {
        let file = Self.png([Self.pngChunk("iCCP", [UInt8](repeating: 0, count: PNGPrescan.ancillaryBytesMax + 1))])
        #expect(Self.code(file, .png) == .undecodable)
    }

    @Test(arguments: ["juNk", "fdAT", "caBX", "tEXt"])
    func aLargeChunkThatNobodyNeedsIsLeftOut(_ type: String) throws {
        let large = Self.pngChunk(type, [UInt8](repeating: 0, count: 9 << 20))
        let ends = [Self.pngChunk("IDAT", [1, 2]), Self.pngChunk("IEND", [])]
        #expect(try Self.check(Self.png([large] + ends), .png) == Self.png(ends))
    }

    @Test func manyTextChunksAreLeftOut() throws {
        let text = Self.pngChunk("zTXt", [UInt8](repeating: 7, count: 5000))
        let ends = [Self.pngChunk("tRNS", [0, 0]), Self.pngChunk("IDAT", [1, 2]), Self.pngChunk("IEND", [])]
        let file = Self.png([text] + ends)
        #expect(try Self.check(file, .png) == Self.png(ends))
        #expect(try Self.check(Self.png(ends), .png) == nil)
    }

    @Test func aPNGWithoutHeaderFirstIsRefused() {
        let file = Array(Self.png([]).prefix(8)) + Self.pngChunk("IDAT", [1])
        #expect(Self.code(file, .png) == .undecodable)
        #expect(Self.code(Array(file.prefix(8)), .png) == .undecodable)
    }

    @Test func sizesAreCheckedBeforeAnyCodecSeesThem() {
        #expect(Self.code(Self.png(width: 65536, height: 1, []), .png) == .sideTooLong)
        #expect(Self.code(Self.png(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, []), .png) == .sideTooLong)
        #expect(Self.code(Self.png(width: 10000, height: 5001, []), .png) == .tooManyPixels)
        #expect(Self.code(Self.png(width: 10000, height: 5000, []), .png) == nil)
        let ispe = Self.be32(20) + Array("ispe".utf8) + Self.be32(0) + Self.be32(17000) + Self.be32(17000)
        let ipco = Self.be32(28) + Array("ipco".utf8) + ispe
        let iprp = Self.be32(36) + Array("iprp".utf8) + ipco
        let meta = Self.be32(48) + Array("meta".utf8) + Self.be32(0) + iprp
        let ftyp = Self.be32(16) + Array("ftypavif".utf8) + Self.be32(0)
        #expect(Self.code(ftyp + meta, .avif) == .tooManyPixels)
    }

    @Test(arguments: ["avis", "msf1", "mif2"])
    func heifSequencesAreUnsupported(_ brand: String) {
        #expect(Self.code(Self.be32(16) + Array("ftyp\(brand)".utf8) + Self.be32(0), .avif) == .unsupported)
    }

    private static func jpeg(_ process: UInt8, bits: UInt8 = 8, side: UInt8 = 16, scans: Int = 1) -> [UInt8] {
        let frame: [UInt8] = [0xFF, process, 0, 11, bits, side, 0, side, 0, 1, 1, 0x11, 0]
        let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0]
        return [0xFF, 0xD8] + frame + Array(repeating: scan, count: scans).flatMap { $0 } + [0xFF, 0xD9]
    }

    @Test func jpegProcessesThatTheDecoderLacksAreUnsupported() {
        #expect(Self.code(Self.jpeg(0xC0), .jpeg) == nil)
        #expect(Self.code(Self.jpeg(0xC0, bits: 12), .jpeg) == .unsupported)
        for process: UInt8 in [0xC3, 0xC5, 0xC7, 0xCB, 0xCF] {
            #expect(Self.code(Self.jpeg(process), .jpeg) == .unsupported)
        }
        #expect(Self.code([0xFF, 0xD8, 0xFF, 0xD9], .jpeg) == .undecodable)
    }

    @Test func aFloodOfScansIsRefused() throws {
        // 4096 × 4096 pixels: 47 scans are within 16 passes over 50 megapixels, 48 are not.
        #expect(Self.code(Self.jpeg(0xC2, scans: 47), .jpeg) == nil)
        #expect(Self.code(Self.jpeg(0xC2, scans: 48), .jpeg) == .tooManyPixels)
        #expect(Self.code(Self.jpeg(0xC0, scans: 48), .jpeg) == nil)
    }

    @Test func gifFramesAreCounted() throws {
        let screen: [UInt8] = Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0]
        let frame: [UInt8] = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 0x44, 0]
        #expect(Self.code(screen + Array(repeating: frame, count: 500).flatMap { $0 } + [0x3B], .gif) == nil)
        #expect(Self.code(screen + Array(repeating: frame, count: 501).flatMap { $0 }, .gif) == .tooManyFrames)
        let huge: [UInt8] = [0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 2, 0]
        #expect(Self.code(screen + huge, .gif) == .tooManyPixels)
    }

    @Test func webpCanvasesAndFramesAreCounted() {
        func file(side: UInt8, frames: Int) -> [UInt8] {
            let canvas: [UInt8] = Array("VP8X".utf8) + [10, 0, 0, 0, 2, 0, 0, 0, 0xFF, side, 0, 0xFF, side, 0]
            let frame: [UInt8] = Array("ANMF".utf8) + [0, 0, 0, 0]
            return Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBP".utf8) + canvas
                + Array(repeating: frame, count: frames).flatMap { $0 }
        }
        #expect(Self.code(file(side: 0, frames: 500), .webp) == nil)
        #expect(Self.code(file(side: 0, frames: 501), .webp) == .tooManyFrames)
        #expect(Self.code(file(side: 0x3F, frames: 1), .webp) == .tooManyPixels)
        // 1024 × 1024 pixels a frame.
        #expect(Self.code(file(side: 3, frames: 95), .webp) == nil)
        #expect(Self.code(file(side: 3, frames: 96), .webp) == .tooManyPixels)
    }

    @Test(arguments: PictureFormat.allCases)
    func rubbishBehindAnyMagicIsNeverReadBeyondItsEnd(_ format: PictureFormat) {
        var generator = SystemRandomNumberGenerator()
        for count in 0..<300 {
            let rubbish = (0..<count).map { _ in
                [0, 0xFF, UInt8.random(in: 0...255, using: &generator)].randomElement() ?? 0
            }
            let start = Self.png([]).prefix(8) + rubbish
            _ = Self.code(Array(start), format)
            let code = Self.code(rubbish, format)
            // Reading past the end would trap. Whether it is refused here or by the decoder (GIF, WebP) is each
            // format's matter, but never is it a fault of ours that would be tried again.
            #expect(code?.isRetryable != true, "\(rubbish)")
        }
    }
}
