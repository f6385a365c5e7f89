import FoundationEssentials
import MediaTesting
import Testing

/// `mediactl compare`, with real workers.
@Suite(.timeLimit(.minutes(5)))
struct MediactlCompareTests {
    private static func fixture(_ name: String) -> String {
        Fixtures.folder.appending(path: "pictures/\(name)").path(percentEncoded: false)
    }

    private struct Report: Decodable {
        struct Side: Decodable, Equatable {
            let file: String
            let format: String
            let width: Int
            let height: Int
            let frames: Int
            let bytes: Int
        }

        let first: Side
        let second: Side
        let ssim: Double
        let psnr: Double?
        let resized: Bool
        let out: String?
    }

    private static func report(_ arguments: [String]) async throws -> Report {
        let run = try await MediactlRun(["compare"] + arguments + ["--json"])
        #expect(run.code == 0, "\(run.errors)")
        return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    @Test func equalPicturesAreEqual() async throws {
        let picture = Self.fixture("gradient.png")
        let report = try await Self.report([picture, picture])
        #expect(report.ssim == 1)
        #expect(report.psnr == nil)
        let side = Report.Side(file: picture, format: "png", width: 160, height: 120, frames: 1, bytes: 54397)
        #expect(report.first == side)
        #expect(report.second == side)
        let run = try await MediactlRun(["compare", picture, picture, "--min-ssim", "1"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.suffix(2) == ["SSIM  1.00000", "PSNR  none: their luma is equal"])
    }

    /// The whole way against another implementation: Tests/CPixelsTests/reference.py, given the two files.
    @Test func theFiguresAreThoseOfAnotherImplementation() async throws {
        let report = try await Self.report([Self.fixture("gradient.png"), Self.fixture("gradient.webp")])
        #expect(abs(report.ssim - 0.988659) < 1e-5)
        #expect(abs((report.psnr ?? 0) - 48.0046) < 2e-3)
        let back = try await Self.report([Self.fixture("gradient.webp"), Self.fixture("gradient.png")])
        #expect(back.ssim == report.ssim)
        #expect(back.psnr == report.psnr)
    }

    @Test(arguments: ["orientation-3.jpg", "orientation-6.jpg", "orientation-8.jpg"])
    func picturesAreComparedUpright(name: String) async throws {
        let report = try await Self.report([Self.fixture("orientation-1.jpg"), Self.fixture(name)])
        #expect(report.ssim > 0.999)
        #expect(report.first.width == report.second.width)
    }

    /// One picture in Display P3 and in sRGB. Without a look at the profile it would be 29 dB.
    @Test func coloursCountAsTheyAreSeen() async throws {
        let report = try await Self.report([Self.fixture("p3.png"), Self.fixture("gradient.png"), "--resize"])
        #expect((report.psnr ?? 0) > 45)
    }

    @Test func theDrawingIsAPNGOfThree() async throws {
        let folder = try TemporaryFolder()
        let out = folder.path("deep/side.png")
        let report = try await Self.report([Self.fixture("gradient.png"), Self.fixture("gradient.webp"), "--out", out])
        #expect(report.out == out)
        let drawing = try Data(contentsOf: URL(filePath: out))
        #expect(drawing.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        #expect(try folder.files() == ["deep/side.png"])
        // It is a picture, three of the first's wide, and its left third is the first.
        let again = try await Self.report([out, out])
        #expect(again.first.width == 480 && again.first.height == 120)
    }

    @Test func otherSizesAreRefusedUnlessTheSecondMayBeScaled() async throws {
        let (small, large) = (Self.fixture("gradient.png"), Self.fixture("gradient-large.jpg"))
        let run = try await MediactlRun(["compare", small, large])
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("is 160 × 120 and "))
        #expect(run.errors.contains("2000 × 1500: give --resize"))
        let report = try await Self.report([small, large, "--resize"])
        #expect(report.resized)
        #expect(report.ssim > 0.98)
    }

    @Test func aBudgetThatIsNotKeptIsAnExitCode() async throws {
        let pair = [Self.fixture("gradient.png"), Self.fixture("gradient.webp")]
        let run = try await MediactlRun(["compare"] + pair + ["--min-ssim", "0.999"])
        #expect(run.code == 3)
        #expect(run.outputLines.contains("SSIM  0.98866"), "\(run.output)")
        #expect(run.errors.contains("the similarity is below 0.999"))
        #expect(try await MediactlRun(["compare"] + pair + ["--min-ssim", "0.98"]).code == 0)
    }

    @Test(arguments: [
        ("truncated.png", "truncated.png is damaged"), ("text.txt", "text.txt is no JPEG"),
        ("empty", "empty is empty"), ("missing.png", "missing.png cannot be opened"),
        ("20000x20000.png", "20000x20000.png has too many pixels"),
    ])
    func whatIsWrongWithOneIsSaidOfIt(name: String, complaint: String) async throws {
        let sound = Self.fixture("gradient.png")
        for pair in [[sound, Self.fixture(name)], [Self.fixture(name), sound]] {
            let run = try await MediactlRun(["compare"] + pair)
            #expect(run.code == 1)
            #expect(run.output.isEmpty)
            #expect(run.errors.contains(complaint), "\(run.errors)")
        }
    }

    @Test func noSourceIsOverwritten() async throws {
        let folder = try TemporaryFolder()
        let copy = folder.path("copy.png")
        let bytes = Data(try Fixtures.bytes("pictures/gradient.png"))
        try bytes.write(to: URL(filePath: copy))
        let run = try await MediactlRun(["compare", copy, Self.fixture("gradient.webp"), "--out", copy])
        #expect(run.code == 1)
        #expect(run.errors.contains("--out would overwrite"))
        #expect(try Data(contentsOf: URL(filePath: copy)) == bytes)
    }

    @Test(arguments: [["--min-ssim", "0"], ["--min-ssim", "1.1"], ["--min-ssim", "x"], ["third.png"]])
    func argumentsThatMakeNoSenseAreUsage(arguments: [String]) async throws {
        let picture = Self.fixture("gradient.png")
        #expect(try await MediactlRun(["compare", picture, picture] + arguments).code == 2)
    }

    /// The worker is one that lies, crashes or is late, as its first picture says.
    @Test(
        .enabled(if: BuiltProducts.path("FakeWorker") != nil, "FakeWorker was not built"),
        arguments: [
            ("crash", "made the codec crash"), ("forge alike 1", "made the codec crash"),
            ("forge text 1", "made the codec crash"), ("late", "took too long"),
            ("fault undecodable-picture", "other.gif is damaged"),
        ]
    )
    func aWorkerThatLiesIsNotBelieved(behaviour: String, complaint: String) async throws {
        let folder = try TemporaryFolder()
        for (name, line) in [("one.gif", behaviour), ("other.gif", "ok")] {
            try Data("GIF89a \(line)\n".utf8).write(to: URL(filePath: folder.path(name)))
        }
        let run = try await MediactlRun(
            [
                "compare", folder.path("one.gif"), folder.path("other.gif"), "--out", folder.path("side.png"),
                "--render-deadline", "3s", "--worker-path", try #require(BuiltProducts.path("FakeWorker")),
            ]
        )
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(complaint), "\(run.errors)")
        #expect(try folder.files() == ["one.gif", "other.gif"])
    }
}
