import Glibc
import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("A pass over all blobs")
struct ListPassTests {
    private func store(_ count: Int) async throws -> (FileBlobStore, FaultyFileSystem, TemporaryFolder, [BlobID]) {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        var ids: [BlobID] = []
        for index in 0..<count {
            let place = [0x42, UInt8(index >> 8), UInt8(index & 255)]
            ids.append(try await store.add([1], as: BlobID(bytes: place + BlobID.make().bytes.dropFirst(3))))
        }
        return (store, calls, folder, ids)
    }

    private func pass(_ store: FileBlobStore, limit: Int) async throws -> [BlobID] {
        var ids: [BlobID] = []
        var page: [BlobID]
        repeat {
            page = try await store.list(after: ids.last, limit: limit).map(\.id)
            ids += page
        } while page.count == limit
        return ids
    }

    @Test("reads each folder once, however many pages it takes", arguments: [1, 7, 89, 90, 91])
    func readsEachFolderOnce(limit: Int) async throws {
        let (store, calls, folder, ids) = try await self.store(90)
        calls.inject(nil)
        let listed = try await self.pass(store, limit: limit)
        #expect(listed == ids)
        #expect(calls.count(of: "readdir") == 256)
        #expect(calls.count(of: "lstat") == 90)
        withExtendedLifetime(folder) {}
    }

    @Test("reads a folder again where others have gone between its pages, and misses nothing")
    func manyPassesAtOnce() async throws {
        let (store, _, folder, ids) = try await self.store(60)
        try await withThrowingTaskGroup(of: [BlobID].self) { group in
            for limit in 1...12 { group.addTask { try await self.pass(store, limit: limit) } }
            for try await listed in group { #expect(listed == ids) }
        }
        withExtendedLifetime(folder) {}
    }

    @Test("remembers nothing of a page that failed")
    func aFailedPageIsMadeAgain() async throws {
        let (store, calls, folder, ids) = try await self.store(10)
        let first = try await store.list(after: nil, limit: 4)
        calls.inject(.init(failAt: 2, number: EIO))
        await #expect(throws: BlobStoreError.self) { try await store.list(after: first.last?.id, limit: 4) }
        calls.inject(nil)
        let second = try await store.list(after: first.last?.id, limit: 4)
        #expect(second.map(\.id) == Array(ids[4..<8]))
        withExtendedLifetime(folder) {}
    }
}

@Suite("The room of a store in files")
struct StoreRoomTests {
    @Test("is what its file system says, without what only root may use")
    func isThatOfTheFileSystem() async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        let room = try #require(try await store.room())
        var status = statvfs()
        #expect(statvfs(folder.path, &status) == 0)
        #expect(room.total == Int(status.f_blocks) * Int(status.f_frsize))
        // Others write to the disk as well.
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        #expect(abs(room.free - free) < 1 << 30)
    }

    @Test("is told to have failed where it cannot be asked for")
    func failureIsReported() async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        calls.inject(.init(failAt: 1, number: EIO))
        let error = await #expect(throws: BlobStoreError.self) { try await store.room() }
        #expect(error?.code == .failed)
    }
}
