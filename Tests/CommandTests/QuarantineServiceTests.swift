import FoundationEssentials
import MediaTesting
import Testing

/// A picture that kills its worker, sent again and again to the service as built.
@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProducts.path("FakeWorker") != nil, "FakeWorker was not built"))
struct QuarantineServiceTests {
    /// A file that looks like a GIF, and makes `FakeWorker` crash.
    private static func killer(in origin: ServedOrigin) throws -> String {
        let path = origin.scratch.path("killer.gif")
        try Data("GIF89a crash\n".utf8).write(to: URL(filePath: path))
        return path
    }

    @Test func theThirdUploadIsRefusedAcrossARestartAndUntilItIsCleared() async throws {
        let fake = try #require(BuiltProducts.path("FakeWorker"))
        var origin = try await ServedOrigin(arguments: ["--worker-path", fake])
        let killer = try Self.killer(in: origin)
        for _ in 0..<2 {
            let run = try await origin.ask(["upload", killer])
            #expect(run.code == 1)
            #expect(run.errors.contains("codec-crashed"), "\(run.errors)")
        }
        let third = try await origin.ask(["upload", killer])
        #expect(third.errors.contains("quarantined-picture"), "\(third.errors)")
        #expect(try origin.blobs().isEmpty)
        let listed = try await origin.operate("quarantine", "list")
        #expect(listed.code == 0, "\(listed.errors)")
        let row = try #require(listed.outputLines.dropFirst().first?.split(separator: " ").map(String.init))
        #expect(row[1...2] == ["quarantined", "2"])
        #expect(listed.outputLines.last == "1 sources are in quarantine, 0 have one strike")

        // Another process, with real workers, which would say something else of these bytes.
        try await origin.stop()
        #expect(try await origin.operate("quarantine", "list").outputLines.count == 3)
        try await origin.start()
        let fourth = try await origin.ask(["upload", killer])
        #expect(fourth.errors.contains("quarantined-picture"), "\(fourth.errors)")
        #expect(try await origin.operate("quarantine", "clear").code == 2)
        let cleared = try await origin.operate("quarantine", "clear", row[0])
        #expect(cleared.output == "\(row[0]) is cleared\n")
        let fifth = try await origin.ask(["upload", killer])
        #expect(fifth.errors.contains("undecodable-picture"), "\(fifth.errors)")
    }
}
