import MediaModel
import Testing

@Suite struct SniffTests {
    private static func ftyp(_ size: UInt32, _ brands: String...) -> [UInt8] {
        let bytes = withUnsafeBytes(of: size.bigEndian) { Array($0) } + Array("ftyp".utf8)
        return bytes + Array(brands[0].utf8) + [0, 0, 0, 0] + brands.dropFirst().flatMap { Array($0.utf8) }
    }

    @Test(arguments: [
        ([0xFF, 0xD8, 0xFF, 0xE0], PictureFormat.jpeg),
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], .png),
        (Array("GIF87a".utf8), .gif),
        (Array("GIF89a".utf8), .gif),
        (Array("RIFF\0\0\0\0WEBP".utf8), .webp),
        (ftyp(24, "mif1", "heic", "mif1"), .heic),
        (ftyp(24, "mif1", "avif", "miaf"), .avif),
        (ftyp(16, "avis"), .avif),
    ])
    func picturesAreKnownByTheirFirstBytes(bytes: [UInt8], format: PictureFormat) {
        #expect(Sniff.format(of: bytes) == format)
    }

    @Test(
        arguments: [
            [], [0xFF], [0xFF, 0xD8], Array("<svg".utf8), Array("II*\0".utf8), Array("MM\0*".utf8),
            Array("%PDF-1.4".utf8),
            Array("BM".utf8), Array("RIFF\0\0\0\0WAVE".utf8), Array("RIFF\0\0\0\0WEB".utf8),
            ftyp(24, "isom", "mp42", "avc1"),
            ftyp(12, "heic"), ftyp(.max, "heic"), Array("GIF88a".utf8), [UInt8](repeating: 0, count: 4096),
        ] as [[UInt8]]
    )
    func everythingElseIsRefused(bytes: [UInt8]) {
        #expect(Sniff.format(of: bytes) == nil)
    }
}
