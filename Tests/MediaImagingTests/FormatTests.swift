import CVipsShim
import MediaModel
import Testing

@testable import MediaImaging

/// What is made beside WebP.
struct FormatTests {
    static let others: [(RenditionFormat, PictureFormat)] = [(.jpeg, .jpeg), (.avif, .avif)]

    init() throws { _ = try VipsEngine.start() }

    @Test func everyFormatCanBeMadeHere() throws {
        #expect(try VipsEngine.start().formats == Set(RenditionFormat.allCases))
    }

    @Test(arguments: Self.others)
    func theSamePictureComesOutInAnotherFormat(_ format: RenditionFormat, _ read: PictureFormat) throws {
        // Left half red, right half blue.
        let pixels: [[UInt8]] = (0..<96 * 64).map { $0 % 96 < 48 ? [255, 0, 0] : [0, 0, 255] }
        let file = try Studio.saved(try Studio.picture(width: 96, height: 64, pixels), as: ".png")
        let made = try Studio.rendition(file, "w=48,q=90", as: format)
        #expect(Sniff.format(of: Array(made.bytes.prefix(Sniff.prefixBytesMax))) == read)
        #expect(made.size == PictureSize(width: 48, height: 32))
        let picture = try Decoded(made.bytes, as: read)
        #expect(picture.size == made.size)
        #expect(picture.bands == 3)
        #expect(isClose(picture.pixel(8, 16), [255, 0, 0], within: 12))
        #expect(isClose(picture.pixel(40, 16), [0, 0, 255], within: 12))
    }

    @Test(arguments: Self.others)
    func sizesAreThoseOfTheWebP(_ format: RenditionFormat, _ read: PictureFormat) throws {
        let file = try Studio.saved(try Studio.flat([9, 99, 199], width: 601, height: 397), as: ".png")
        for options in ["w=61", "w=300,h=300,fit=cover", "w=900,fit=contain", "w=11,h=10,fit=pad", "h=21", "w=1,h=1"] {
            let made = try Studio.rendition(file, options, as: format)
            #expect(made.size == (try Studio.rendition(file, options).size))
            #expect(try Decoded(made.bytes, as: read).size == made.size)
        }
    }

