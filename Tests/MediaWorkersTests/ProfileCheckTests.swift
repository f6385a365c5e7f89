import FoundationEssentials
import MediaModel
import Testing

@testable import MediaWorkers

/// A profile goes to clients with the picture: only the few numbers that the engine writes, only where the recipe asks.
struct ProfileCheckTests {
    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A profile with these tags, each with four bytes of its own.
    static func profile(_ tags: [String] = ["desc", "cprt", "wtpt", "rXYZ", "rTRC"]) -> [UInt8] {
        var profile = [UInt8](repeating: 0, count: 128)
        for (offset, name) in [(16, "RGB "), (20, "XYZ "), (36, "acsp")] {
            profile.replaceSubrange(offset..<offset + 4, with: Array(name.utf8))
        }
        profile += Self.bigEndian(tags.count)
        let start = profile.count + 12 * tags.count
        for (index, tag) in tags.enumerated() {
            profile += Array(tag.utf8) + Self.bigEndian(start + 4 * index) + Self.bigEndian(4)
        }
        profile += [UInt8](repeating: 7, count: 4 * tags.count)
        profile.replaceSubrange(0..<4, with: Self.bigEndian(profile.count))
        return profile
    }

    @Test func aPlainProfilePasses() {
        #expect(ProfileCheck.isPlain(Self.profile()[...]))
        #expect(ProfileCheck.isPlain(([1, 2, 3] + Self.profile()).dropFirst(3)))
    }

    @Test func everyOtherIsRefused() {
        let sound = Self.profile()
        #expect(!ProfileCheck.isPlain((sound + [0])[...]), "longer than it says")
        for count in 0..<sound.count { #expect(!ProfileCheck.isPlain(sound.prefix(count)), "cut at \(count)") }
        for offset in [16, 20, 36] {
            var other = sound
            other[offset] ^= 1
            #expect(!ProfileCheck.isPlain(other[...]), "another space, or none at all: \(offset)")
        }
        #expect(!ProfileCheck.isPlain(Self.profile(["desc", "desc"])[...]))
        #expect(!ProfileCheck.isPlain(Self.profile(["desc", "A2B0"])[...]))
        var far = sound
        far.replaceSubrange(136..<140, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(!ProfileCheck.isPlain(far[...]), "a tag behind the end")
        var many = sound
        many.replaceSubrange(128..<132, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(!ProfileCheck.isPlain(many[...]), "four billion tags")
        var long = sound + [UInt8](repeating: 0, count: ProfileCheck.bytesMax)
        long.replaceSubrange(0..<4, with: Self.bigEndian(long.count))
        #expect(!ProfileCheck.isPlain(long[...]), "too long")
    }

    private static let size = PictureSize(width: 20, height: 10)

    private static func webP(_ chunks: [UInt8]..., flags: UInt8 = 0x20) -> [UInt8] {
        var canvas = SampleWebP.extendedChunk(20, 10)
        canvas[8] = flags
        return SampleWebP.container(([canvas] + chunks).flatMap { $0 })
    }

    @Test func aWebPHasOneWhereTheRecipeKeepsIt() {
        let (chunk, still) = (SampleWebP.chunk("ICCP", Self.profile()), SampleWebP.losslessChunk(20, 10))
        let sound = Self.webP(chunk, still)
        #expect(WebPCheck.complaint(sound, size: Self.size, mayHaveProfile: true) == nil)
        #expect(WebPCheck.complaint(sound, size: Self.size) != nil)
        for other in [
            Self.webP(chunk, still, flags: 0), Self.webP(still, chunk), Self.webP(chunk, chunk, still),
            Self.webP(chunk),
            Self.webP(SampleWebP.chunk("ICCP", [1, 2]), still), SampleWebP.container(chunk, still),
            SampleWebP.container(chunk),
        ] {
            #expect(WebPCheck.complaint(other, size: Self.size, mayHaveProfile: true) != nil)
        }
    }

    @Test func aJPEGHasOneWhereTheRecipeKeepsIt() {
        func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
            [0xFF, marker, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 255)] + content
        }
        let name = Array("ICC_PROFILE\0".utf8)
        func file(_ profile: [UInt8]) -> [UInt8] {
            [0xFF, 0xD8] + profile + segment(0xC0, [8, 0, 10, 0, 20, 1, 1, 0x11, 0])
                + segment(0xDA, [1, 1, 0, 0, 63, 0]) + [1, 2, 0xFF, 0xD9]
        }
        let sound = file(segment(0xE2, name + [1, 1] + Self.profile()))
        #expect(JPEGCheck.complaint(sound, size: Self.size, mayHaveProfile: true) == nil)
        #expect(JPEGCheck.complaint(sound, size: Self.size) != nil)
        for other in [name + [1, 2] + Self.profile(), name + [1, 1], Array("MPF\0".utf8), name + [1, 1, 7]] {
            #expect(JPEGCheck.complaint(file(segment(0xE2, other)), size: Self.size, mayHaveProfile: true) != nil)
        }
    }
}
