import CVipsShim
import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

/// Recipes that keep wide gamuts: the numbers as they were, what they mean beside them, and nothing else.
@Suite(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"))
struct KeptProfileTests {
    private let profile: [UInt8]

    init() throws {
        _ = try VipsEngine.start()
        self.profile = try #require(
            try SharedData.bytes("corpus/odd/icc/sharp__p3.png").withUnsafeBytes {
                try VipsImageHandle.open($0, as: .png).profile
            }
        )
    }

    /// A picture in Display P3 with everything that must not get out.
    private func source(_ pixel: [UInt8] = [187, 105, 62], as suffix: String) throws -> [UInt8] {
        let picture = try Studio.flat(pixel, width: 32, height: 32)
        picture.asking { cvips_set_blob($0, "icc-profile-data", self.profile, self.profile.count) }
        let secret = Array("<x:xmpmeta>secret</x:xmpmeta>".utf8)
        picture.asking { cvips_set_blob($0, "xmp-data", secret, secret.count) }
        return try Studio.saved(picture, as: suffix)
    }

    /// The profile in a file, as libvips finds it.
    private static func found(in file: [UInt8], _ format: PictureFormat) throws -> [UInt8]? {
        try file.withUnsafeBytes { try VipsImageHandle.open($0, as: format).profile }
    }

    @Test(arguments: [(RenditionFormat.webp, PictureFormat.webp, 2), (.jpeg, .jpeg, 6), (.avif, .avif, 14)])
    func numbersAndProfileAreKept(_ made: RenditionFormat, _ read: PictureFormat, _ loss: Int) throws {
        let file = try self.source(as: ".png")
        let kept = try Studio.rendition(file, "w=16,q=100,profile=keep", as: made).bytes
        #expect(try Self.found(in: kept, read) == KeptProfile.plain(self.profile))
        #expect(isClose(try Decoded(kept, as: read).pixel(8, 8), [187, 105, 62], within: loss))
        #expect(!String(decoding: kept, as: UTF8.self).contains("secret"))
        // By default it becomes sRGB, without a word about it.
        let plain = try Studio.rendition(file, "w=16,q=100", as: made).bytes
        #expect(try Self.found(in: plain, read) == nil)
        #expect(isClose(try Decoded(plain, as: read).pixel(8, 8), [200, 100, 50], within: loss))
    }

    /// One container a picture: still, with alpha, lossless; the flags say what is in it.
    @Test func aWebPSaysThatItHasAProfile() throws {
        let opaque = try Studio.rendition(try self.source(as: ".png"), "w=16,lossless=0,profile=keep").bytes
        #expect(chunks(of: opaque) == ["VP8X", "ICCP", "VP8 "])
        #expect(opaque[20] == 0x20 && opaque[24] == 15 && opaque[27] == 15)
        let clear = try self.source([187, 105, 62, 128], as: ".png")
        let lossless = try Studio.rendition(clear, "w=16,lossless=1,profile=keep").bytes
        #expect(chunks(of: lossless) == ["VP8X", "ICCP", "VP8L"])
        #expect(lossless[20] == 0x30)
        let lossy = try Studio.rendition(clear, "w=16,lossless=0,profile=keep").bytes
        #expect(chunks(of: lossy) == ["VP8X", "ICCP", "ALPH", "VP8 "])
        #expect(lossy[20] == 0x30)
        #expect(try Decoded(lossy).pixel(8, 8)[3] == 128)
    }

    @Test func bothKindsComeOfOneJob() throws {
        let options = [
            "w=16,lossless=1,profile=keep", "w=8,lossless=1", "w=32,lossless=1", "w=24,lossless=1,profile=keep",
        ]
        let made = try Studio.render(try self.source(as: ".jpg[Q=100,no_subsample]"), options).renditions
        #expect(made.map(\.size.width) == [16, 8, 32, 24])
        for (index, rendition) in made.enumerated() {
            let isKept = index % 3 == 0
            let pixel = try Decoded(rendition.bytes).pixel(3, 3)
            #expect(isClose(pixel, isKept ? [187, 105, 62] : [200, 100, 50], within: 4), "\(index): \(pixel)")
            #expect(chunks(of: rendition.bytes).contains("ICCP") == isKept)
        }
    }

    @Test func sixteenBitsBecomeEightOfTheSameSpace() throws {
        let pixel = [187, 105, 62].flatMap { value in [UInt8(value), UInt8(value)] }
        let samples = (0..<32 * 32).flatMap { _ in pixel }
        let wide = try VipsImageHandle { cvips_from_samples(samples, samples.count, 32, 32, 3, "rgb16", $0) }
        wide.asking { cvips_set_blob($0, "icc-profile-data", self.profile, self.profile.count) }
        let made = try Studio.rendition(try Studio.saved(wide, as: ".png"), "w=16,lossless=1,profile=keep").bytes
        #expect(isClose(try Decoded(made).pixel(8, 8), [187, 105, 62], within: 1))
        #expect(chunks(of: made).contains("ICCP"))
    }

    /// sRGB, with its profile or without, greys, inks, and what is no profile: nothing to keep.
    @Test func whatIsNotAWideGamutBecomesSRGB() throws {
        let sRGB = try SharedData.bytes("corpus/odd/icc/libavif__sRGB2014.icc")
        for profile in [sRGB, [UInt8](repeating: 0x41, count: 500), []] {
            let picture = try Studio.flat([200, 100, 50], width: 32, height: 32)
            if !profile.isEmpty { picture.asking { cvips_set_blob($0, "icc-profile-data", profile, profile.count) } }
            let file = try Studio.saved(picture, as: ".jpg[Q=100,no_subsample]")
            let made = try Studio.rendition(file, "w=16,lossless=1,profile=keep").bytes
            #expect(chunks(of: made) == ["VP8L"])
            #expect(try Studio.rendition(file, "w=16,lossless=1").bytes == made)
        }
        let inks = try Studio.flat([0, 255, 255, 0], width: 32, height: 32, space: "cmyk")
        inks.asking { cvips_set_blob($0, "icc-profile-data", self.profile, self.profile.count) }
        let file = try Studio.saved(inks, as: ".jpg[Q=100]")
        #expect(chunks(of: try Studio.rendition(file, "w=16,lossless=1,profile=keep").bytes) == ["VP8L"])
    }

    /// What is put together anew means the same, is short, and has room for nothing else.
    @Test func theProfileIsReducedToItsNumbers() throws {
        let plain = try #require(KeptProfile.plain(self.profile))
        #expect(plain.count <= KeptProfile.bytesMax)
        #expect(KeptProfile.plain(plain) == plain)
        // Another camera, another day, private words: the same profile.
        var marked = self.profile
        for offset in Array(24..<36) + Array(40..<64) + Array(80..<128) { marked[offset] ^= 0x5A }
        #expect(KeptProfile.plain(marked) == plain)
        for count in stride(from: 0, to: self.profile.count, by: 3) {
            // Cut short it is none, or the same: what is missing was of no use.
            let cut = KeptProfile.plain(Array(self.profile.prefix(count)))
            #expect(cut == nil || cut == plain)
        }
        for name in ["rXYZ", "gTRC", "wtpt"] {
            let index = try #require(self.profile.firstRange(of: Array(name.utf8))).lowerBound
            var broken = self.profile
            broken[index] = UInt8(ascii: "x")
            #expect(KeptProfile.plain(broken) == nil)
        }
    }
}
