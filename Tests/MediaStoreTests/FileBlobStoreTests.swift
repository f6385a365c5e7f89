import FoundationEssentials
import Glibc
import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("Blobs in files")
struct FileBlobStoreTests {
    @Test("lie under their id, in folders that only the owner may enter")
    func lieUnderTheirID() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path("data"))
        let id = try #require(BlobID("00112233445566778899aabbccddeeff"))
        _ = try await store.add([1, 2, 3], as: id)
        #expect(try folder.files() == ["data/blobs/00/00112233445566778899aabbccddeeff"])
        for name in ["data", "data/blobs", "data/blobs/00", "data/blobs/ff", "data/incoming"] {
            #expect(try Self.mode(folder.path(name)) == 0o700, "\(name)")
        }
        #expect(try Self.mode(folder.path("data/blobs/00/\(id)")) == 0o600)
        let shards = try FileManager.default.contentsOfDirectory(atPath: folder.path("data/blobs"))
        #expect(shards.count == 256)
    }

    @Test("are not made from what else lies in the folder")
    func strangersAreNotListed() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let id = try await store.add([1])
        let other = BlobID(bytes: [id.bytes[0] ^ 1] + id.bytes.dropFirst())
        let shard = folder.path("blobs/\(id.description.prefix(2))")
        let strangers = ["README", ".hidden", "\(id).bak", id.description.uppercased() + "0", other.description]
        for name in strangers { try Data().write(to: URL(filePath: "\(shard)/\(name)")) }
        let named = BlobID(bytes: [id.bytes[0], 0] + BlobID.make().bytes.dropFirst(2))
        try FileManager.default.createDirectory(atPath: "\(shard)/\(named)", withIntermediateDirectories: false)
        let page = try await store.list(after: nil, limit: 10)
        #expect(page.map(\.id) == [id])
    }

    @Test("drafts that an earlier process left are removed at start, and nothing else is")
    func leftoversAreRemoved() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let id = try await store.add([1])
        try Data([1]).write(to: URL(filePath: folder.path("incoming/0123.part")))
        try Data([1]).write(to: URL(filePath: folder.path("note")))
        _ = try await FileBlobStore.open(folder: folder.path)
        #expect(try folder.files() == ["blobs/\(id.description.prefix(2))/\(id)", "note"])
    }

    @Test("are read at once where the kernel has them, and nothing else is")
    func readAtOnce() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let bytes = Samples.bytes(100_000)
        let id = try await store.add(bytes)
        guard let read = store.readAtOnce(id, bytes: bytes.count) else {
            // Linux before 5.12, and file systems without RWF_NOWAIT.
            print("skipped: the file system of \(folder.path) reads nothing without waiting")
            return
        }
        #expect(read == bytes)
        for count in [0, bytes.count - 1, bytes.count + 1] { #expect(store.readAtOnce(id, bytes: count) == nil) }
        #expect(store.readAtOnce(.make(), bytes: bytes.count) == nil)
        let path = folder.path("blobs/\(id.description.prefix(2))/\(id)")
        let linked = BlobID(bytes: id.bytes.dropLast() + [id.bytes[15] ^ 1])
        let link = folder.path("blobs/\(linked.description.prefix(2))/\(linked)")
        #expect(symlink(path, link) == 0)
        #expect(store.readAtOnce(linked, bytes: bytes.count) == nil)
        try await store.remove(id)
        #expect(store.readAtOnce(id, bytes: bytes.count) == nil)
    }

    @Test("a blob that was cut short on the disk is truncated, not shorter")
    func aCutBlobIsTruncated() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let id = try await store.add(Samples.bytes(1000))
        let handle = try await store.open(id)
        #expect(truncate(folder.path("blobs/\(id.description.prefix(2))/\(id)"), 900) == 0)
        let error = await #expect(throws: BlobStoreError.self) { try await handle.read(0..<1000) }
        #expect(error?.code == .truncated)
    }

    @Test("a symbolic link under a blob's name is not followed")
    func symbolicLinksAreNotFollowed() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let id = BlobID.make()
        let link = folder.path("blobs/\(id.description.prefix(2))/\(id)")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/etc/passwd")
        let error = await #expect(throws: BlobStoreError.self) { try await store.open(id) }
        #expect(error?.code == .failed)
        let page = try await store.list(after: nil, limit: 10)
        #expect(page.isEmpty)
    }

    @Test("an error's description says nothing of the medium; its detail names call, blob and cause")
    func detailIsForLogs() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let id = BlobID.make()
        let error = try #require(await #expect(throws: BlobStoreError.self) { try await store.open(id) })
        #expect("\(error)" == "blob store: missing")
        #expect(error.detail == "open of blob \(id): No such file or directory (errno 2)")
    }

    @Test("a disk too small is noticed when the draft is made, and nothing of it is taken")
    func aFullDiskIsNoticedEarly() async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        let error = await #expect(throws: BlobStoreError.self) { try await store.makeDraft(bytesExpected: 1 << 60) }
        #expect(error?.code == .full)
        try await calls.expectNoDescriptors()
        _ = try await store.add([1, 2, 3], expected: 1000)
    }

    @Test("a folder that was taken away is reported as unhealthy")
    func aMissingFolderIsUnhealthy() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        try FileManager.default.removeItem(atPath: folder.path("blobs"))
        let error = await #expect(throws: BlobStoreError.self) { try await store.checkHealth() }
        #expect(error?.code == .failed)
    }

    private static func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

@Suite("The lock of a data folder")
struct DataFolderLockTests {
    @Test("is held by one at a time, and the refusal says which folder and why")
    func isHeldByOne() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("data")
        let lock = try DataFolderLock.acquire(folder: path)
        let error = #expect(throws: BlobStoreError.self) { try DataFolderLock.acquire(folder: path) }
        #expect(error?.detail.contains("'\(path)' is in use: another process holds its lock") == true)
        lock.release()
        let second = try DataFolderLock.acquire(folder: path)
        second.release()
    }

    @Test("goes with its holder")
    func goesWithItsHolder() throws {
        let folder = try TemporaryFolder()
        _ = try DataFolderLock.acquire(folder: folder.path)
        _ = try DataFolderLock.acquire(folder: folder.path)
    }

    @Test("is refused for a folder that cannot be made")
    func needsAParent() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: BlobStoreError.self) { try DataFolderLock.acquire(folder: folder.path("a/b")) }
        #expect(error?.detail.contains("mkdir: No such file or directory") == true)
    }
}
