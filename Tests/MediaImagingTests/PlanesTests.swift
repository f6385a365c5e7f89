import CPixels
import CPlanes
import CSampler
import CVipsShim
import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

/// A JPEG's planes on their way to a WebP, against the same picture by the general way.
struct PlanesTests {
    init() throws { _ = try VipsEngine.start() }

    /// How Y is sampled against Cb and Cr.
    struct Sampling: Sendable, CustomTestStringConvertible {
        let horizontal: Int
        let vertical: Int
        let bands: Int
        var testDescription: String { self.bands == 1 ? "grey" : "\(self.horizontal)x\(self.vertical)" }
    }

    /// 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1, 4:1:0, a grey one, and one whose sampling factors say more than there is to
    /// say.
    static let samplings = [
        Sampling(horizontal: 1, vertical: 1, bands: 3), Sampling(horizontal: 2, vertical: 1, bands: 3),
        Sampling(horizontal: 2, vertical: 2, bands: 3), Sampling(horizontal: 1, vertical: 2, bands: 3),
        Sampling(horizontal: 4, vertical: 1, bands: 3), Sampling(horizontal: 4, vertical: 2, bands: 3),
        Sampling(horizontal: 1, vertical: 1, bands: 1), Sampling(horizontal: 2, vertical: 2, bands: 1),
    ]

    @Test(arguments: Self.samplings, [false, true])
    func eitherWayShowsTheSamePicture(_ sampling: Sampling, isProgressive: Bool) throws {
        for (size, options) in [
            (PictureSize(width: 641, height: 487), "w=150"), (PictureSize(width: 320, height: 240), "w=240"),
            (PictureSize(width: 203, height: 301), "w=203"), (PictureSize(width: 901, height: 683), "w=71"),
        ] {
            let file = Drawing.jpeg(size, sampling, isProgressive: isProgressive)
            try BothWays(file, options).expectTheSame("\(size.width) × \(size.height), \(options)")
        }
    }

    /// Odd sides both before and after, and cuts that begin in the middle of a chroma sample.
    @Test(arguments: 1...8) func everyOrientationAndCutIsTheSame(_ orientation: Int) throws {
        let sampling = Sampling(horizontal: 2, vertical: 2, bands: 3)
        let file = Drawing.oriented(orientation, Drawing.jpeg(PictureSize(width: 323, height: 241), sampling))
        for options in [
            "w=100", "h=101", "w=201,h=99,fit=cover", "w=99,h=201,fit=crop", "w=5000,h=123,fit=crop", "w=320,h=240",
        ] {
            try BothWays(file, options).expectTheSame("\(orientation), \(options)")
        }
    }

    /// A third of the chroma: the windows' edges fall on samples' middles, where computing in fractions once made one
    /// sample too many of it, beyond the weights' memory.
    @Test func thirdsOfChromaKeepWithinTheirWindows() throws {
        for (horizontal, vertical) in [(1, 3), (3, 1)] {
            let sampling = Sampling(horizontal: horizontal, vertical: vertical, bands: 3)
            for size in [PictureSize(width: 840, height: 1120), PictureSize(width: 1120, height: 840)] {
                let file = Drawing.jpeg(size, sampling)
                for options in ["w=320,h=320", "w=240,h=99,fit=cover"] {
                    try BothWays(file, options).expectTheSame("\(horizontal)x\(vertical), \(options)")
                }
            }
        }
    }

    @Test(arguments: [(1, 1), (1, 9), (9, 1), (2, 2), (7, 3), (17, 16), (1, 4000), (4000, 1), (15, 15)])
    func smallAndNarrowPicturesComeOutToo(_ width: Int, _ height: Int) throws {
        for sampling in Self.samplings {
            let file = Drawing.jpeg(PictureSize(width: width, height: height), sampling)
            for options in ["w=1", "w=5", "h=3", "w=4000", "w=1,h=1,fit=cover"] {
                let outcome = try Studio.render(file, [options])
                let made = try #require(outcome.renditions.first)
                #expect(try Decoded(made.bytes).size == made.size)
                #expect(outcome.facts.size == PictureSize(width: width, height: height))
            }
        }
    }

