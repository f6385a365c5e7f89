import FoundationEssentials
import MediaTesting
import Testing

/// `mediactl convert`, with real workers.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MediactlConvertTests {
    private static let pictures = Fixtures.folder.appending(path: "pictures").path(percentEncoded: false)

    private static func isWebP(_ path: String) throws -> Bool {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        return bytes.starts(with: Array("RIFF".utf8)) && bytes.dropFirst(8).starts(with: Array("WEBP".utf8))
    }

    @Test func foldersAreMirroredAndNamedFilesAreNot() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place(
            [
                ("gradient.jpg", "in/a.jpg"), ("gradient.png", "in/deep/er/b.c.png"), ("gradient.webp", "named.webp"),
                ("gradient.jpg", "in/.hidden.jpg"), ("gradient.jpg", "in/.hidden/a.jpg"),
            ],
            in: folder
        )
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("in/link.jpg"),
            withDestinationPath: folder.path("named.webp")
        )
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("in/circle"),
            withDestinationPath: folder.path("in")
        )
        let out = folder.path("out")
        let run = try await MediactlRun(
            ["convert", folder.path("in"), folder.path("named.webp"), "--out", out]
                + ["--preset", "thumbnail", "--preset", "preview"]
        )
        #expect(run.code == 0, "\(run.errors)")
        let written = try ConvertFolder.files(folder).filter { $0.hasPrefix("out/") }
        #expect(
            written == [
                "out/a.preview.webp", "out/a.thumbnail.webp", "out/deep/er/b.c.preview.webp",
                "out/deep/er/b.c.thumbnail.webp", "out/named.preview.webp", "out/named.thumbnail.webp",
            ]
        )
        for path in written { #expect(try Self.isWebP(folder.path(path)), "\(path)") }
        #expect(run.outputLines.last?.hasPrefix("3 files: 3 converted, 0 refused, 0 skipped; ") == true)
    }

    @Test func aRefusedFileIsALineAndNotTheEnd() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place(
            [("magic-only.png", "in/broken.png"), ("empty", "in/empty.jpg"), ("gradient.jpg", "in/good.jpg")],
            in: folder
        )
        try Data("words".utf8).write(to: URL(filePath: folder.path("in/notes.txt")))
        let run = try await MediactlRun(
            [
                "convert", folder.path("in"), folder.path("missing.png"), "--preset", "thumbnail", "--out",
                folder.path("out"),
            ]
        )
        #expect(run.code == 1)
        #expect(run.outputLines.contains { $0.contains("in/broken.png: refused (undecodable-picture)") })
        #expect(run.outputLines.contains { $0.contains("in/empty.jpg: refused (file): is empty") })
        #expect(run.outputLines.contains { $0.contains("missing.png: refused (file): cannot be opened") })
        #expect(run.outputLines.contains { $0.contains("in/notes.txt: skipped") })
        #expect(run.outputLines.contains { $0.contains("in/good.jpg: converted") })
        #expect(run.outputLines.last?.hasPrefix("5 files: 1 converted, 3 refused, 1 skipped; ") == true)
        #expect(try ConvertFolder.files(folder).filter { $0.hasPrefix("out/") } == ["out/good.thumbnail.webp"])
    }

    /// The worker is one that does what a picture says: it crashes, hangs or lies.
    @Test(.enabled(if: BuiltProducts.path("FakeWorker") != nil, "FakeWorker was not built"))
    func aHostileFileIsALineAndNotTheEnd() async throws {
        let folder = try TemporaryFolder()
        let behaviours = [
            ("a-good", "ok"), ("b-crash", "crash"), ("c-good", "ok"), ("d-hang", "hang"), ("e-lie", "forge id 900"),
            ("f-late", "late"), ("g-exit", "exit 0"), ("h-bad", "fault undecodable-picture"), ("i-good", "ok"),
        ]
        try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: true)
        for (name, behaviour) in behaviours {
            try Data("GIF89a \(behaviour)\n".utf8).write(to: URL(filePath: folder.path("in/\(name).gif")))
        }
        let run = try await MediactlRun(
            [
                "convert", folder.path("in"), "--preset", "thumbnail", "--out", folder.path("out"), "--workers", "2",
                "--render-deadline", "10s", "--worker-path", try #require(BuiltProducts.path("FakeWorker")),
            ]
        )
        #expect(run.code == 1, "\(run.errors)")
        let expected = [
            ("b-crash", "codec-crashed"), ("d-hang", "render-deadline"), ("e-lie", "codec-crashed"),
            ("f-late", "render-deadline"), ("g-exit", "codec-crashed"), ("h-bad", "undecodable-picture"),
        ]
        for (name, code) in expected {
            #expect(
                run.outputLines.contains { $0.contains("in/\(name).gif: refused (\(code)): ") },
                "\(name): \(run.output)"
            )
        }
        #expect(run.outputLines.last?.hasPrefix("9 files: 3 converted, 6 refused, 0 skipped; ") == true)
        #expect(
            try ConvertFolder.files(folder).filter { $0.hasPrefix("out/") }
                == ["a-good", "c-good", "i-good"].map { "out/\($0).thumbnail.webp" }
        )
    }

    @Test func aFileThatIsNamedAndNoPictureIsRefused() async throws {
        let folder = try TemporaryFolder()
        try Data("words".utf8).write(to: URL(filePath: folder.path("notes.txt")))
        let run = try await MediactlRun(["convert", folder.path("notes.txt"), "--out", folder.path("out")])
        #expect(run.code == 1)
        #expect(run.outputLines.last?.hasPrefix("1 files: 0 converted, 1 refused, 0 skipped; ") == true)
    }

    @Test func noSourceIsOverwritten() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place([("gradient.jpg", "a.jpg"), ("gradient.webp", "a.thumbnail.webp")], in: folder)
        let before = try Data(contentsOf: URL(filePath: folder.path("a.thumbnail.webp")))
        for _ in 0..<2 {
            let run = try await MediactlRun(
                ["convert", folder.path("a.jpg"), folder.path("a.thumbnail.webp"), "--preset", "thumbnail"]
                    + ["--out", folder.path]
            )
            #expect(run.code == 1)
            #expect(run.output.contains("a.jpg: refused (output-collision): would overwrite "))
            #expect(try Data(contentsOf: URL(filePath: folder.path("a.thumbnail.webp"))) == before)
        }
        #expect(
            try ConvertFolder.files(folder) == ["a.jpg", "a.thumbnail.thumbnail.webp", "a.thumbnail.webp"]
        )
    }

    @Test func besideItsSourceAnOutputIsKnownAsOne() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place([("gradient.jpg", "a.jpg")], in: folder)
        for round in 0..<2 {
            let run = try await MediactlRun(
                ["convert", folder.path, "--preset", "thumbnail", "--out", folder.path]
            )
            #expect(run.code == 0, "\(run.output)\(run.errors)")
            #expect(run.output.contains("skipped: is an output") == (round == 1))
            #expect(try ConvertFolder.files(folder) == ["a.jpg", "a.thumbnail.webp"])
        }
    }

    @Test func anOutputFolderInsideTheSourcesIsNoSource() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place([("gradient.jpg", "a.jpg")], in: folder)
        for _ in 0..<2 {
            let run = try await MediactlRun(
                ["convert", folder.path, "--preset", "thumbnail", "--out", folder.path("out")]
            )
            #expect(run.code == 0, "\(run.errors)")
            #expect(try ConvertFolder.files(folder) == ["a.jpg", "out/a.thumbnail.webp"])
        }
    }

    @Test func whatCannotBeWrittenLeavesNothingBehind() async throws {
        let folder = try TemporaryFolder()
        try ConvertFolder.place([("gradient.jpg", "a.jpg")], in: folder)
        // A folder stands where the rendition should go: the rename fails after the bytes are written.
        try FileManager.default.createDirectory(
            atPath: folder.path("out/a.thumbnail.webp/x"),
            withIntermediateDirectories: true
        )
        let run = try await MediactlRun(
            ["convert", folder.path("a.jpg"), "--preset", "thumbnail", "--out", folder.path("out")]
        )
        #expect(run.code == 1)
        #expect(run.outputLines.contains { $0.contains("cannot be written: Is a directory") })
        #expect(try ConvertFolder.files(folder) == ["a.jpg"])
    }

    @Test func aFileOverTheLimitOfBytesIsRefusedUnread() async throws {
        let folder = try TemporaryFolder()
        let run = try await MediactlRun(
            ["convert", "\(Self.pictures)/gradient.png", "--upload-bytes-max", "1KiB", "--out", folder.path("out")]
        )
        #expect(run.code == 1)
        #expect(run.output.contains("more than upload.bytes.max (1024)"))
    }

    @Test func jsonIsALineAFileAndTheSummary() async throws {
        struct Line: Decodable {
            struct Output: Decodable {
                let path: String
                let preset: String
                let width: Int
                let bytes: Int
            }
            struct Summary: Decodable {
                let files: Int
                let converted: Int
                let bytesOut: Int
            }
            let file: String?
            let state: String?
            let outputs: [Output]?
            let summary: Summary?
        }
        let folder = try TemporaryFolder()
        let run = try await MediactlRun(
            [
                "convert", "\(Self.pictures)/gradient.jpg", "--json", "--presets", "tiny:w=8", "--out",
                folder.path("out"),
            ]
        )
        #expect(run.code == 0, "\(run.errors)")
        let lines = try run.outputLines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        try #require(lines.count == 2)
        let output = try #require(lines[0].outputs?.first)
        #expect(lines[0].state == "converted")
        #expect(output.path == folder.path("out/gradient.tiny.webp"))
        #expect(output.bytes == (try Data(contentsOf: URL(filePath: output.path)).count))
        #expect(lines[1].summary?.files == 1)
        #expect(lines[1].summary?.converted == 1)
        #expect(lines[1].summary?.bytesOut == output.bytes)
    }

    @Test(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"))
    func photographsBecomeSmaller() async throws {
        let folder = try TemporaryFolder()
        let photos = SharedData.folder.appending(path: "photos").path(percentEncoded: false)
        let run = try await MediactlRun(["convert", photos, "--preset", "preview", "--out", folder.path("out")])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.last?.contains(" 0 refused, 1 skipped; ") == true)
        #expect(try ConvertFolder.files(folder).count == run.outputLines.count - 2)
    }
}
