import FoundationEssentials
import Glibc
import Logging
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

@testable import MediaRuntime

/// Operations on a data folder on the disk, as `mediactl` does them where no service runs.
@Suite(.timeLimit(.minutes(5)))
struct OfflineOriginTests {
    private static func keys(_ lines: [OperationLine]) -> [String: String] {
        let rows = lines.filter { $0.kind == .row }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.fields["id"] ?? "", $0.fields["state"] ?? "") })
    }

    @Test func aKeyIsRotatedRewrappedAndRetired() async throws {
        let folder = try await DataFolder().filled()
        let old = try #require(Self.keys(try await folder.run("keys-list")).keys.first)
        let refused = try #require(try await folder.run("keys-retire", ["key": old]).last)
        #expect(refused.kind == .failed)
        #expect(try await folder.run("keys-rotate").last?.kind == .done)
        #expect(Self.keys(try await folder.run("keys-list"))[old] == "needed")
        #expect(try await folder.run("keys-rewrap").last?.fields["blobs"] == "3")
        #expect(Self.keys(try await folder.run("keys-list"))[old] == "retirable")
        #expect(try await folder.run("keys-retire", ["key": old]).last?.kind == .done)
        let left = Self.keys(try await folder.run("keys-list"))
        #expect(left.count == 1)
        #expect(left[old] == nil)
        let checked = try await folder.run("fsck")
        #expect(checked.last?.fields["blobs"] == "3")
        #expect(checked.filter { $0.kind == .finding }.isEmpty)
    }

    @Test func lookingAtTheKeysMakesNone() async throws {
        var folder = try await DataFolder().filled()
        // The epoch is over, so that whoever kept a current key at hand would make one.
        folder.settings.keys.epoch = .milliseconds(1)
        try await Task.sleep(for: .milliseconds(5))
        #expect(Self.keys(try await folder.run("keys-list")).count == 1)
        #expect(Self.keys(try await folder.run("keys-list")).count == 1)
    }

    @Test func aNewRootKeyIsTheOneOfAllAfterARewrap() async throws {
        let folder = try await DataFolder().filled()
        let old = try #require(try await folder.run("keys-list").last?.fields["rootKey"])
        let new = try #require(try await folder.run("keys-rotate", ["root": "true"]).last?.fields["rootKey"])
        #expect(new != old)
        #expect(try await folder.run("keys-rewrap").last?.kind == .done)
        #expect(try await folder.run("keys-retire", ["key": old]).last?.kind == .done)
        #expect(try await folder.run("fsck").contains { $0.kind == .finding } == false)
    }

    @Test func aSourceIsTakenOutOfQuarantine() async throws {
        let folder = try await DataFolder().filled()
        let (one, other) = (Samples.digest(1), Samples.digest(2))
        try await folder.withStorage { storage in
            for source in [one, one, other, other] {
                _ = try await storage.catalog.strike(source, reason: "codec-crashed", at: Date())
            }
        }
        func listed() async throws -> Set<String?> {
            Set(try await folder.run("quarantine-list").filter { $0.kind == .row }.map { $0.fields["sha256"] })
        }
        #expect(try await listed() == [one.description, other.description])
        let cleared = try await folder.run("quarantine-clear", ["digest": one.description]).last
        #expect(cleared?.fields["cleared"] == "1")
        #expect(try await listed() == [other.description])
        #expect(try await folder.run("quarantine-clear", ["all": "true"]).last?.fields["cleared"] == "1")
        #expect(try await listed().isEmpty)
    }

    @Test(arguments: [[:], ["digest": Samples.digest(1).description, "all": "true"]])
    func quarantineIsClearedOfOneOrOfAll(options: [String: String]) async throws {
        let folder = try await DataFolder().filled()
        let error = await #expect(throws: OperationOptionsError.self) {
            _ = try await folder.run("quarantine-clear", options)
        }
        #expect(error?.description == "quarantine-clear needs digest or all, and not both")
    }

    @Test func damageIsAFinding() async throws {
        let folder = try await DataFolder().filled()
        let blob = try #require(try folder.scratch.files().first { $0.hasPrefix("data/blobs/") })
        var bytes = try Data(contentsOf: URL(filePath: folder.scratch.path(blob)))
        bytes[30_000] ^= 1
        try bytes.write(to: URL(filePath: folder.scratch.path(blob)))
        let quick = try await folder.run("fsck", ["quick": "true"])
        #expect(quick.contains { $0.kind == .finding } == false)
        let findings = try await folder.run("fsck").filter { $0.kind == .finding }
        #expect(findings.map { $0.fields["code"] } == ["corrupt"])
        #expect(findings.first?.fields["repaired"] == "false")
        let told = try await folder.run("fsck", ["repair": "true"]).filter { $0.kind == .finding }
        #expect(told.first?.fields["repaired"] == "false", "a source cannot be made again")
        // It is marked now, and the scrub's status knows.
        let status = try await folder.run("scrub-status")
        #expect(status.filter { $0.kind == .finding }.count == 1)
        #expect(status.last?.fields["damaged"] == "1")
    }

    @Test func orphansAreCollectedByTheirAge() async throws {
        let folder = try await DataFolder().filled(1)
        try await folder.withStorage { storage in
            let identity = BlobIdentity(
                tenant: .default,
                version: VersionRef(asset: .make(), number: .first),
                variant: "original",
                mediaType: "image/png",
                createdAt: Samples.moment
            )
            _ = try await storage.vault.put([1, 2, 3], as: identity)
        }
        #expect(try await folder.run("collect").last?.fields["orphans"] == "0")
        #expect(try await folder.run("collect", ["orphan-age": "0ms"]).last?.fields["orphans"] == "1")
        #expect(try await folder.run("fsck", ["orphan-age": "0ms"]).contains { $0.kind == .finding } == false)
    }

    @Test func aBackUpCanBeRestoredAndChecked() async throws {
        var folder = try await DataFolder().filled()
        let backup = folder.scratch.path("backup")
        #expect(try await folder.run("backup", ["to": backup]).last?.fields["blobs"] == "3")
        #expect(try await folder.run("backup", ["to": backup]).last?.fields["present"] == "3")
        // The ring is not in it, and is kept elsewhere.
        let ring = folder.settings.keyRingPath
        folder.settings.dataDirectory = folder.scratch.path("restored")
        let quick = try await folder.run("restore", ["from": backup])
        #expect(quick.last?.kind == .done)
        #expect(quick.last?.fields["sound"] == "true")
        #expect(quick.last?.text.contains("put the key ring of that day there") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.settings.keyRingPath))
        folder.settings.dataDirectory = folder.scratch.path("again")
        await #expect(throws: Never.self, "it ends with a line, not an error") {
            let refused = try await folder.run("restore", ["from": backup, "full": "true"])
            #expect(refused.last?.kind == .failed)
            #expect(refused.last?.fields["code"] == "keys.bad-key-ring")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path), "nothing is copied that cannot be checked")
        // Where it said that there is none, it may be put; as it may be named where it is.
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: ring, toPath: folder.settings.keyRingPath)
        let round = try await folder.run("restore", ["from": backup, "full": "true"])
        #expect(round.last?.fields["sound"] == "true", "\(round)")
        #expect(round.last?.text.contains("key ring") == false)
        #expect(try await folder.run("fsck").last?.fields["blobs"] == "3")
        folder.settings.dataDirectory = folder.scratch.path("third")
        folder.settings.keys.ringPathGiven = ring
        let full = try await folder.run("restore", ["from": backup, "full": "true"])
        #expect(full.last?.fields["sound"] == "true", "\(full)")
        #expect(try await folder.run("fsck").last?.fields["blobs"] == "3")
    }

    @Test func theJournalOfARestoreThatWasKilledIsNotPlayedIntoTheNext() async throws {
        var folder = try await DataFolder().filled(1)
        let (first, second) = (folder.scratch.path("first"), folder.scratch.path("second"))
        #expect(try await folder.run("backup", ["to": first]).last?.kind == .done)
        // Its first picture is the one that is there.
        folder = try await folder.filled(3)
        #expect(try await folder.run("backup", ["to": second]).last?.fields["blobs"] == "3")
        folder.settings.keys.ringPathGiven = folder.settings.keyRingPath
        folder.settings.dataDirectory = folder.scratch.path("restored")
        // What a restore of the first leaves when it is killed after it has opened its catalog and written to it.
        let restoring = folder.scratch.path("restored.restoring")
        try FileManager.default.createDirectory(atPath: restoring, withIntermediateDirectories: false)
        var killed = folder
        killed.settings.dataDirectory = folder.scratch.path("killed")
        #expect(try await killed.run("restore", ["from": first]).last?.kind == .done)
        let opened = OriginStorage.catalogPath(killed.settings)
        try await killed.withStorage { storage in
            try await storage.catalog.skipVersions()
            for journal in ["", "-wal"] {
                let left = "\(restoring)/catalog.sqlite\(journal)"
                try FileManager.default.copyItem(atPath: opened + journal, toPath: left)
            }
        }
        let restored = try await folder.run("restore", ["from": second, "full": "true"])
        #expect(restored.last?.fields["sound"] == "true", "\(restored)")
        #expect(restored.last?.fields["blobs"] == "3")
    }

    @Test func aNumberThatWasTakenAfterTheBackUpIsNotTakenAgain() async throws {
        var folder = try await DataFolder().filled(1)
        let backup = folder.scratch.path("backup")
        #expect(try await folder.run("backup", ["to": backup]).last?.kind == .done)
        let (asset, published) = try await folder.withStorage { storage in
            let asset = try #require(try await storage.catalog.page(after: nil, limit: 1).first?.ref.asset)
            return (asset, try await storage.catalog.reserveVersion(of: asset))
        }
        #expect(published == VersionNumber(2))
        folder.settings.keys.ringPathGiven = folder.settings.keyRingPath
        folder.settings.dataDirectory = folder.scratch.path("restored")
        #expect(try await folder.run("restore", ["from": backup]).last?.fields["sound"] == "true")
        let next = try await folder.withStorage { try await $0.catalog.reserveVersion(of: asset) }
        #expect(next == VersionNumber(1002))
        // A catalog that is made anew of what blobs say knows no more than they do.
        for name in try folder.catalogFiles() { try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)") }
        #expect(try await folder.run("rebuild").last?.kind == .done)
        let rebuilt = try await folder.withStorage { try await $0.catalog.reserveVersion(of: asset) }
        #expect(rebuilt == VersionNumber(1002))
    }

    @Test func aNewCatalogDoesNotReplaceTheBackUpOfAnother() async throws {
        let folder = try await DataFolder().filled()
        let backup = folder.scratch.path("backup")
        #expect(try await folder.run("backup", ["to": backup]).last?.kind == .done)
        let kept = try folder.scratch.files().filter { $0.hasPrefix("backup/") }
        // What a start makes of a data folder whose disk is not there.
        var new = folder
        new.settings.dataDirectory = folder.scratch.path("empty")
        new = try await new.filled(0)
        let refused = try await new.run("backup", ["to": backup]).last
        #expect(refused?.kind == .failed)
        #expect(refused?.fields["code"] == "origin.backup-of-another")
        #expect(try folder.scratch.files().filter { $0.hasPrefix("backup/") } == kept)
        // The id goes with a back-up, so that a restored folder goes on with it.
        var restored = folder
        restored.settings.dataDirectory = folder.scratch.path("restored")
        #expect(try await restored.run("restore", ["from": backup]).last?.kind == .done)
        restored.settings.keys.ringPathGiven = folder.settings.keyRingPath
        #expect(try await restored.run("backup", ["to": backup]).last?.fields["present"] == "3")
        let told = try await new.run("backup", ["to": backup, "replace-other": "true"]).last
        #expect(told?.fields["removed"] == "3", "\(String(describing: told))")
    }

    @Test func aLostCatalogIsMadeAnewOfTheBlobs() async throws {
        let folder = try await DataFolder().filled()
        let there = try await folder.run("rebuild")
        #expect(there.last?.kind == .failed)
        #expect(there.last?.text.contains("there is a catalog") == true)
        #expect(there.last?.fields == ["code": "folder.has-catalog"])
        let catalog = OriginStorage.catalogPath(folder.settings)
        // Of the old one only its journal is left, which must not be taken for the new one's.
        for journal in try folder.catalogFiles() where journal != "catalog.sqlite" {
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(journal)")
        }
        try FileManager.default.moveItem(atPath: catalog, toPath: "\(catalog)-wal")
        let lines = try await folder.run("rebuild")
        #expect(lines.last?.kind == .done, "\(lines)")
        #expect(try folder.catalogFiles() == ["catalog.sqlite"])
    }

    @Test func aRebuildThatFailsLeavesNoCatalog() async throws {
        let folder = try await DataFolder().filled()
        for name in try folder.catalogFiles() { try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)") }
        try FileManager.default.removeItem(atPath: folder.settings.keyRingPath)
        #expect(try await folder.run("rebuild").last?.kind == .failed)
        #expect(try folder.catalogFiles().isEmpty)
    }

    // MARK: What cannot be opened

    @Test func aMistypedFolderIsNotMade() async throws {
        let folder = try DataFolder()
        let error = await #expect(throws: OfflineOriginError.self) { _ = try await folder.run("keys-list") }
        #expect(error?.code == .noCatalog)
        #expect(error?.description.contains("'\(folder.path)'") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func aFolderThatAnotherHasIsLeftAlone() async throws {
        let folder = try await DataFolder().filled(1)
        try await folder.withStorage { _ in
            let error = await #expect(throws: OfflineOriginError.self) { _ = try await folder.run("fsck") }
            #expect(error?.code == .folderInUse)
        }
        #expect(try await folder.run("fsck").last?.kind == .done, "and nothing is held afterwards")
    }

    @Test(
        .enabled(if: geteuid() == 0, "only root can give a folder to somebody else, and write to it then"),
        arguments: ["keys-rotate", "fsck", "rebuild", "restore"]
    )
    func rootLeavesAnothersFolderAlone(operation: String) async throws {
        let folder = try await DataFolder().filled(1)
        let service: uid_t = 998
        // Not the ring, which nobody but its own user reads: with a KMS there is none to refuse.
        let ring = folder.settings.keyRingPath
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path).map({ "\(folder.path)/\($0)" })
        where path != ring { #expect(chown(path, service, service) == 0) }
        #expect(chown(folder.path, service, service) == 0)
        let before = try folder.facts()
        let options = operation == "restore" ? ["from": folder.scratch.path("backup")] : [:]
        let error = await #expect(throws: OfflineOriginError.self) { _ = try await folder.run(operation, options) }
        #expect(error?.code == .otherUser)
        let user = getpwuid(service).map { String(cString: $0.pointee.pw_name) }
        #expect(error?.description.contains("belongs to user \(user ?? "998"), and this runs as user root") == true)
        #expect(error?.description.contains("'sudo -u \(user ?? "#998") mediactl …'") == true)
        #expect(try folder.facts() == before)
        #expect(chown(folder.path, 0, 0) == 0)
        #expect(try await folder.run("fsck").last?.kind == .done, "it was the owner, and nothing else")
    }

    @Test func aRingThatLacksANeededKeyIsRefusedAndTheFolderGivenBack() async throws {
        let folder = try await DataFolder().filled(1)
        let ring = folder.settings.keyRingPath
        let kept = try Data(contentsOf: URL(filePath: ring))
        try FileManager.default.removeItem(atPath: ring)
        await #expect(throws: KeyError.self) { _ = try await folder.run("keys-list") }
        #expect(!FileManager.default.fileExists(atPath: ring), "no new ring hides that it is lost")
        try kept.write(to: URL(filePath: ring))
        #expect(chmod(ring, 0o600) == 0)
        #expect(try await folder.run("keys-list").last?.kind == .done)
    }

    @Test func badOptionsAreRefusedBeforeAnythingIsOpened() async throws {
        let folder = try DataFolder()
        await #expect(throws: OperationOptionsError.self) {
            _ = try await folder.run("collect", ["orphan-age": "soon"])
        }
        await #expect(throws: OperationOptionsError.self) { _ = try await folder.run("nope") }
    }

    @Test func whatNeedsTheFolderAloneIsNotRunOnAnOpenOne() async throws {
        let folder = try await DataFolder().filled(1)
        try await folder.withStorage { storage in
            let workers = LateWorkers(folder.settings.workerPool, logger: Logger(label: "test"))
            let cache = RenditionCache(bytesMax: 0)
            let table = OperationTable(
                OperationTools(storage, renderer: workers, cache: cache, settings: folder.settings)
            )
            let error = await #expect(throws: OperationOptionsError.self) {
                try await table.run("restore", ["from": "/b"]) { _ in }
            }
            #expect(error?.description.contains("stop the service") == true)
            #expect(table.inService["fsck"] != nil && table.inService["restore"] == nil)
        }
    }
}
