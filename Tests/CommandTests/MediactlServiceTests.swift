import FoundationEssentials
import MediaTesting
import Testing

/// `mediactl` and the service as built: the commands on assets, and every operation both ways, in the running service
/// and without one.
@Suite(.timeLimit(.minutes(10)))
struct MediactlServiceTests {
    private static let other = Fixtures.folder.appending(path: "pictures/gradient.png").path(percentEncoded: false)

    /// The first column of the rows of a table whose line has `word` in it.
    private static func names(_ run: MediactlRun, with word: String) -> [String] {
        run.outputLines.dropFirst().filter { $0.split(separator: " ").contains(Substring(word)) }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    // MARK: Assets

    @Test func anAssetsLifeFromTheCommandLine() async throws {
        let origin = try await ServedOrigin()
        let asset = try await origin.upload()
        #expect(try await origin.status(asset) == 200)
        let second = try await origin.ask(["upload", Self.other, "--version-of", asset])
        #expect(second.output.contains("\(asset) v2 ready"), "\(second.errors)")
        let third = try await origin.ask(["reprocess", asset])
        #expect(third.output.hasPrefix("\(asset) v3 ready"), "\(third.errors)")
        #expect(try await origin.ask(["rollback", asset, "--to", "1"]).output.hasPrefix("\(asset) v1 ready"))
        let versions = try await origin.ask(["versions", asset])
        #expect(versions.outputLines.map { $0.hasSuffix("  latest") } == [false, false, true])
        #expect(try await origin.ask(["delete", asset]).code == 0)
        #expect(try await origin.status(asset) == 410)
        #expect(try await origin.ask(["show", asset]).code == 1)
        #expect(try await origin.ask(["undelete", asset]).code == 0)
        #expect(try await origin.status(asset) == 200)
        #expect(try await origin.ask(["delete", asset, "--immediate"]).code == 0)
        #expect(try await origin.status(asset) == 410)
        #expect(try await origin.ask(["undelete", asset]).code == 1)
        #expect(try origin.blobs().isEmpty)
    }

    @Test func anUploadUnderOneKeyIsOneAsset() async throws {
        let origin = try await ServedOrigin()
        let command = ["upload", ServedOrigin.picture, "--idempotency-key", "one"]
        let first = try await origin.ask(command)
        let second = try await origin.ask(command)
        #expect(first.code == 0, "\(first.errors)")
        #expect(second.output == first.output)
        let other = try await origin.ask(["upload", Self.other, "--idempotency-key", "one"])
        #expect(other.code == 1)
        #expect(other.errors.contains("422"))
    }

    // MARK: Operations, both ways

    @Test(arguments: ServedOrigin.Place.allCases)
    func keysAreRotatedRewrappedAndRetired(place: ServedOrigin.Place) async throws {
        var origin = try await ServedOrigin()
        let asset = try await origin.upload()
        try await origin.go(to: place)
        let before = try await origin.operate("keys", "list")
        #expect(before.code == 0, "\(before.errors)")
        let old = try #require(Self.names(before, with: "current").first)
        let files = try origin.blobs().map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(try await origin.operate("keys", "retire", old).code == 1)
        #expect(try await origin.operate("keys", "rotate").code == 0)
        #expect(Self.names(try await origin.operate("keys", "list"), with: "needed") == [old])
        #expect(try await origin.operate("keys", "rewrap").code == 0)
        #expect(try await origin.operate("keys", "retire", old).code == 0)
        #expect(try origin.blobs().map { try Data(contentsOf: URL(filePath: $0)) } == files, "no blob was touched")
        let root = try await origin.operate("keys", "rotate", "--root")
        #expect(root.code == 0, "\(root.errors)")
        let fsck = try await origin.operate("fsck")
        #expect(fsck.code == 0, "\(fsck.output)\(fsck.errors)")
        if place == .inService { #expect(try await origin.status(asset) == 200) }
    }

    @Test(arguments: ServedOrigin.Place.allCases)
    func resealOfAKeyThatNothingNeedsIsDoneAtOnce(place: ServedOrigin.Place) async throws {
        var origin = try await ServedOrigin()
        _ = try await origin.upload()
        #expect(try await origin.operate("keys", "rotate").code == 0)
        let unused = try #require(Self.names(try await origin.operate("keys", "list"), with: "current").first)
        #expect(try await origin.operate("keys", "rotate").code == 0)
        try await origin.go(to: place)
        let run = try await origin.operate("reseal", unused)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.hasPrefix("0 blobs sealed anew"))
        #expect(try await origin.operate("reseal", "ek-nobody").code == 1)
    }

    @Test(arguments: ServedOrigin.Place.allCases)
    func damageIsFoundAndWhatCanBeIsRepaired(place: ServedOrigin.Place) async throws {
        var origin = try await ServedOrigin()
        _ = try await origin.upload()
        try await origin.go(to: place)
        // The smallest is the thumbnail.
        let sizes = try origin.blobs().map { ($0, try Data(contentsOf: URL(filePath: $0)).count) }
        let thumbnail = try #require(sizes.min { $0.1 < $1.1 }).0
        try origin.damage(thumbnail)
        #expect(try await origin.operate("fsck", "--quick").code == 0)
        let found = try await origin.operate("fsck")
        #expect(found.code == 3, "\(found.errors)")
        #expect(found.outputLines.first?.hasPrefix("corrupt  ") == true)
        let mended = try await origin.operate("fsck", "--repair", "--json")
        #expect(mended.code == 0, "\(mended.output)\(mended.errors)")
        #expect(mended.outputLines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        #expect(try await origin.operate("fsck").code == 0)
        let status = try await origin.operate("scrub", "status")
        #expect(status.code == 0, "\(status.errors)")
        #expect(status.output.hasPrefix("0 damaged blobs"))
    }

    @Test(arguments: ServedOrigin.Place.allCases)
    func whatNothingNamesIsCollected(place: ServedOrigin.Place) async throws {
        var origin = try await ServedOrigin(arguments: ["--delete-grace", "0ms"])
        let asset = try await origin.upload()
        #expect(try await origin.ask(["delete", asset]).code == 0)
        try await origin.go(to: place)
        let run = try await MediactlRun(
            ["collect", "--orphan-age", "0ms", "--data-dir", origin.data],
            environment: ["MEDIA_DELETE_GRACE": "0ms"]
        )
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.last?.hasPrefix("1 assets erased") == true)
        #expect(try origin.blobs().isEmpty)
    }

