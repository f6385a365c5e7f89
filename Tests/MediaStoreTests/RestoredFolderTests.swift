import FoundationEssentials
import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("A restored data folder")
struct RestoredFolderTests {
    /// A back-up of one blob.
    private func backedUp() async throws -> (BackupHarness, BlobID, [UInt8]) {
        let harness = try await BackupHarness()
        let bytes = Samples.bytes(50_000)
        let id = try await harness.store.add(bytes)
        try await harness.back(up: [id])
        try BackupHarness.write("keys", to: harness.folder.path("backup/envelope-keys.json"))
        return (harness, id, bytes)
    }

    @Test("is not there before it is whole", arguments: [false, true])
    func isWhole(isThereEmpty: Bool) async throws {
        let (harness, id, bytes) = try await self.backedUp()
        let path = harness.folder.path("restored")
        if isThereEmpty {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        let restored = try await RestoredFolder.open(.find(path + "/"), from: harness.backup)
        #expect(restored.manifest.blobs == 1)
        let catalog = try await restored.takeCatalog()
        #expect(try BackupHarness.read(catalog) == "catalog")
        let passage = try await restored.take(id)
        #expect(passage == .linked)
        #expect(!(try harness.folder.files()).contains { $0.hasPrefix("restored/") })
        try await restored.commit()
        let files = try harness.folder.files().filter { $0.hasPrefix("restored") }
        let names = ["LOCK", BackupHarness.place(of: id), "catalog.sqlite", "envelope-keys.json"]
        #expect(files == names.map { "restored/\($0)" })
        let store = try await FileBlobStore.open(folder: path)
        let read = try await store.contents(of: id)
        #expect(read == bytes)
        // What is written to the restored catalog is not written to the back-up's.
        let isShared = BackupHarness.areOneFile(
            harness.folder.path("backup/catalog.sqlite"),
            harness.folder.path("restored/catalog.sqlite")
        )
        #expect(!isShared)
    }

    @Test("goes on where an interrupted restore ended")
    func goesOn() async throws {
        let (harness, id, _) = try await self.backedUp()
        let path = harness.folder.path("restored")
        do {
            let first = try await RestoredFolder.open(.find(path), from: harness.backup)
            _ = try await first.takeCatalog()
            _ = try await first.take(id)
        }
        let second = try await RestoredFolder.open(.find(path), from: harness.backup)
        let there = try await second.blobs(after: nil, limit: 10)
        #expect(there.map(\.id) == [id])
        _ = try await second.takeCatalog()
        try await second.commit()
        #expect(!(try harness.folder.files()).contains { $0.contains(".restoring") })
    }

    @Test("has no journal beside its catalog that another one left")
    func staleJournalsGo() async throws {
        let (harness, _, _) = try await self.backedUp()
        let restored = try await RestoredFolder.open(.find(harness.folder.path("restored")), from: harness.backup)
        for journal in ["-wal", "-shm", "-journal"] {
            try BackupHarness.write("stale", to: harness.folder.path("restored.restoring/catalog.sqlite\(journal)"))
        }
        let catalog = try await restored.takeCatalog()
        #expect(catalog == harness.folder.path("restored.restoring/catalog.sqlite"))
        let files = try harness.folder.files().filter { $0.hasPrefix("restored.restoring/catalog") }
        #expect(files == ["restored.restoring/catalog.sqlite"])
    }

    @Test("takes the place of nothing")
    func takesNoPlace() async throws {
        let (harness, _, _) = try await self.backedUp()
        let path = harness.folder.path("restored")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let restored = try await RestoredFolder.open(.find(path), from: harness.backup)
        _ = try await restored.takeCatalog()
        try BackupHarness.write("mine", to: "\(path)/note")
        await #expect(throws: BlobStoreError.self) { try await restored.commit() }
        let early = await #expect(throws: BlobStoreError.self) { try await RestorePlace.find(path, keeping: "keys") }
        #expect(early?.detail.contains("is not empty: there is 'note';") == true)
        #expect(early?.detail.contains("but for the key ring 'keys'") == true)
        #expect(try BackupHarness.read("\(path)/note") == "mine")
    }

    @Test("keeps the key ring that was there first, and takes away a lock that nobody holds")
    func keepsTheRing() async throws {
        let (harness, _, _) = try await self.backedUp()
        let path = harness.folder.path("restored")
        try Self.makeFolder(path, with: ["keys": "ring", "LOCK": "old"])
        let restored = try await RestoredFolder.open(.find(path, keeping: "keys"), from: harness.backup)
        _ = try await restored.takeCatalog()
        #expect(try BackupHarness.read("\(path)/keys") == "ring", "it stays until all is there")
        try await restored.commit()
        #expect(try BackupHarness.read("\(path)/keys") == "ring")
        #expect(try BackupHarness.read("\(path)/catalog.sqlite") == "catalog")
        #expect(try BackupHarness.read("\(path)/LOCK").isEmpty, "the one that the restore holds")
        #expect(!(try harness.folder.files()).contains { $0.contains(".restoring") })
    }

    @Test("is not made where a process is at work")
    func isNotMadeInUse() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("restored")
        try Self.makeFolder(path, with: ["keys": "ring"])
        let lock = try DataFolderLock.acquire(folder: path)
        let error = await #expect(throws: BlobStoreError.self) { try await RestorePlace.find(path, keeping: "keys") }
        #expect(error?.code == .inUse)
        lock.release()
        _ = try await RestorePlace.find(path, keeping: "keys")
    }

    @Test("gives the key ring back where a restore was cut off with it in its hands", arguments: [false, true])
    func givesBack(isThereEmpty: Bool) async throws {
        let (harness, _, _) = try await self.backedUp()
        let path = harness.folder.path("restored")
        try Self.makeFolder("\(path).restoring", with: ["keys": "ring"])
        if isThereEmpty { try Self.makeFolder(path, with: [:]) }
        _ = try await RestorePlace.find(path, keeping: "keys")
        #expect(try BackupHarness.read("\(path)/keys") == "ring")
        #expect(!FileManager.default.fileExists(atPath: "\(path).restoring/keys"))
    }

    @Test("never takes one key ring for another")
    func takesNoOtherRing() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("restored")
        try Self.makeFolder("\(path).restoring", with: ["keys": "old"])
        try Self.makeFolder(path, with: ["keys": "mine"])
        _ = try await RestorePlace.find(path, keeping: "keys")
        #expect(try BackupHarness.read("\(path)/keys") == "mine")
    }

    private static func makeFolder(_ path: String, with files: [String: String]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for (name, text) in files { try BackupHarness.write(text, to: "\(path)/\(name)") }
    }

    @Test("is not made of a folder without a back-up")
    func needsABackup() async throws {
        let folder = try TemporaryFolder()
        let error = await #expect(throws: BlobStoreError.self) {
            try await RestoredFolder.open(.find(folder.path("restored")), from: folder.path("nothing"))
        }
        #expect(error?.detail.contains("holds no finished back-up") == true)
        #expect(try folder.files().isEmpty)
    }
}
