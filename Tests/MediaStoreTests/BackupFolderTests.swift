import FoundationEssentials
import Glibc
import MediaModel
import MediaStore
import MediaTesting
import Testing

/// A store in a folder, and beside it room for back-ups.
struct BackupHarness {
    let folder: TemporaryFolder
    let store: FileBlobStore

    init(calls: any FileSystemCalls = LinuxFileSystem()) async throws {
        self.folder = try TemporaryFolder()
        self.store = try await FileBlobStore.open(folder: self.folder.path("data"), calls: calls)
    }

    var backup: String { self.folder.path("backup") }

    /// Takes `ids` and a catalog of those bytes.
    func back(
        up ids: [BlobID],
        catalog: String = "catalog",
        in other: String? = nil,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) async throws {
        let backup = try await BackupFolder.open(other ?? self.backup, of: self.store, calls: calls)
        for id in ids { _ = try await backup.take(id) }
        try Self.write(catalog, to: try await backup.makeCatalogPath())
        try await backup.commit(
            BackupManifest(createdAt: Samples.moment, catalog: .make(), blobs: ids.count, sealedBytes: 7)
        )
    }

    static func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

    static func read(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    /// Files that two paths lead to are one.
    static func areOneFile(_ path: String, _ other: String) -> Bool {
        var first = stat()
        var second = stat()
        guard lstat(path, &first) == 0, lstat(other, &second) == 0 else { return false }
        return first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }

    static func place(of id: BlobID) -> String { "blobs/\(id.description.prefix(2))/\(id)" }
}

@Suite("A back-up's folder")
struct BackupFolderTests {
    @Test("has the catalog, the blobs by reference, and a manifest; nothing of it before the end")
    func hasEverything() async throws {
        let harness = try await BackupHarness()
        let id = try await harness.store.add(Samples.bytes(1000))
        let backup = try await BackupFolder.open(harness.backup, of: harness.store)
        #expect(backup.manifest == nil)
        let passage = try await backup.take(id)
        #expect(passage == .linked)
        try BackupHarness.write("catalog", to: try await backup.makeCatalogPath())
        // Whoever reads the folder now finds that there is no back-up in it yet.
        let early = await #expect(throws: BlobStoreError.self) {
            try await RestoredFolder.open(.find(harness.folder.path("restored")), from: harness.backup)
        }
        #expect(early?.detail.contains("holds no finished back-up") == true)
        let manifest = BackupManifest(
            createdAt: Date(timeIntervalSince1970: 1_795_244_400),
            catalog: .make(),
            blobs: 1,
            sealedBytes: 9
        )
        try await backup.commit(manifest)
        let place = BackupHarness.place(of: id)
        let expected = ["backup/BACKUP.json", "backup/LOCK", "backup/\(place)", "backup/catalog.sqlite"]
        #expect(try harness.folder.files().filter { $0.hasPrefix("backup/") } == expected)
        #expect(try BackupHarness.read(harness.folder.path("backup/catalog.sqlite")) == "catalog")
        #expect(BackupHarness.areOneFile(harness.folder.path("data/\(place)"), harness.folder.path("backup/\(place)")))
        let text = try BackupHarness.read(harness.folder.path("backup/BACKUP.json"))
        #expect(try BackupManifest(decoding: Array(text.utf8)) == manifest)
        #expect(text.contains("\"createdAt\" : \"2026-11-21T07:00:00Z\""))
    }

    @Test("outlives the removal of a blob from the store")
    func outlivesRemoval() async throws {
        let harness = try await BackupHarness()
        let bytes = Samples.bytes(100_000)
        let id = try await harness.store.add(bytes)
        try await harness.back(up: [id])
        try await harness.store.remove(id)
        let read = try await FileBlobStore.reading(harness.backup).contents(of: id)
        #expect(read == bytes)
    }