    @Test(arguments: ServedOrigin.Place.allCases)
    func aBackUpIsRestoredAndServed(place: ServedOrigin.Place) async throws {
        var origin = try await ServedOrigin()
        let asset = try await origin.upload()
        try await origin.go(to: place)
        let backup = origin.scratch.path("backup")
        let taken = try await origin.operate("backup", "--to", backup)
        #expect(taken.code == 0, "\(taken.errors)")
        if place == .inService { try await origin.stop() }
        let ring = "\(origin.data)/keys"
        let restored = origin.scratch.path("restored")
        let run = try await MediactlRun(
            ["restore", "--from", backup, "--full", "--data-dir", restored, "--key-ring-path", ring]
        )
        #expect(run.code == 0, "\(run.output)\(run.errors)")
        let again = try await MediactlRun(["restore", "--from", backup, "--data-dir", restored])
        #expect(again.code == 1)
        #expect(again.errors.contains("not empty"))
        let service = try await RunningService.start(arguments: ["--key-ring-path", ring], dataFolder: restored)
        let connection = try await service.connect()
        let target = "/a/\(asset)/v1/thumbnail.webp"
        #expect(try await connection.exchange("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
    }

    @Test func aCatalogThatIsLostIsRebuiltFromTheBlobs() async throws {
        var origin = try await ServedOrigin()
        let asset = try await origin.upload()
        let refused = try await origin.operate("fsck", "--rebuild")
        #expect(refused.code == 1)
        #expect(refused.errors.contains("stop the service"))
        try await origin.stop()
        try origin.loseCatalog()
        let missing = try await origin.operate("fsck")
        #expect(missing.code == 1)
        #expect(missing.errors.contains("there is no catalog"))
        let run = try await origin.operate("fsck", "--rebuild")
        #expect(run.code == 0, "\(run.output)\(run.errors)")
        #expect(try await origin.operate("fsck").code == 0)
        let service = try await RunningService.start(dataFolder: origin.data)
        let connection = try await service.connect()
        let target = "/a/\(asset)/latest/thumbnail.webp"
        #expect(try await connection.exchange("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
    }

    // MARK: Who has the folder

    @Test func aServiceThatDoesNotAnswerIsNotGoneRound() async throws {
        let scratch = try TemporaryFolder()
        let socket = scratch.path("elsewhere.sock")
        let origin = try await ServedOrigin(arguments: ["--control-socket", socket])
        let run = try await origin.operate("keys", "list")
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("another process has the data folder"))
        #expect(run.errors.contains("--control-socket"))
        #expect(try await origin.operate("keys", "list", "--control-socket", socket).code == 0)
    }

    @Test func theSocketOfAServiceThatWasKilledIsNoService() async throws {
        let origin = try await ServedOrigin()
        _ = try await origin.upload()
        try await origin.service?.kill()
        #expect(FileManager.default.fileExists(atPath: "\(origin.data)/control.sock"))
        let run = try await origin.operate("fsck")
        #expect(run.code == 0, "\(run.output)\(run.errors)")
    }

    @Test func aFolderWithoutACatalogIsNotMadeOne() async throws {
        let scratch = try TemporaryFolder()
        let run = try await MediactlRun(["keys", "list", "--data-dir", scratch.path("nowhere")])
        #expect(run.code == 1)
        #expect(run.errors.contains("there is no catalog in the data folder"))
        #expect(try scratch.files().isEmpty)
    }
}
