import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// What the codecs here really write of JPEG and AVIF passes the pool's checks: a file that did not would cost a worker
/// each time.
@Suite(.timeLimit(.minutes(10)))
struct OtherFormatTests {
    /// Odd sides, one pixel, one row, grey, transparency, a palette, 16 bits, CMYK, noise.
    private static let pictures = [
        "gradient.jpg", "gradient.png", "grey.jpg", "grey.png", "grey-alpha.png", "alpha.png", "alpha.webp", "1x1.png",
        "1x1.jpg", "1x2000.png", "2000x1.png", "palette.png", "deep.png", "deep-grey.png", "cmyk.jpg", "noise.png",
        "animated.gif", "labelled.avif",
    ]
    /// At q=100 neither format halves the colours.
    private static let options = [
        "w=4000,q=100,effort=0", "w=4000,q=1", "w=61,effort=6", "w=33,h=17,fit=cover", "w=9,h=11,fit=pad,bg=00000000",
        "w=1,h=1",
    ]

    @Test(arguments: [RenditionFormat.jpeg, .avif])
    func whatAWorkerMakesPassesItsCheck(format: RenditionFormat) async throws {
        let presets = try Self.options.enumerated().map { index, options in
            let preset = try Preset(text: "p\(index):\(options)")
            return Preset(name: preset.name, recipe: preset.recipe.made(as: format))
        }
        try await withWorkers("mediaworker") { pool in
            for name in Self.pictures {
                let source = try FixturePicture(name)
                let read = try #require(Sniff.format(of: Array(source.content.prefix(Sniff.prefixBytesMax))))
                let job = RenderJob(format: read, limits: PictureLimits(), presets: presets)
                let outcome = try await pool.render(job, source: source, priority: .upload)
                #expect(outcome.renditions.map(\.preset) == presets, "\(name)")
            }
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test func theWorkersAVIFIsOffered() async throws {
        try await withWorkers("mediaworker") { pool in
            #expect(pool.formats == Set(RenditionFormat.allCases))
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    /// The sampling of a JPEG's first component, in its frame (T.81 B.2.2): 0x22 halves the colours both ways.
    @Test func aJPEGOfTheBestQualityKeepsEveryColour() async throws {
        try await withWorkers("mediaworker") { pool in
            for (quality, sampling) in [(80, UInt8(0x22)), (100, 0x11)] {
                let preset = try Preset(text: "p:w=160,q=\(quality)")
                let made = Preset(name: preset.name, recipe: preset.recipe.made(as: .jpeg))
                let job = RenderJob(format: .png, limits: PictureLimits(), presets: [made])
                let outcome = try await pool.render(job, source: try FixturePicture("gradient.png"), priority: .upload)
                let file = try #require(outcome.renditions.first?.bytes)
                let frame = try #require(file.indices.dropLast(12).first { file[$0] == 0xFF && file[$0 + 1] == 0xC2 })
                #expect(file[frame + 11] == sampling, "q=\(quality)")
            }
        }
    }
}
