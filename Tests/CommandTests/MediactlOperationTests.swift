import FoundationEssentials
import Glibc
import MediaTesting
import Testing

/// The operations' commands, against a control socket with given answers.
@Suite(.timeLimit(.minutes(5)))
struct MediactlOperationTests {
    private static let done = #"{"kind":"done","text":"2 envelope keys","fields":{"keys":"2"}}"# + "\n"

    /// `mediactl` with a folder of its own, in which something listens at `control.sock`.
    private static func run(
        _ arguments: [String],
        status: String = "200 OK",
        type: String = "application/x-ndjson",
        pieces: [String],
        isWhole: Bool = true
    ) async throws -> (run: MediactlRun, requests: [CannedListener.Request]) {
        let folder = try TemporaryFolder()
        let control = try CannedControl(
            folder.path("control.sock"),
            status: status,
            type: type,
            pieces: pieces,
            isWhole: isWhole
        )
        let run = try await MediactlRun(arguments + ["--data-dir", folder.path])
        #expect(try folder.files().contains("LOCK") == false, "the data folder is the service's")
        return (run, control.requests)
    }

    @Test func aRunningServiceDoesTheWork() async throws {
        let (run, requests) = try await Self.run(["keys", "retire", "ek-1"], pieces: [Self.done])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output == "2 envelope keys\n")
        let request = try #require(requests.first)
        #expect(request.head.hasPrefix("POST /operations/keys-retire HTTP/1.1\r\n"))
        #expect(request.head.lowercased().contains("\r\ncontent-type: application/json\r\n"))
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"key":"ek-1"}"#)
    }

    @Test func keysAreATable() async throws {
        let row = #"""
            {"kind":"row","text":"x","fields":{"id":"ek-1","state":"current","tenant":"default",\#
            "createdAt":"2026-11-21T07:00:00Z","blobs":"12","rootKey":"k1"}}

            """#
        // Pieces need not end where lines do.
        let (run, _) = try await Self.run(
            ["keys", "list"],
            pieces: [String(row.prefix(20)), String(row.dropFirst(20)) + Self.done]
        )
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            run.outputLines == [
                "KEY   STATE    TENANT   MADE                  BLOBS  ROOT KEY",
                "ek-1  current  default  2026-11-21T07:00:00Z  12     k1", "2 envelope keys",
            ]
        )
    }

    @Test func aFindingIsExitCode3UnlessItWasRepaired() async throws {
        let finding = #"{"kind":"finding","text":"a chunk is wrong","fields":{"code":"corrupt","blob":"ab"}}"# + "\n"
        let (found, _) = try await Self.run(["fsck"], pieces: [finding, Self.done])
        #expect(found.code == 3)
        #expect(found.outputLines.first == "corrupt  ab  a chunk is wrong")
        let repaired = finding.replacing("\"blob\"", with: "\"repaired\":\"true\",\"blob\"")
        let (mended, requests) = try await Self.run(["fsck", "--repair"], pieces: [repaired, Self.done])
        #expect(mended.code == 0)
        #expect(String(decoding: try #require(requests.first).body, as: UTF8.self) == #"{"repair":"true"}"#)
    }

    @Test func jsonIsALineAnObject() async throws {
        let progress = #"{"kind":"progress","text":"1 of 2","fields":{}}"# + "\n"
        let (run, _) = try await Self.run(["keys", "list", "--json"], pieces: [progress, Self.done])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines == [#"{"fields":{"keys":"2"},"kind":"done","text":"2 envelope keys"}"#])
        #expect(run.errors.isEmpty)
    }

    @Test func progressIsForWhoAsks() async throws {
        let progress = #"{"kind":"progress","text":"1 of 2","fields":{}}"# + "\n"
        let (silent, _) = try await Self.run(["keys", "rewrap"], pieces: [progress, Self.done])
        #expect(silent.errors.isEmpty)
        let (told, _) = try await Self.run(["keys", "rewrap", "--progress"], pieces: [progress, Self.done])
        #expect(told.errors == "1 of 2\n")
        #expect(told.output == "2 envelope keys\n")
    }

    @Test func aFailureSaysWhy() async throws {
        let failed = #"{"kind":"failed","text":"3 blobs need ek-1","fields":{}}"# + "\n"
        let (run, _) = try await Self.run(["keys", "retire", "ek-1"], pieces: [failed])
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors == "mediactl: 3 blobs need ek-1\n")
    }

    // MARK: What goes wrong between them

    /// Where a service can listen, mediactl can connect, and where it cannot, that is said.
    @Test func thePathOfTheSocketHas103BytesAtTheMost() async throws {
        let folder = try TemporaryFolder()
        let longest = folder.path(String(repeating: "s", count: 103 - folder.path.utf8.count - 1))
        for (path, code) in [(longest, Int32(0)), (longest + "s", 1)] {
            let control = try CannedControl(path, pieces: [Self.done])
            let run = try await MediactlRun(
                ["keys", "list", "--data-dir", folder.path, "--control-socket", path]
            )
            #expect(run.code == code, "\(run.errors)")
            #expect(control.requests.count == (code == 0 ? 1 : 0))
            if code == 1 { #expect(run.errors.contains("its path has 104 bytes; set control.socket")) }
        }
    }

    @Test(arguments: [true, false])
    func anAnswerWithoutALastLineIsAFailure(isWhole: Bool) async throws {
        let row = #"{"kind":"row","text":"half of it","fields":{}}"# + "\n"
        let (run, _) = try await Self.run(["keys", "rewrap"], pieces: [row], isWhole: isWhole)
        #expect(run.code == 1)
        #expect(run.output == "half of it\n")
        #expect(run.errors.contains(isWhole ? "stopped answering" : "broke off"))
        #expect(run.errors.contains("service's log"))
    }

    @Test func aLineThatIsNoneIsAFailure() async throws {
        let (run, _) = try await Self.run(["keys", "list"], pieces: ["<p>Welcome</p>\n"])
        #expect(run.code == 1)
        #expect(run.errors.contains("no line of an operation"))
    }

    @Test func aProblemIsToldWithWhatToDo() async throws {
        let (run, _) = try await Self.run(
            ["keys", "list"],
            status: "404 Not Found",
            type: "application/problem+json",
            pieces: [#"{"type": "/problems/unknown-operation", "title": "No such operation"}"#]
        )
        #expect(run.code == 1)
        #expect(run.errors.contains("No such operation (404, /problems/unknown-operation)"))
        #expect(run.errors.contains("one release"))
    }

    @Test func whatNeedsTheFolderAloneIsRefusedWhileAServiceRuns() async throws {
        for arguments in [["restore", "--from", "b"], ["fsck", "--rebuild"]] {
            let (run, requests) = try await Self.run(arguments, pieces: [Self.done])
            #expect(run.code == 1)
            #expect(run.errors.contains("a service runs on it"))
            #expect(run.errors.contains("stop the service"))
            #expect(requests.isEmpty)
        }
    }

    @Test(arguments: [
        ["keys", "retire"], ["keys", "retire", ""], ["keys", "retire", "two words"], ["reseal", "ARN:1"],
        ["collect", "--orphan-age", "1 hour"], ["fsck", "--wraps", "b"], ["fsck", "--rebuild", "--repair"],
        ["backup"], ["restore"], ["keys", "rotate", "ek-1"], ["keys", "list", "--key-epoch", "soon"],
    ])
    func whatMakesNoSenseIsNotSent(arguments: [String]) async throws {
        let (run, requests) = try await Self.run(arguments, pieces: [Self.done])
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
        #expect(requests.isEmpty)
    }

    @Test func pathsAreSentAsTheyAreFromTheRoot() async throws {
        let (run, requests) = try await Self.run(["backup", "--to", "there"], pieces: [Self.done])
        #expect(run.code == 0, "\(run.errors)")
        let here = FileManager.default.currentDirectoryPath
        #expect(String(decoding: try #require(requests.first).body, as: UTF8.self) == #"{"to":"\#(here)/there"}"#)
    }

    @Test func interruptionEndsItAndTheConnection() async throws {
        let folder = try TemporaryFolder()
        let row = #"{"kind":"row","text":"begun","fields":{}}"# + "\n"
        // An hour of next to nothing: nobody waits for it.
        let control = try CannedControl(
            folder.path("control.sock"),
            pieces: [row] + [String](repeating: "\n", count: 180_000)
        )
        let program = try ChildProcess(
            try #require(BuiltProducts.path("mediactl")),
            ["keys", "rewrap", "--data-dir", folder.path]
        )
        while program.stdout.isEmpty, program.exit == nil { try await Task.sleep(for: .milliseconds(10)) }
        program.send(signal: SIGINT)
        #expect(try await program.exit(within: Patience.timeMax) == .code(1))
        #expect(String(decoding: program.stderr, as: UTF8.self).contains("Interrupted"))
        #expect(control.requests.count == 1)
    }
}
