import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("BlobStore's contract")
struct BlobStoreContractTests {
    @Test("is kept by files", .timeLimit(.minutes(5)), arguments: BlobStoreContract.allCases)
    func isKeptByFiles(_ clause: BlobStoreContract) async throws {
        let folder = try TemporaryFolder()
        let store = try await FileBlobStore.open(folder: folder.path)
        try await clause.check(store) { try await FileBlobStore.open(folder: folder.path) }
    }

    @Test(
        "is kept by files that have a name from the start",
        .timeLimit(.minutes(5)),
        arguments: BlobStoreContract.allCases
    )
    func isKeptByNamedDrafts(_ clause: BlobStoreContract) async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem(hasUnnamedFiles: false)
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        try await clause.check(store) { try await FileBlobStore.open(folder: folder.path, calls: calls) }
    }

    @Test("is kept in memory", .timeLimit(.minutes(5)), arguments: BlobStoreContract.allCases)
    func isKeptInMemory(_ clause: BlobStoreContract) async throws {
        let store = MemoryBlobStore()
        try await clause.check(store) { store }
    }
}
