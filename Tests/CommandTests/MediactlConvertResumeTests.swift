import FoundationEssentials
import Glibc
import MediaTesting
import Testing

/// `mediactl convert --resume`, and how a run ends before its time. The worker is a quick one.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProducts.path("FakeWorker") != nil, "FakeWorker was not built"))
struct MediactlConvertResumeTests {
    private static let journal = "out/.mediactl-convert.journal"

    private static func arguments(_ folder: TemporaryFolder, _ more: [String]) throws -> [String] {
        [
            "convert", folder.path("in"), "--out", folder.path("out"), "--preset", "thumbnail", "--workers", "1",
            "--worker-path", try #require(BuiltProducts.path("FakeWorker")),
        ] + more
    }

    private static func convert(_ folder: TemporaryFolder, _ more: String...) async throws -> MediactlRun {
        try await MediactlRun(try Self.arguments(folder, more))
    }

    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["a", "b", "c"] { try ConvertFolder.place(fake: "ok \(name)", at: "in/\(name).gif", in: folder) }
        return folder
    }

    @Test func whatIsThereIsNotMadeAgain() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        let before = try ConvertFolder.outputs(folder)
        let run = try await Self.convert(folder, "--resume")
        #expect(run.output.contains("3 files: 0 converted, 0 refused, 0 skipped, 3 unchanged"), "\(run.output)")
        #expect(try ConvertFolder.outputs(folder) == before)
    }

    @Test func whatChangedOrIsMissingIsMade() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        try ConvertFolder.place(fake: "ok B", at: "in/b.gif", in: folder)
        try FileManager.default.removeItem(atPath: folder.path("out/c.thumbnail.webp"))
        let run = try await Self.convert(folder, "--resume")
        #expect(run.output.contains("in/a.gif: unchanged"))
        #expect(run.output.contains("in/b.gif: converted"))
        #expect(run.output.contains("in/c.gif: converted"))
        let text = String(decoding: try ConvertFolder.outputs(folder)["out/b.thumbnail.webp"] ?? [], as: UTF8.self)
        #expect(text.contains("ok B\n"))
    }

    @Test func aNewRecipeAloneIsMade() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        let more = try await Self.convert(folder, "--resume", "--recipe", "w=64", "--json")
        #expect(more.outputLines.count { $0.contains(#""state":"converted""#) } == 3)
        let path = folder.path("out/a.thumbnail.webp")
        let old = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        let other = try await Self.convert(folder, "--resume", "--presets", "thumbnail:w=321")
        #expect(other.output.contains("3 converted"))
        let new = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        #expect(old != new)
    }

    @Test func anOutputOfAnotherSizeIsMadeAgainAndOneOfOtherBytesIsFound() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        let before = try ConvertFolder.outputs(folder)
        var bytes = try #require(before["out/a.thumbnail.webp"])
        try Data(bytes + [0]).write(to: URL(filePath: folder.path("out/a.thumbnail.webp")))
        #expect(try await Self.convert(folder, "--resume").output.contains("1 converted"))
        #expect(try ConvertFolder.outputs(folder) == before)
        bytes[bytes.count - 1] ^= 1
        try Data(bytes).write(to: URL(filePath: folder.path("out/a.thumbnail.webp")))
        #expect(try await Self.convert(folder, "--resume").output.contains("3 unchanged"))
        #expect(try await Self.convert(folder, "--verify").output.contains("1 converted"))
        #expect(try ConvertFolder.outputs(folder) == before)
    }

    /// As a kill in the middle of a write leaves it, and a disk that lost a block.
    @Test func aTornJournalCostsItsOwnLines() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        let path = folder.path(Self.journal)
        var text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").last { $0.contains(" r ") })
        text = text.replacing("\(line)\n", with: "") + line.dropLast(3)
        try Data(text.utf8).write(to: URL(filePath: path))
        #expect(try await Self.convert(folder, "--resume").output.contains("1 converted"))
        #expect(try await Self.convert(folder, "--resume").output.contains("3 unchanged"))
        let spoilt = text.replacing(" r ", with: " r x", maxReplacements: 1)
        try Data((spoilt + "\n").utf8).write(to: URL(filePath: path))
        #expect(try await Self.convert(folder, "--resume").output.contains("2 converted"))
    }

    /// What a power cut may leave: a journal without the line of its start and without the checkpoint, and an output of
    /// the right size with nothing in it.
    private static func cutPower(_ folder: TemporaryFolder) throws {
        let path = folder.path(Self.journal)
        let lines = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n")
        let outputs = lines.filter { $0.contains(" r ") }
        try Data((outputs.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
        let output = folder.path("out/b.thumbnail.webp")
        let bytes = try Data(contentsOf: URL(filePath: output)).count
        try Data(count: bytes).write(to: URL(filePath: output))
    }

    /// A machine that was switched off: what no checkpoint follows is read before it is believed.
    @Test func afterAPowerCutOutputsAreReadAgain() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        try Self.cutPower(folder)
        let run = try await Self.convert(folder, "--resume")
        #expect(run.output.contains("in/b.gif: converted"))
        #expect(run.output.contains("1 converted, 0 refused, 0 skipped, 2 unchanged"))
    }

    /// The checkpoint of a run that came after the power cut says nothing of what was made before it.
    @Test func aLaterRunVouchesForNothingThatAPowerCutTook() async throws {
        let folder = try Self.folder()
        #expect(try await Self.convert(folder).code == 0)
        try Self.cutPower(folder)
        try ConvertFolder.place(fake: "ok d", at: "other/d.gif", in: folder)
        let program = try #require(BuiltProducts.path("mediactl"))
        let between = try await ChildProcess.run(
            program,
            try Self.arguments(folder, []).map { $0 == folder.path("in") ? folder.path("other") : $0 },
            timeout: Patience.timeMax
        )
        #expect(between.text.contains("1 converted"), "\(between.text)\(between.errorText)")
        let run = try await Self.convert(folder, "--resume")
        #expect(run.output.contains("in/b.gif: converted"), "\(run.output)")
        #expect(run.output.contains("1 converted, 0 refused, 0 skipped, 2 unchanged"), "\(run.output)")
    }

    @Test func twoRunsDoNotShareAJournal() async throws {
        let folder = try Self.folder()
        try ConvertFolder.place(fake: "hang", at: "in/hang.gif", in: folder)
        let first = try ChildProcess(
            try #require(BuiltProducts.path("mediactl")),
            try Self.arguments(folder, ["--render-deadline", "600s"])
        )
        #expect(try await comesAbout { try !ConvertFolder.outputs(folder).isEmpty })
        let second = try await Self.convert(folder)
        #expect(second.code == 1)
        #expect(second.errors.contains("another run writes to it"))
        let shard = try await Self.convert(folder, "--shard", "0/2")
        #expect(shard.code == 1)
        #expect(shard.errors.contains("another run writes to it"), "\(shard.errors)")
        first.send(signal: SIGKILL)
        _ = try await first.exit(within: Patience.timeMax)
    }

    @Test func onlyShardsOfOneCountShareAFolder() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place(fake: "hang", at: "in/hang.gif", in: folder)
        let program = try #require(BuiltProducts.path("mediactl"))
        let more = ["--render-deadline", "600s", "--shard"]
        // One of the two has the file, and hangs.
        let shards = try ["0/2", "1/2"].map { try ChildProcess(program, Self.arguments(folder, more + [$0])) }
        #expect(try await comesAbout { shards.count { $0.exit != nil } == 1 })
        #expect(shards.compactMap(\.exit) == [.code(0)])
        for other in [["--shard", "2/3"], []] {
            let run = try await MediactlRun(try Self.arguments(folder, other))
            #expect(run.code == 1)
            #expect(run.errors.contains("another run writes to it"), "\(run.errors)")
        }
        for shard in shards { shard.send(signal: SIGKILL) }
    }

    /// The run's files are so many that it is in the middle of them whenever it is stopped.
    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalFinishesWhatIsInWorkAndSaysHowToGoOn(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        for number in 0..<60 {
            try ConvertFolder.place(fake: "slow 100000", at: "in/it's \(number).gif", in: folder)
        }
        let program = try #require(BuiltProducts.path("mediactl"))
        let run = try ChildProcess(program, try Self.arguments(folder, []))
        #expect(try await comesAbout { try ConvertFolder.outputs(folder).count > 2 })
        run.send(signal: signal)
        #expect(try await run.exit(within: Patience.timeMax) == .code(1))
        let (text, errors) = (String(decoding: run.stdout, as: UTF8.self), String(decoding: run.stderr, as: UTF8.self))
        #expect(errors.contains("finishing what is in work"))
        #expect(errors.contains("To go on:\n    mediactl convert "))
        #expect(errors.contains(" --resume\n"))
        let made = try ConvertFolder.outputs(folder).count
        #expect(text.split(separator: "\n").count { $0.contains(": converted") } == made)
        #expect((3..<60).contains(made))
        let rest = try await Self.convert(folder, "--resume")
        #expect(rest.output.contains("60 files: \(60 - made) converted, 0 refused, 0 skipped, \(made) unchanged"))
        #expect(try ConvertFolder.outputs(folder).count == 60)
    }

    @Test func aBudgetThatIsNotMetIsExitCode3() async throws {
        let folder = try Self.folder()
        try ConvertFolder.write(
            Array("GIF89a ok\n".utf8) + [UInt8](repeating: 32, count: 5000),
            to: "in/large.gif",
            in: folder
        )
        for more in [[], ["--resume"]] {
            let run = try await MediactlRun(
                try Self.arguments(folder, ["--check", "thumbnail:bytes<=1KiB", "--quiet"] + more)
            )
            #expect(run.code == 3, "\(run.output)\(run.errors)")
            #expect(run.outputLines.count == 1)
            #expect(run.output.contains("in/large.gif: "))
            #expect(run.output.contains("over budget: "))
        }
        #expect(try await Self.convert(folder, "--check", "bytes<=1MiB").code == 0)
    }

    @Test(arguments: [
        ["--check", "nope:bytes<=1KiB"], ["--check", "bytes<1"], ["--check", "bytes<=1KiB", "--dry-run"],
        ["--recipe", "w=nope"], ["--recipe", "thumbnail:w=9", "--preset", "thumbnail"],
    ])
    func whatMakesNoSenseIsRefused(arguments: [String]) async throws {
        let folder = try Self.folder()
        let run = try await MediactlRun(try Self.arguments(folder, arguments))
        #expect(run.code == 2, "\(run.output)\(run.errors)")
        #expect(try ConvertFolder.outputs(folder).isEmpty)
    }
}
