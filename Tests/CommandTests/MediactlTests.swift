import FoundationEssentials
import MediaTesting
import Testing

/// The built `mediactl`: what it prints and how it ends.
@Suite(.timeLimit(.minutes(5)))
struct MediactlTests {
    static let asset = "01jd3m8m9x0000000000000000"
    static let manifest = """
        {"id": "\(asset)", "version": 1, "state": "ready", "createdAt": "2026-11-21T07:00:00Z",
         "source": {"mediaType": "image/png", "bytes": 7, "width": 4, "height": 3, "sha256": "ab"},
         "renditions": {"thumbnail": {"url": "/a/\(asset)/v1/thumbnail.webp", "mediaType": "image/webp",
                                      "width": 4, "height": 3, "bytes": 5, "sha256": "cd"}}}
        """
    static let pngStart: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private static func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    // MARK: Usage and settings

    @Test(arguments: [
        ["bogus"], ["upload"], ["upload", "a", "--nope"], ["show", "UPPER"], ["convert", "a"], ["config", "nope"],
        ["convert", "a", "--preset", "nope", "--out", "b"], ["config", "show", "--http-port", "abc"],
        ["config", "show", "--http-host", "0.0.0.0"], ["config", "show", "--config", "/nonexistent.yaml"],
    ])
    func argumentsThatMakeNoSenseEndWith2(arguments: [String]) async throws {
        let run = try await MediactlRun(arguments)
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
    }

    @Test(arguments: [["--help"], ["--version"], ["upload", "--help"], ["config", "show"], ["config", "docs"]])
    func whatIsOnlyPrintedEndsWith0(arguments: [String]) async throws {
        let run = try await MediactlRun(arguments)
        #expect(run.code == 0)
        #expect(!run.output.isEmpty)
        #expect(run.errors.isEmpty)
    }

    @Test func theReferenceOfCommandsIsTheGeneratedOne() async throws {
        let page = SharedData.checkout.appending(path: "docs/CLI.md")
        let run = try await MediactlRun(["docs"])
        #expect(run.output == (try String(contentsOf: page, encoding: .utf8)), "run: mediactl docs > docs/CLI.md")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func shellsGetTheirCompletion(shell: String) async throws {
        let run = try await MediactlRun(["--generate-completion-script", shell])
        #expect(run.code == 0)
        #expect(run.output.contains("rewrap"))
    }

    @Test func unknownVariablesStopEveryCommand() async throws {
        for arguments in [
            ["config", "show"], ["upload", "a"], ["show", Self.asset], ["convert", "a", "--out", "b"],
            ["keys", "list"],
            ["restore", "--from", "a"],
        ] {
            let run = try await MediactlRun(arguments, environment: ["MEDIA_HTTP_PROT": "1"])
            #expect(run.code == 2)
            #expect(run.errors.contains("did you mean MEDIA_HTTP_PORT?"))
        }
    }

    @Test func configShowSaysWhereEachValueCameFrom() async throws {
        let environment = ["MEDIA_API_TOKEN": "a-secret-of-some-length", "MEDIA_HTTP_PORT": "8081"]
        let run = try await MediactlRun(["config", "show", "--workers", "3"], environment: environment)
        let words = run.outputLines.map { $0.split(separator: " ").map(String.init) }
        #expect(words.contains(["http.port", "8081", "environment"]))
        #expect(words.contains(["workers", "3", "flag"]))
        #expect(words.contains(["queue.max", "64", "default"]))
        #expect(words.contains(["api.token", "***", "environment"]))
        #expect(!run.output.contains("a-secret"))
    }

    // MARK: Upload and show