    @Test("takes copies where it is on another file system", .enabled(if: Self.otherFileSystem != nil, "no /dev/shm"))
    func copiesAcrossFileSystems() async throws {
        let harness = try await BackupHarness()
        let other = try TemporaryFolder(in: try #require(Self.otherFileSystem))
        let bytes = Samples.bytes(700_000)
        let id = try await harness.store.add(bytes)
        let backup = try await BackupFolder.open(other.path, of: harness.store)
        var passage = try await backup.take(id)
        #expect(passage == .copied)
        // Once more, in place of the first.
        passage = try await backup.take(id)
        #expect(passage == .copied)
        let read = try await FileBlobStore.reading(other.path).contents(of: id)
        #expect(read == bytes)
    }

    @Test("takes a copy where a blob cannot have one more name", arguments: [EMLINK, EPERM, EOPNOTSUPP])
    func copiesWhatCannotBeLinked(number: Int32) async throws {
        let harness = try await BackupHarness()
        let calls = FaultyFileSystem()
        let backup = try await BackupFolder.open(harness.backup, of: harness.store, calls: calls)
        let id = try await harness.store.add(Samples.bytes(1000))
        // After the unlink of a copy that is not there.
        calls.inject(.init(failAt: 2, number: number))
        let passage = try await backup.take(id)
        #expect(calls.failed == ["linkat"])
        #expect(passage == .copied)
        calls.inject(nil)
        let next = try await backup.take(try await harness.store.add([1]))
        #expect(next == .linked)
    }

    @Test("says that the store has no such blob")
    func missingIsTold() async throws {
        let harness = try await BackupHarness()
        let backup = try await BackupFolder.open(harness.backup, of: harness.store)
        let error = await #expect(throws: BlobStoreError.self) { try await backup.take(.make()) }
        #expect(error?.code == .missing)
    }

    @Test("stays what it was until the next back-up is whole")
    func staysUntilTheNext() async throws {
        let harness = try await BackupHarness()
        let ids = [try await harness.store.add([1]), try await harness.store.add([2])]
        try await harness.back(up: [ids[0]], catalog: "first")
        do {
            let second = try await BackupFolder.open(harness.backup, of: harness.store)
            #expect(second.manifest?.blobs == 1)
            _ = try await second.take(ids[1])
            try BackupHarness.write("second", to: try await second.makeCatalogPath())
            // Interrupted here.
        }
        #expect(try BackupHarness.read(harness.folder.path("backup/catalog.sqlite")) == "first")
        try await harness.back(up: ids, catalog: "third")
        #expect(try BackupHarness.read(harness.folder.path("backup/catalog.sqlite")) == "third")
        #expect(!(try harness.folder.files()).contains { $0.hasPrefix("backup/catalog.sqlite.") })
    }

    @Test("leaves no journal beside the catalog that is not its own")
    func staleJournalsGo() async throws {
        let harness = try await BackupHarness()
        try await harness.back(up: [], catalog: "first")
        for name in ["catalog.sqlite-wal", "catalog.sqlite-shm", "catalog.sqlite.new-journal"] {
            try BackupHarness.write("stale", to: harness.folder.path("backup/\(name)"))
        }
        try await harness.back(up: [], catalog: "second")
        let files = try harness.folder.files().filter { $0.hasPrefix("backup/catalog") }
        #expect(files == ["backup/catalog.sqlite"])
    }

    @Test("is not made of a folder that holds other things")
    func foreignFoldersAreRefused() async throws {
        let harness = try await BackupHarness()
        let id = try await harness.store.add([1])
        let other = try await FileBlobStore.open(folder: harness.folder.path("other"))
        _ = try await other.add([1])
        let before = try harness.folder.files()
        let error = await #expect(throws: BlobStoreError.self) {
            try await harness.back(up: [id], in: harness.folder.path("other"))
        }
        #expect(error?.detail.contains("is not empty and has no BACKUP.json") == true)
        #expect(try harness.folder.files().filter { $0 != "other/LOCK" } == before)
    }

    @Test("is not written by a program that does not know its form")
    func laterFormatsAreRefused() async throws {
        let harness = try await BackupHarness()
        try await harness.back(up: [])
        let manifest = harness.folder.path("backup/BACKUP.json")
        let later = try BackupHarness.read(manifest).replacing("\"format\" : 1", with: "\"format\" : 2")
        try BackupHarness.write(later, to: manifest)
        let error = await #expect(throws: BlobStoreError.self) { try await harness.back(up: []) }
        #expect(error?.detail.contains("is of format 2") == true)
        try BackupHarness.write("{}", to: manifest)
        let broken = await #expect(throws: BlobStoreError.self) { try await harness.back(up: []) }
        #expect(broken?.detail.contains("is not the manifest of a back-up") == true)
    }

    @Test("is held by one at a time, and is never the data folder that is in use")
    func isHeldByOne() async throws {
        let harness = try await BackupHarness()
        let first = try await BackupFolder.open(harness.backup, of: harness.store)
        await #expect(throws: BlobStoreError.self) { try await BackupFolder.open(harness.backup, of: harness.store) }
        let lock = try DataFolderLock.acquire(folder: harness.folder.path("data"))
        await #expect(throws: BlobStoreError.self) {
            try await BackupFolder.open(harness.folder.path("data"), of: harness.store)
        }
        withExtendedLifetime((first, lock)) {}
    }

    /// A folder on another file system than the one of temporary files.
    static let otherFileSystem: URL? = {
        var here = stat()
        var there = stat()
        let path = FileManager.default.temporaryDirectory.path(percentEncoded: false)
        guard stat(path, &here) == 0, stat("/dev/shm", &there) == 0, here.st_dev != there.st_dev else { return nil }
        return URL(filePath: "/dev/shm", directoryHint: .isDirectory)
    }()
}
