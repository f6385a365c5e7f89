import FoundationEssentials
import MediaTesting
import Testing

/// From what is left to a service that delivers, with the programs as built.
@Suite(.timeLimit(.minutes(10)))
struct MediactlRestoreTests {
    @Test func theRunbookLeadsFromABackUpToAServiceThatDelivers() async throws {
        var origin = try await ServedOrigin()
        let asset = try await origin.upload()
        let restored = origin.scratch.path("restored")
        let names = [
            ("mediactl", try #require(BuiltProducts.path("mediactl"))), ("./media-data", origin.data),
            ("/backup/media", origin.scratch.path("backup")), ("/safe/keys", origin.scratch.path("safe")),
            ("./restored", restored),
        ]
        let commands = try Runbook.commands(of: "Back-up and restore")
        let mkdir = try #require(commands.firstIndex { $0.hasPrefix("mkdir ") })
        try #require(commands.last == "mediad serve --data-dir ./restored")
        for command in commands[..<mkdir] { try await Self.succeed(command, names) }
        // The disk is gone, and all that was on it.
        try await origin.stop()
        try FileManager.default.removeItem(atPath: origin.data)
        for command in commands[mkdir...].dropLast() { try await Self.succeed(command, names) }
        try await origin.start(on: restored)
        #expect(try await origin.status(asset) == 200)
    }

    private static func succeed(_ command: String, _ names: [(String, String)]) async throws {
        let outcome = try await Runbook.run(command, with: names)
        try #require(outcome.exit == .code(0), "\(command): \(outcome.errorText)")
    }

    @Test func whatTheRefusalAdvisesIsEnough() async throws {
        var origin = try await ServedOrigin()
        let asset = try await origin.upload()
        let backup = origin.scratch.path("backup")
        #expect(try await origin.operate("backup", "--to", backup).code == 0)
        try await origin.stop()
        let restored = origin.scratch.path("restored")
        let restore = ["restore", "--full", "--from", backup, "--data-dir", restored]
        let refused = try await MediactlRun(restore)
        #expect(refused.code == 1)
        // Where it says that the ring is missing is where it may be put.
        #expect(refused.errors.contains("\(restored)/keys: there is no key ring"))
        #expect(!FileManager.default.fileExists(atPath: restored))
        try FileManager.default.createDirectory(atPath: restored, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: "\(origin.data)/keys", toPath: "\(restored)/keys")
        let run = try await MediactlRun(restore)
        #expect(run.code == 0, "\(run.output)\(run.errors)")
        try await origin.start(on: restored)
        #expect(try await origin.status(asset) == 200)
    }

    /// The data keys of blobs that were rewrapped are in catalogs only; their headers name a key that is gone.
    @Test func aCatalogIsRebuiltOfBlobsThatWereRewrappedWithTheBackUpsHelp() async throws {
        var origin = try await ServedOrigin()
        let asset = try await origin.upload()
        let old = try #require(try await Self.currentKey(origin))
        #expect(try await origin.operate("keys", "rotate").code == 0)
        #expect(try await origin.operate("keys", "rewrap").code == 0)
        #expect(try await origin.operate("keys", "retire", old).code == 0)
        let backup = origin.scratch.path("backup")
        #expect(try await origin.operate("backup", "--to", backup).code == 0)
        let blobs = try origin.blobs().count
        try await origin.stop()
        try origin.loseCatalog()
        let without = try await origin.operate("fsck", "--rebuild")
        #expect(without.code == 3, "nothing is left that opens them: \(without.output)\(without.errors)")
        try origin.loseCatalog()
        let run = try await origin.operate("fsck", "--rebuild", "--wraps", backup)
        #expect(run.code == 0, "\(run.output)\(run.errors)")
        // Every byte of every blob.
        let fsck = try await origin.operate("fsck", "--json")
        #expect(fsck.code == 0, "\(fsck.output)\(fsck.errors)")
        #expect(fsck.output.contains(#""blobs":"\#(blobs)""#), "\(fsck.output)")
        try await origin.start()
        #expect(try await origin.status(asset) == 200)
        #expect(try await origin.status(asset, "latest") == 200)
    }

    private static func currentKey(_ origin: ServedOrigin) async throws -> String? {
        let rows = try await origin.operate("keys", "list").outputLines
        return rows.first { $0.split(separator: " ").contains("current") }?.split(separator: " ").first.map(String.init)
    }
}