    @Test(arguments: Self.others)
    func qualityIsBytes(_ format: RenditionFormat, _ read: PictureFormat) throws {
        let pixels: [[UInt8]] = (0..<128 * 128).map { index in
            let noise = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 13)
            return [noise, noise &* 3, noise &* 7]
        }
        let file = try Studio.saved(try Studio.picture(width: 128, height: 128, pixels), as: ".png")
        let bytes = try [20, 60, 95].map { try Studio.rendition(file, "w=128,q=\($0)", as: format).bytes.count }
        #expect(bytes[0] < bytes[1] && bytes[1] < bytes[2], "\(bytes)")
    }

    @Test func aJPEGShowsTheBackgroundWhereThePictureIsTransparent() throws {
        let pixels: [[UInt8]] = (0..<64 * 64).map { $0 % 64 < 32 ? [255, 0, 0, 0] : [255, 0, 0, 255] }
        let file = try Studio.saved(try Studio.picture(width: 64, height: 64, pixels), as: ".png")
        let white = try Decoded(try Studio.rendition(file, "w=64,q=95", as: .jpeg).bytes, as: .jpeg)
        #expect(white.bands == 3)
        #expect(isClose(white.pixel(8, 32), [255, 255, 255], within: 6))
        #expect(isClose(white.pixel(56, 32), [255, 0, 0], within: 6))
        // A background that is transparent itself has a colour all the same.
        for background in ["00ff00", "00ff0000"] {
            let options = "w=64,h=96,fit=pad,q=95,bg=\(background)"
            let green = try Decoded(try Studio.rendition(file, options, as: .jpeg).bytes, as: .jpeg)
            #expect(isClose(green.pixel(8, 48), [0, 255, 0], within: 8))
            #expect(isClose(green.pixel(32, 4), [0, 255, 0], within: 8))
        }
    }

    @Test func anAVIFKeepsTransparency() throws {
        let pixels: [[UInt8]] = (0..<64 * 64).map { $0 % 64 < 32 ? [255, 0, 0, 0] : [255, 0, 0, 255] }
        let file = try Studio.saved(try Studio.picture(width: 64, height: 64, pixels), as: ".png")
        let picture = try Decoded(try Studio.rendition(file, "w=64,q=95", as: .avif).bytes, as: .avif)
        #expect(picture.bands == 4)
        #expect(picture.pixel(8, 32)[3] < 12 && picture.pixel(56, 32)[3] > 243)
    }

    @Test func aJPEGIsProgressiveAndHasNoMetadata() throws {
        let picture = try Studio.flat([1, 200, 3], width: 40, height: 40)
        let secret = Array("<x:xmpmeta>secret</x:xmpmeta>".utf8)
        for name in ["xmp-data", "iptc-data"] {
            picture.asking { cvips_set_blob($0, name, secret, secret.count) }
        }
        picture.asking { cvips_set_orientation($0, 6) }
        let file = try Studio.saved(picture, as: ".jpg")
        #expect(String(decoding: file, as: UTF8.self).contains("secret"))
        let made = try Studio.rendition(file, "w=40", as: .jpeg).bytes
        #expect(made.starts(with: [0xFF, 0xD8, 0xFF]))
        let text = String(decoding: made, as: UTF8.self)
        for word in ["secret", "Exif", "http", "ICC_PROFILE", "Photoshop"] { #expect(!text.contains(word)) }
        // SOF2 (T.81 table B.1); no other frame.
        let markers = zip(made, made.dropFirst()).filter { $0.0 == 0xFF }.map(\.1)
        #expect(markers.contains(0xC2) && !markers.contains(0xC0))
    }

    @Test func anAVIFHasNoMetadata() throws {
        let picture = try Studio.flat([1, 200, 3], width: 40, height: 40)
        let secret = Array("<x:xmpmeta>secret</x:xmpmeta>".utf8)
        picture.asking { cvips_set_blob($0, "xmp-data", secret, secret.count) }
        picture.asking { cvips_set_orientation($0, 1) }
        let file = try Studio.saved(picture, as: ".jpg")
        let text = String(decoding: try Studio.rendition(file, "w=40", as: .avif).bytes, as: UTF8.self)
        #expect(text.contains("av01"))
        for word in ["secret", "Exif", "mime", "prof", "rICC"] { #expect(!text.contains(word), "\(word)") }
    }

    /// Only WebP moves: the others are the first frame, whatever the recipe says.
    @Test(arguments: Self.others)
    func anAnimationStandsStill(_ format: RenditionFormat, _ read: PictureFormat) throws {
        let frames: [[UInt8]] = (0..<2 * 32 * 32).map { $0 < 32 * 32 ? [255, 0, 0] : [0, 0, 255] }
        let strip = try Studio.picture(width: 32, height: 64, frames)
        let gif = try Studio.saved(
            try strip.animated(Animation(delays: [50, 50], loop: 0), frameHeight: 32),
            as: ".gif"
        )
        let moving = try Studio.rendition(gif, "w=32,anim=1")
        #expect(try Decoded(moving.bytes).frames == 2)
        let still = try Studio.rendition(gif, "w=32,anim=1", as: format)
        #expect(still.size == moving.size)
        let picture = try Decoded(still.bytes, as: read)
        #expect(picture.size == PictureSize(width: 32, height: 32))
        #expect(isClose(Array(picture.pixel(16, 16).prefix(3)), [255, 0, 0], within: 12))
    }

    /// A damaged rendition is made again from its source, and taken only where the bytes are the same.
    @Test(arguments: Self.others)
    func theSameBytesComeOutAgain(_ format: RenditionFormat, _ read: PictureFormat) throws {
        let pixels: [[UInt8]] = (0..<200 * 100).map { [UInt8($0 % 200), UInt8($0 / 200), 77] }
        let file = try Studio.saved(try Studio.picture(width: 200, height: 100, pixels), as: ".png")
        let first = try Studio.rendition(file, "w=150", as: format)
        #expect(try Studio.rendition(file, "w=150", as: format) == first)
    }
}