    /// 128 is no colour, and must stay that: one less of both is green.
    @Test(arguments: [0, 1, 16, 64, 127, 128, 129, 200, 254, 255])
    func greyStaysGrey(_ level: Int) throws {
        for sampling in Self.samplings {
            let samples = [UInt8](repeating: UInt8(level), count: 200 * 160 * sampling.bands)
            let file = Drawing.jpeg(samples, PictureSize(width: 200, height: 160), sampling, quality: 100)
            let picture = try Planar(file, "w=70")
            // Round, not cut: 16 + level * 219 / 255.
            let luma = (2 * (16 * 255 + level * 219) + 255) / 510
            #expect(picture.y.allSatisfy { abs(Int($0) - luma) <= 1 })
            #expect(picture.u.allSatisfy { $0 == 128 } && picture.v.allSatisfy { $0 == 128 })
            let shown = try Decoded(try Studio.rendition(file, "w=70,q=100").bytes).pixel(30, 30)
            #expect(isClose(shown, [level, level, level], within: 3), "\(shown)")
        }
    }

    @Test(arguments: [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [12, 200, 180], [250, 128, 114]])
    func aColourStaysThatColour(_ colour: [Int]) throws {
        for sampling in Self.samplings where sampling.bands == 3 {
            let samples = (0..<200 * 160).flatMap { _ in colour.map { UInt8($0) } }
            let file = Drawing.jpeg(samples, PictureSize(width: 200, height: 160), sampling, quality: 100)
            let picture = try Planar(file, "w=70")
            let (y, u, v) = Planar.limited(colour)
            #expect(picture.y.allSatisfy { abs(Double($0) - y) <= 1.5 })
            #expect(picture.u.allSatisfy { abs(Double($0) - u) <= 1.5 })
            #expect(picture.v.allSatisfy { abs(Double($0) - v) <= 1.5 })
        }
    }

    @Test func onlyWhatIsPlanesAlreadyGoesThatWay() throws {
        let size = PictureSize(width: 300, height: 200)
        let file = Drawing.jpeg(size, Self.samplings[2])
        func path(_ file: [UInt8], _ options: [String], as made: RenditionFormat = .webp) throws -> RenderPath {
            try Studio.render(file, options, as: made).path
        }
        #expect(try path(file, ["w=100", "w=50", "w=300,h=20,fit=crop"]) == .planes)
        #expect(try path(file, ["w=400"]) == .planes)
        for options in ["w=100,lossless=1", "w=400,fit=contain", "w=100,h=100,fit=pad"] {
            #expect(try path(file, [options]) == .general)
            // One decode is for all.
            #expect(try path(file, ["w=90", options]) == .general)
        }
        #expect(try path(file, []) == .general)
        #expect(try path(file, ["w=100"], as: .jpeg) == .general)
        #expect(try path(file, ["w=100"], as: .avif) == .general)
        let png = try Studio.saved(try Studio.flat([1, 2, 3], width: 30, height: 20), as: ".png")
        #expect(try path(png, ["w=10"]) == .general)
        let inks = try Studio.saved(try Studio.flat([1, 2, 3, 4], width: 30, height: 20, space: "cmyk"), as: ".jpg")
        #expect(try path(inks, ["w=10"]) == .general)
    }

    @Test(.enabled(if: SharedData.isPresent, "\(SharedData.reason)")) func aProfileDecidesUnlessItIsSRGB() throws {
        let wide = try SharedData.bytes("corpus/odd/icc/sharp__p3.png")
        let displayP3 = try #require(try wide.withUnsafeBytes { try VipsImageHandle.open($0, as: .png).profile })
        let sRGB = try SharedData.bytes("corpus/odd/icc/libavif__sRGB2014.icc")
        for (profile, path) in [(displayP3, RenderPath.general), (sRGB, .planes)] {
            let picture = try Studio.flat([187, 105, 62], width: 64, height: 48)
            picture.asking { cvips_set_blob($0, "icc-profile-data", profile, profile.count) }
            let file = try Studio.saved(picture, as: ".jpg")
            #expect(try Studio.render(file, ["w=20"]).path == path)
        }
    }