    @Test func anUnreachableServiceIsNamedAndTheNextFileIsTried() async throws {
        let folder = try TemporaryFolder()
        try Self.write(Self.pngStart, folder.path("a.png"))
        // Nobody listens there: a port below 1024 that no service of a test machine has.
        let run = try await MediactlRun(
            ["upload", folder.path("a.png"), folder.path("missing"), "--origin", "http://127.0.0.1:9"]
        )
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("a.png: cannot reach http://127.0.0.1:9: Connection refused"))
        #expect(run.errors.contains("mediad serve"))
        #expect(run.errors.contains("missing: cannot be opened: No such file or directory"))
    }

    @Test func uploadSendsTheFileAsItIsAndPrintsWhereItCanBeHad() async throws {
        let server = try CannedOrigin(status: "201 Created", type: "application/json", body: Self.manifest)
        let folder = try TemporaryFolder()
        // Several pieces, the last one short.
        let picture = Self.pngStart + (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Self.write(picture, folder.path("a.png"))
        let run = try await MediactlRun(
            ["upload", folder.path("a.png"), "--origin", server.origin],
            environment: ["MEDIA_API_TOKEN": "a-secret-of-some-length"]
        )
        #expect(run.code == 0, "\(run.errors)")
        let url = "\(server.origin)/a/\(Self.asset)/v1/thumbnail.webp"
        #expect(run.outputLines == ["\(folder.path("a.png")): \(Self.asset) v1 ready \(url)"])
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("POST /v1/assets HTTP/1.1\r\n"))
        let head = request.head.lowercased()
        #expect(head.contains("\r\ncontent-type: image/png\r\n"))
        #expect(head.contains("\r\nauthorization: bearer a-secret-of-some-length\r\n"))
        #expect(!head.contains("\r\nprefer:"))
        #expect(request.body == picture)
    }

    @Test func asyncAndJSONAreAskedForAndPrinted() async throws {
        let server = try CannedOrigin(status: "202 Accepted", type: "application/json", body: Self.manifest)
        let folder = try TemporaryFolder()
        try Self.write([1, 2, 3], folder.path("unknown"))
        let run = try await MediactlRun(
            ["upload", "--async", "--json", folder.path("unknown"), folder.path("unknown"), "--origin", server.origin]
        )
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.count == 2)
        #expect(run.outputLines.allSatisfy { $0.hasPrefix("{\"id\": \"\(Self.asset)\"") && $0.hasSuffix("}}}") })
        let head = try #require(server.requests.first).head.lowercased()
        #expect(head.contains("\r\nprefer: respond-async\r\n"))
        #expect(head.contains("\r\ncontent-type: application/octet-stream\r\n"))
        #expect(!head.contains("\r\nauthorization:"))
    }

    @Test func problemsAreToldWithWhatToDo() async throws {
        let server = try CannedOrigin(
            status: "503 Service Unavailable",
            type: "application/problem+json",
            fields: "Retry-After: 7\r\n",
            body: #"{"type": "/problems/busy", "title": "Busy", "status": 503, "detail": "Too many \u001b[31muploads"}"#
        )
        let folder = try TemporaryFolder()
        try Self.write(Self.pngStart, folder.path("a.png"))
        let run = try await MediactlRun(["upload", folder.path("a.png"), "--origin", server.origin])
        #expect(run.code == 1)
        #expect(run.errors.contains("a.png: Busy: Too many \\u{1b}[31muploads (503, /problems/busy)"))
        #expect(run.errors.contains("try again in 7 seconds"))
    }

    @Test func anAnswerThatIsNoManifestIsAFailure() async throws {
        let server = try CannedOrigin(status: "200 OK", type: "text/html", body: "<p>Welcome to nginx</p>")
        let run = try await MediactlRun(["show", Self.asset, "--origin", server.origin])
        #expect(run.code == 1)
        #expect(run.errors.contains("no manifest"))
    }

    @Test func theTokenDoesNotFollowARedirection() async throws {
        let elsewhere = try CannedOrigin(status: "200 OK", type: "application/json", body: Self.manifest)
        let server = try CannedOrigin(
            status: "307 Temporary Redirect",
            type: "text/plain",
            fields: "Location: \(elsewhere.origin)/v1/assets/\(Self.asset)\r\n",
            body: ""
        )
        let run = try await MediactlRun(["show", Self.asset, "--origin", server.origin, "--token", "0123456789abcdef"])
        #expect(run.code == 1)
        #expect(run.errors.contains("--origin"))
        #expect(elsewhere.requests.isEmpty)
    }

    @Test func showPrintsTheAsset() async throws {
        let server = try CannedOrigin(status: "200 OK", type: "application/json", body: Self.manifest)
        let run = try await MediactlRun(["show", Self.asset, "--origin", server.origin])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.first == "\(Self.asset) v1 ready")
        #expect(run.output.contains("thumbnail: 4x3 5 bytes \(server.origin)/a/\(Self.asset)/v1/thumbnail.webp"))
        #expect(server.requests.first?.head.hasPrefix("GET /v1/assets/\(Self.asset) HTTP/1.1\r\n") == true)
    }
}
