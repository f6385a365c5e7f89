import FoundationEssentials
import Glibc
import MediaTesting
import Testing

/// Names, lists and folders by which `mediactl convert` could lose a file or write over one. The worker is a quick one.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProducts.path("FakeWorker") != nil, "FakeWorker was not built"))
struct MediactlConvertHostileTests {
    private static func arguments(_ sources: [String], out: String) throws -> [String] {
        ["convert"] + sources + ["--preset", "thumbnail", "--out", out, "--workers", "1", "--worker-path"]
            + [try #require(BuiltProducts.path("FakeWorker"))]
    }

    private static func convert(
        _ sources: [String],
        out: String = "out",
        in folder: TemporaryFolder,
        stdin: String = ""
    ) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(
            try #require(BuiltProducts.path("mediactl")),
            try Self.arguments(sources, out: out),
            stdin: Array(stdin.utf8),
            folder: folder.path,
            timeout: Patience.timeMax * 2
        )
    }

    private static func folder(_ paths: String...) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for path in paths { try ConvertFolder.place(fake: "ok \(path)", at: path, in: folder) }
        return folder
    }

    /// With a terminal files are counted ahead, which must not take them out of the pipe.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "there is no script(1)"))
    func aPipeIsReadOnceAlsoUnderATerminal() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<40 { try ConvertFolder.place(fake: "ok", at: "in/\(number).gif", in: folder) }
        let words = try [#require(BuiltProducts.path("mediactl"))] + Self.arguments([], out: "out")
        let command = words.map { "'\($0)'" }.joined(separator: " ")
        let list = "(for n in $(seq 0 39); do echo in/$n.gif; sleep 0.02; done)"
        for source in ["--files-from <\(list)", "--files-from /dev/stdin < <\(list)"] {
            let run = try await ChildProcess.run(
                "/usr/bin/script",
                ["-qec", "exec bash -c \"\(command) \(source)\" 1>&2".replacing("$", with: "\\$"), "/dev/null"],
                folder: folder.path,
                timeout: Patience.timeMax * 2
            )
            #expect(run.text.contains("40 files: 40 converted"), "\(run.text)\(run.errorText)")
        }
    }

    /// "é" is one scalar or two: Swift calls the strings equal, the file system does not.
    @Test func namesThatDifferInTheirCompositionAreTwo() async throws {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let folder = try Self.folder("in/\(one)/a.gif", "in/\(two)/b.gif", "in/\(one).gif", "in/\(two).gif")
        let run = try await Self.convert(["in"], in: folder)
        #expect(run.exit == .code(0), "\(run.text)\(run.errorText)")
        #expect(run.text.contains("\n4 files: 4 converted"), "\(run.text)")
        for output in ["\(one)/a", "\(two)/b", one, two] {
            #expect(access(folder.path("out/\(output).thumbnail.webp"), F_OK) == 0, "\(Array(output.utf8))")
        }
    }

    /// A slash and the accent behind it are one `Character`, which is no slash.
    @Test func noEntryOfAListLeadsOutOfTheOutputFolder() async throws {
        let folder = try Self.folder("\u{301}y.gif", "work/in/a.gif")
        let work = folder.path("work")
        let run = try await ChildProcess.run(
            try #require(BuiltProducts.path("mediactl")),
            try Self.arguments(["-"], out: "out"),
            stdin: Array("../\u{301}y.gif\nin/a.gif\n".utf8),
            folder: work,
            timeout: Patience.timeMax * 2
        )
        #expect(run.exit == .code(1))
        #expect(run.text.contains("is a path that leads out of the output folder"), "\(run.text)")
        #expect(
            try ConvertFolder.files(folder).filter { $0.hasSuffix(".webp") } == ["work/out/in/a.thumbnail.webp"]
        )
    }

    @Test func aSourceInTheOutputFolderIsNotOverwritten() async throws {
        let folder = try Self.folder("orig/a.gif", "extra/a.thumbnail.webp")
        let path = folder.path("extra/a.thumbnail.webp")
        let before = try Data(contentsOf: URL(filePath: path))
        for _ in 0..<2 {
            let run = try await Self.convert(["orig", "extra"], out: "extra", in: folder)
            #expect(run.exit == .code(1))
            #expect(run.text.contains("orig/a.gif: refused (output-collision): would overwrite"), "\(run.text)")
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
        }
    }

    @Test func anOutputThatSomebodyEditedBesideItsSourceIsNotOverwritten() async throws {
        let folder = try Self.folder("in/a.gif")
        #expect(try await Self.convert(["in"], out: "in", in: folder).exit == .code(0))
        #expect(try await Self.convert(["in"], out: "in", in: folder).exit == .code(0))
        try ConvertFolder.place(fake: "ok edited", at: "in/a.thumbnail.webp", in: folder)
        let before = try Data(contentsOf: URL(filePath: folder.path("in/a.thumbnail.webp")))
        let run = try await Self.convert(["in"], out: "in", in: folder)
        #expect(run.exit == .code(1))
        #expect(run.text.contains("in/a.gif: refused (output-collision): would overwrite"), "\(run.text)")
        #expect(try Data(contentsOf: URL(filePath: folder.path("in/a.thumbnail.webp"))) == before)
    }

    @Test func aListOfAllThatIsThereDoesNotGrow() async throws {
        let folder = try Self.folder("in/a.gif", "b.gif")
        #expect(try await Self.convert(["-"], in: folder, stdin: "in/a.gif\nb.gif\n").exit == .code(0))
        let outputs = try ConvertFolder.outputs(folder)
        #expect(outputs.count == 2)
        let list =
            "in/a.gif\n./out/b.thumbnail.webp\nb.gif\nout/in/a.thumbnail.webp\n"
            + folder.path("out/in/a.thumbnail.webp")
        let run = try await Self.convert(["-", "--resume"], in: folder, stdin: list)
        #expect(run.exit == .code(0), "\(run.text)")
        #expect(run.text.contains("5 files: 0 converted, 0 refused, 3 skipped, 2 unchanged"), "\(run.text)")
        #expect(try ConvertFolder.outputs(folder) == outputs)
    }

    /// Whoever writes the list says nothing for a while: what it has named so far is converted, and a signal is heard.
    @Test func aListThatStallsHoldsNothingUp() async throws {
        let folder = try Self.folder("in/a.gif")
        #expect(mkfifo(folder.path("list"), 0o600) == 0)
        let pipe = open(folder.path("list"), O_RDWR | O_CLOEXEC)
        defer { close(pipe) }
        let text = Array("\(folder.path("in/a.gif"))\n".utf8)
        #expect(write(pipe, text, text.count) == text.count)
        let run = try ChildProcess(
            try #require(BuiltProducts.path("mediactl")),
            try Self.arguments(["--files-from", folder.path("list")], out: folder.path("out"))
        )
        #expect(try await comesAbout { try ConvertFolder.outputs(folder).count == 1 })
        run.send(signal: SIGTERM)
        #expect(try await run.exit(within: Patience.timeMax) == .code(1))
        #expect(String(decoding: run.stderr, as: UTF8.self).contains("mediactl: stopped: by a signal"))
    }

    @Test(arguments: [["in", "--shard", "0/2"], ["in/a.gif", "--shard", "0/2"], ["in/*.gif", "--shard", "1/2"]])
    func shardsBesideTheirSourcesAreRefused(sources: [String]) async throws {
        let run = try await Self.convert(sources, out: "in", in: try Self.folder("in/a.gif"))
        #expect(run.exit == .code(2))
        #expect(run.errorText.contains("--shard needs an --out without sources"), "\(run.errorText)")
    }

    @Test func aPatternOfTooManyChoicesIsRefused() async throws {
        let folder = try Self.folder("in/a.gif")
        let many = String(repeating: "{a,b}", count: 40)
        let run = try await Self.convert(["in/\(many)"], in: folder)
        #expect(run.exit == .code(2))
        #expect(run.errorText.contains("more than 1024 patterns"), "\(run.errorText)")
        let folders = String(repeating: "**/", count: 40)
        #expect(try await Self.convert(["in/\(folders)a.gif"], in: folder).exit == .code(0))
    }

    @Test func whatIsNoPictureTakesNoNameAway() async throws {
        let folder = try Self.folder("two/a.gif")
        try ConvertFolder.write(Array("words".utf8), to: "one/a.gif", in: folder)
        let run = try await Self.convert(["one", "two"], in: folder)
        #expect(run.exit == .code(0), "\(run.text)")
        #expect(run.text.contains("two/a.gif: converted"))
        #expect(run.text.contains("one/a.gif: skipped"))
    }
}
