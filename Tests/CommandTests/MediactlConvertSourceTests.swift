import FoundationEssentials
import MediaTesting
import Testing

/// What `mediactl convert` takes as a source, and what it calls the outputs. The worker is a quick one.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProducts.path("FakeWorker") != nil, "FakeWorker was not built"))
struct MediactlConvertSourceTests {
    private static func convert(
        _ arguments: [String],
        in folder: TemporaryFolder,
        stdin: [UInt8] = []
    ) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(
            try #require(BuiltProducts.path("mediactl")),
            ["convert"] + arguments + ["--preset", "thumbnail", "--out", "out", "--workers", "1", "--worker-path"]
                + [try #require(BuiltProducts.path("FakeWorker"))],
            stdin: stdin,
            folder: folder.path,
            timeout: Patience.timeMax * 2
        )
    }

    private static func folder(_ paths: String...) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for path in paths { try ConvertFolder.place(fake: "ok \(path)", at: path, in: folder) }
        return folder
    }

    private static func outputs(_ folder: TemporaryFolder) throws -> [String] {
        try ConvertFolder.outputs(folder).keys.sorted()
    }

    @Test(arguments: [
        ("in/*.gif", ["a", "b"]), ("in/**/*.gif", ["a", "b", "deep/c", "deep/er/d"]),
        ("in/**/[c-d].{gif,png}", ["deep/c", "deep/er/d"]), ("in/d*", ["deep/c", "deep/er/d"]),
        ("in/deep/?.gif", ["c"]), ("in/{a,deep/c}.gif", ["a", "deep/c"]), ("in/[!a].gif", ["b"]),
    ])
    func aQuotedPatternIsExpanded(pattern: String, stems: [String]) async throws {
        let folder = try Self.folder("in/a.gif", "in/b.gif", "in/deep/c.gif", "in/deep/er/d.gif", "in/.hidden/e.gif")
        let run = try await Self.convert([pattern], in: folder)
        #expect(run.exit == .code(0), "\(run.text)\(run.errorText)")
        #expect(try Self.outputs(folder) == stems.map { "out/\($0).thumbnail.webp" })
    }

    @Test func aPatternThatMatchesNothingIsALine() async throws {
        let folder = try Self.folder("in/a.gif")
        let run = try await Self.convert(["in", "in/*.jpg", "nowhere/*"], in: folder)
        #expect(run.exit == .code(1))
        #expect(run.text.contains("in/*.jpg: refused (file): matches no file"))
        #expect(run.text.contains("nowhere/*: refused (file): matches no file"))
        #expect(try Self.outputs(folder) == ["out/a.thumbnail.webp"])
    }

    @Test func aFileThatIsCalledLikeAPatternIsThatFile() async throws {
        let folder = try Self.folder("a[1].gif", "a1.gif")
        let run = try await Self.convert(["a[1].gif"], in: folder)
        #expect(run.exit == .code(0), "\(run.text)")
        #expect(try Self.outputs(folder) == ["out/a[1].thumbnail.webp"])
    }

    @Test(arguments: [["-"], ["--files-from", "-"]])
    func aListComesFromStandardInput(arguments: [String]) async throws {
        let folder = try Self.folder("in/a.gif", "in/deep/b.gif", "c d.gif", "in/a.png")
        try ConvertFolder.write(Array("{}".utf8), to: "in/deep/b.json", in: folder)
        let list =
            "in\nin/a.gif\nin/a.png\nin/deep/b.json\n./in/deep/b.gif\r\n\nc d.gif\nin/a.gif\n../x.gif\nmissing.gif"
        let run = try await Self.convert(arguments, in: folder, stdin: Array(list.utf8))
        #expect(run.exit == .code(1))
        #expect(run.text.contains("../x.gif: refused (file): is a path that leads out"))
        #expect(run.text.contains("missing.gif: refused (file): cannot be opened"))
        #expect(run.text.contains("in/a.png: refused (output-collision)"))
        #expect(run.text.contains("in/deep/b.json: refused (file): is no JPEG"))
        #expect(run.text.contains("7 files: 3 converted, 4 refused"))
        #expect(
            try Self.outputs(folder)
                == ["out/c d.thumbnail.webp", "out/in/a.thumbnail.webp", "out/in/deep/b.thumbnail.webp"]
        )
    }

    @Test func aListMayHaveNULs() async throws {
        let folder = try Self.folder("a\nb.gif", "c.gif")
        try Data("a\nb.gif\0c.gif\0".utf8).write(to: URL(filePath: folder.path("list")))
        let run = try await Self.convert(["--files-from", "list", "--null"], in: folder)
        #expect(run.exit == .code(0), "\(run.text)\(run.errorText)")
        #expect(try Self.outputs(folder) == ["out/a\nb.thumbnail.webp", "out/c.thumbnail.webp"])
        // A name does not break the report's lines.
        #expect(run.text.split(separator: "\n").count == 3)
    }

    @Test(arguments: [["in", "--files-from", "-"], ["-", "in"], ["in", "-0"], []])
    func sourcesThatContradictEachOtherAreRefused(arguments: [String]) async throws {
        let run = try await Self.convert(arguments, in: try Self.folder("in/a.gif"))
        #expect(run.exit == .code(2))
    }

    @Test func picturesOfOneStemKeepTheirExtensions() async throws {
        let folder = try Self.folder("in/a.gif", "in/a.png", "in/a.gif.jpg", "in/b.gif", "in/deep/a.gif")
        // What is no picture takes nobody's name away.
        try ConvertFolder.write(Array("{}".utf8), to: "in/b.json", in: folder)
        let run = try await Self.convert(["in"], in: folder)
        #expect(run.exit == .code(0), "\(run.text)\(run.errorText)")
        let outputs = try ConvertFolder.outputs(folder)
        #expect(
            outputs.keys.sorted() == [
                "out/a.gif.jpg.thumbnail.webp", "out/a.gif.thumbnail.webp", "out/a.png.thumbnail.webp",
                "out/b.thumbnail.webp", "out/deep/a.thumbnail.webp",
            ]
        )
        for (output, source) in [("a.gif", "in/a.gif"), ("a.png", "in/a.png"), ("a.gif.jpg", "in/a.gif.jpg")] {
            let text = String(decoding: outputs["out/\(output).thumbnail.webp"] ?? [], as: UTF8.self)
            #expect(text.contains("ok \(source)\n"), "\(output)")
        }
    }

    @Test func twoFoldersMayNotShareAnOutput() async throws {
        let folder = try Self.folder("one/deep/a.gif", "two/deep/a.gif", "two/deep/b.gif")
        let run = try await Self.convert(["one", "two", "two/deep/../deep"], in: folder)
        #expect(run.exit == .code(1))
        #expect(
            run.text.contains("two/deep/a.gif: refused (output-collision): would have the outputs of one/deep/a.gif")
        )
        #expect(run.text.contains("two/deep/b.gif: converted"))
        let outputs = try ConvertFolder.outputs(folder)
        #expect(
            String(decoding: outputs["out/deep/a.thumbnail.webp"] ?? [], as: UTF8.self).contains(
                "ok one/deep/a.gif"
            )
        )
    }

    @Test func aFileThatIsNamedTwiceIsConvertedOnce() async throws {
        let folder = try Self.folder("in/a.gif")
        let run = try await Self.convert(["in", "in/a.gif", "in/*.gif", "in"], in: folder)
        #expect(run.exit == .code(0), "\(run.text)")
        #expect(run.text.contains("\n1 files: 1 converted"))
        #expect(try Self.outputs(folder) == ["out/a.thumbnail.webp"])
    }

    @Test func shardsHaveEveryFileOnce() async throws {
        let names = (0..<40).map { "in/\($0 % 3)/\($0).gif" }
        let folder = try TemporaryFolder()
        for name in names { try ConvertFolder.place(fake: "ok", at: name, in: folder) }
        var lines: [String] = []
        for index in 0..<3 {
            let run = try await Self.convert(["in", "--shard", "\(index)/3"], in: folder)
            #expect(run.exit == .code(0), "\(run.errorText)")
            let converted = run.text.split(separator: "\n").filter { $0.contains(": converted") }
            // By chance, but always the same: none of the three is idle.
            #expect((5...25).contains(converted.count))
            lines += converted.map(String.init)
        }
        #expect(Set(lines).count == 40)
        #expect(lines.count == 40)
        #expect(try Self.outputs(folder).count == 40)
    }

    @Test(arguments: ["3/3", "-1/3", "1", "a/b", "0/0"])
    func whatIsNoShardIsRefused(shard: String) async throws {
        let run = try await Self.convert(["in", "--shard=\(shard)"], in: try Self.folder("in/a.gif"))
        #expect(run.exit == .code(2))
    }

    @Test func aDryRunWritesNothing() async throws {
        let folder = try Self.folder("in/a.gif", "in/deep/b.gif")
        try ConvertFolder.write(Array("words".utf8), to: "in/notes.txt", in: folder)
        let run = try await Self.convert(["in", "--dry-run", "--recipe", "w=64,q=50"], in: folder)
        #expect(run.exit == .code(0), "\(run.errorText)")
        #expect(run.text.contains("in/a.gif: would become out/a.thumbnail.webp, out/a.w=64,q=50.webp"))
        #expect(run.text.contains("3 files: 0 converted, 0 refused, 1 skipped, 2 would be converted"))
        #expect(try folder.files() == ["in/a.gif", "in/deep/b.gif", "in/notes.txt"])
    }
}