    @Test func nothingButPixelsIsLeft() throws {
        let picture = try Studio.flat([40, 90, 10], width: 80, height: 60)
        let secret = Array("<x:xmpmeta>secret</x:xmpmeta>".utf8)
        for name in ["xmp-data", "iptc-data"] {
            picture.asking { cvips_set_blob($0, name, secret, secret.count) }
        }
        picture.asking { cvips_set_orientation($0, 6) }
        let outcome = try Studio.render(try Studio.saved(picture, as: ".jpg"), ["w=20"])
        #expect(outcome.path == .planes)
        for made in outcome.renditions { #expect(chunks(of: made.bytes) == ["VP8 "]) }
    }

    /// A warning is enough, wherever in the file: what the planes' decoder complains of is not made of planes.
    @Test(arguments: [false, true]) func damageLeavesNoPlanes(isProgressive: Bool) throws {
        let size = PictureSize(width: 320, height: 240)
        let file = Drawing.jpeg(size, Self.samplings[2], isProgressive: isProgressive)
        #expect(try Planar.verdict(file, shrink: 2))
        for count in stride(from: 0, to: file.count - 2, by: max(1, file.count / 97)) {
            #expect(try !Planar.verdict(Array(file.prefix(count)), shrink: 2), "\(count) of \(file.count)")
        }
    }

    @Test func overTheLimitsThereAreNoPlanes() throws {
        let file = Drawing.jpeg(PictureSize(width: 100, height: 50), Self.samplings[0])
        file.withUnsafeBytes { bytes in
            for limits in [PictureLimits(pixelsMax: 4999), PictureLimits(sideMax: 99)] {
                if JPEGPlanes(bytes, limits: limits) != nil { Issue.record("planes of \(limits)") }
            }
            if let just = JPEGPlanes(bytes, limits: PictureLimits(pixelsMax: 5000, sideMax: 100)) {
                #expect(just.stored == PictureSize(width: 100, height: 50))
            } else {
                Issue.record("no planes")
            }
        }
    }

    @Test(
        .enabled(if: SharedData.isPresent, "\(SharedData.reason)"),
        arguments: [
            "photo-6mp-life", "photo-8mp-picos", "photo-9mp-mouse", "photo-12mp-sunset", "photo-16mp-seeding",
            "photo-20mp-kleiber", "bench12",
        ]
    )
    func aPhotographIsTheSameEitherWay(_ name: String) throws {
        let file = try SharedData.bytes("photos/\(name).jpg")
        for options in ["w=1280,h=1280", "w=320,h=320"] {
            try BothWays(file, options).expectTheSame("\(name), \(options)")
        }
    }

    /// Whatever of the corpus is a JPEG: the planes' decoder takes none that the general way refuses, and what becomes
    /// of a file does not depend on the way that its recipe goes.
    @Test(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"))
    func everyJPEGOfTheCorpusGetsTheSameAnswerByEitherWay() throws {
        let rows = String(decoding: try SharedData.bytes("corpus/MANIFEST.tsv"), as: UTF8.self).split(separator: "\n")
        var seen = 0
        var planes = 0
        for path in rows.dropFirst().compactMap({ $0.split(separator: "\t").first }) {
            guard let file = try? SharedData.bytes("corpus/\(path)"),
                Sniff.format(of: Array(file.prefix(Sniff.prefixBytesMax))) == .jpeg
            else { continue }
            seen += 1
            let ways = try ["w=64,h=64", "w=64,h=64,lossless=1"].map { options in
                let job = RenderJob(
                    format: .jpeg,
                    limits: PictureLimits(),
                    presets: [try Preset(text: "p:\(options)")]
                )
                return try Self.answer(job, file)
            }
            #expect(ways[0].answer == ways[1].answer, "\(path)")
            #expect(ways[1].path != .planes, "\(path)")
            if ways[0].path == .planes { planes += 1 }
            if try Planar.verdict(file, shrink: 1) { #expect(ways[1].answer == "taken", "\(path)") }
        }
        print("corpus: \(seen) JPEGs, \(planes) of them by their planes")
        #expect(seen > 0 && planes > seen / 4)
    }

    private static func answer(_ job: RenderJob, _ file: [UInt8]) throws -> (answer: String, path: RenderPath?) {
        let engine = try VipsEngine.start()
        do {
            let outcome = try file.withUnsafeBytes { try engine.render(job, picture: $0, within: .seconds(60)) }
            return ("taken", outcome.path)
        } catch let error as RenderError {
            return (error.code.description, nil)
        }
    }
}
