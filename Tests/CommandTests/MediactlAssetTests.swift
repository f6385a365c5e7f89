import FoundationEssentials
import MediaTesting
import Testing

/// The commands on assets, against answers that are given.
@Suite(.timeLimit(.minutes(5)))
struct MediactlAssetTests {
    private static let asset = MediactlTests.asset

    private static func server(
        _ status: String = "200 OK",
        _ body: String = MediactlTests.manifest,
        breaks: Int = 0
    ) throws -> CannedOrigin {
        try CannedOrigin(status: status, type: "application/json", body: body, breaks: breaks)
    }

    /// The fields of a head, the names in lower case.
    private static func fields(_ head: String) -> [String: String] {
        let lines = head.split(separator: "\r\n").dropFirst()
        return Dictionary(
            lines.compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { return nil }
                return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
            },
            uniquingKeysWith: { first, second in "\(first), \(second)" }
        )
    }

    // MARK: Upload

    @Test func anUploadIsSentWithItsDigestAndAKey() async throws {
        let server = try Self.server("201 Created")
        let folder = try TemporaryFolder()
        try Data("abc".utf8).write(to: URL(filePath: folder.path("a")))
        let run = try await MediactlRun(["upload", folder.path("a"), folder.path("a"), "--origin", server.origin])
        #expect(run.code == 0, "\(run.errors)")
        let heads = server.requests.map { Self.fields($0.head) }
        try #require(heads.count == 2)
        // FIPS 180-4's first example, in base64.
        #expect(heads[0]["content-digest"] == "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:")
        let keys = heads.compactMap { $0["idempotency-key"] }
        #expect(Set(keys).count == 2, "each upload has a key of its own")
        #expect(keys.allSatisfy { $0.hasPrefix("\"mediactl-") && $0.hasSuffix("\"") })
    }

    @Test func aBrokenConnectionIsTriedOnceMoreUnderTheSameKey() async throws {
        let server = try Self.server("201 Created", breaks: 1)
        let folder = try TemporaryFolder()
        try Data(MediactlTests.pngStart).write(to: URL(filePath: folder.path("a.png")))
        let run = try await MediactlRun(["upload", folder.path("a.png"), "--origin", server.origin])
        #expect(run.code == 0, "\(run.errors)")
        let requests = server.requests
        try #require(requests.count == 2)
        let keys = requests.map { Self.fields($0.head)["idempotency-key"] }
        #expect(keys[0] != nil && keys[0] == keys[1])
        #expect(requests[0].body == requests[1].body)
    }

    @Test func thereIsNoThirdAttempt() async throws {
        let server = try Self.server("201 Created", breaks: 9)
        let folder = try TemporaryFolder()
        try Data(MediactlTests.pngStart).write(to: URL(filePath: folder.path("a.png")))
        let run = try await MediactlRun(["upload", folder.path("a.png"), "--origin", server.origin])
        #expect(run.code == 1)
        #expect(run.errors.contains("broke off"))
        #expect(server.requests.count == 2)
    }

    @Test func anAnswerIsNotTriedAgain() async throws {
        let server = try Self.server("500 Internal Server Error", "{}")
        let folder = try TemporaryFolder()
        try Data(MediactlTests.pngStart).write(to: URL(filePath: folder.path("a.png")))
        let run = try await MediactlRun(["upload", folder.path("a.png"), "--origin", server.origin])
        #expect(run.code == 1)
        #expect(server.requests.count == 1)
    }

    @Test func aVersionGoesToItsAssetUnderTheGivenKey() async throws {
        let server = try Self.server("201 Created")
        let folder = try TemporaryFolder()
        try Data(MediactlTests.pngStart).write(to: URL(filePath: folder.path("a.png")))
        let key = #"it is "mine" \"#
        let run = try await MediactlRun(
            ["upload", folder.path("a.png"), "--version-of", Self.asset, "--idempotency-key", key]
                + ["--origin", server.origin]
        )
        #expect(run.code == 0, "\(run.errors)")
        let head = try #require(server.requests.first).head
        #expect(head.hasPrefix("POST /v1/assets/\(Self.asset)/versions HTTP/1.1\r\n"))
        #expect(Self.fields(head)["idempotency-key"] == #""it is \"mine\" \\""#)
    }

    @Test(arguments: [
        ["upload", "a", "b", "--idempotency-key", "k"], ["upload", "a", "--idempotency-key", ""],
        ["upload", "a", "--idempotency-key", "ä"], ["upload", "a", "b", "--version-of", MediactlTests.asset],
        ["upload", "a", "--version-of", "nope"], ["delete"], ["delete", "nope"], ["undelete", "nope"],
        ["rollback", MediactlTests.asset], ["rollback", MediactlTests.asset, "--to", "0"],
        ["rollback", MediactlTests.asset, "--to", "1.5"], ["versions"], ["reprocess", "nope"],
    ])
    func whatMakesNoSenseIsNotSent(arguments: [String]) async throws {
        let run = try await MediactlRun(arguments)
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
    }

    // MARK: The rest of a life

    @Test(arguments: [(false, ""), (true, "?immediate=true")])
    func deleteAsksForNothing(immediate: Bool, query: String) async throws {
        let server = try CannedOrigin(status: "204 No Content", type: "text/plain", body: "")
        let run = try await MediactlRun(
            ["delete", Self.asset] + (immediate ? ["--immediate"] : []) + ["--origin", server.origin]
        )
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.first?.hasPrefix("\(Self.asset): \(immediate ? "erased" : "deleted")") == true)
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("DELETE /v1/assets/\(Self.asset)\(query) HTTP/1.1\r\n"))
        #expect(request.body.isEmpty)
    }

    @Test func deleteGoesOnAfterOneThatFails() async throws {
        let server = try CannedOrigin(
            status: "404 Not Found",
            type: "application/problem+json",
            body: #"{"type": "/problems/unknown-asset", "title": "No such asset"}"#
        )
        let run = try await MediactlRun(["delete", Self.asset, Self.asset, "--json", "--origin", server.origin])
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(server.requests.count == 2)
        #expect(run.errors.contains("\(Self.asset): No such asset (404, /problems/unknown-asset)"))
    }

    @Test(arguments: [
        (["undelete", MediactlTests.asset], "POST /v1/assets/\(MediactlTests.asset)/undelete", ""),
        (["reprocess", MediactlTests.asset], "POST /v1/assets/\(MediactlTests.asset)/reprocess", ""),
        (
            ["rollback", MediactlTests.asset, "--to", "v3"], "PUT /v1/assets/\(MediactlTests.asset)/latest",
            #"{"version": 3}"#
        ),
    ])
    func changesPrintTheVersion(arguments: [String], line: String, body: String) async throws {
        let server = try Self.server()
        let run = try await MediactlRun(arguments + ["--origin", server.origin])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.first?.hasPrefix("\(Self.asset) v1 ready ") == true)
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("\(line) HTTP/1.1\r\n"))
        #expect(String(decoding: request.body, as: UTF8.self) == body)
        if !body.isEmpty { #expect(Self.fields(request.head)["content-type"] == "application/json") }
    }

    @Test func reprocessNeedNotWait() async throws {
        let server = try Self.server("202 Accepted")
        let run = try await MediactlRun(["reprocess", Self.asset, "--async", "--json", "--origin", server.origin])
        #expect(run.code == 0, "\(run.errors)")
        #expect(Self.fields(try #require(server.requests.first).head)["prefer"] == "respond-async")
        #expect(run.outputLines.first?.hasPrefix("{\"id\":") == true)
    }

    @Test func versionsAreListedAndLatestIsMarked() async throws {
        let second = MediactlTests.manifest.replacing("\"version\": 1", with: "\"version\": 2")
        let page = #"{"latest": 1, "versions": [\#(second), \#(MediactlTests.manifest)]}"#
        let server = try Self.server("200 OK", page)
        let run = try await MediactlRun(["versions", Self.asset, "--origin", server.origin])
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            run.outputLines == [
                "v2  ready  2026-11-21T07:00:00Z  image/png  7 bytes",
                "v1  ready  2026-11-21T07:00:00Z  image/png  7 bytes  latest",
            ]
        )
        #expect(server.requests.first?.head.hasPrefix("GET /v1/assets/\(Self.asset)/versions?limit=100 ") == true)
        let json = try await MediactlRun(["versions", Self.asset, "--json", "--origin", server.origin])
        #expect(json.outputLines.map { $0.contains("\"isLatest\":true") } == [false, true])
    }
}
