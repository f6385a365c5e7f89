import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("A system call that fails while a blob goes", .timeLimit(.minutes(5)))
struct RemovalFaultTests {
    @Test("leaves it whole or gone", arguments: FaultSweep.all)
    func removal(_ sweep: FaultSweep) async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        let bytes = Samples.bytes(3000)
        let failures = try await sweep.run(
            on: calls,
            prepare: { try await store.add(bytes) },
            operation: { try await store.remove($0) },
            check: { id, round in
                #expect((round.error == nil) == round.failed.isEmpty)
                if round.error != nil {
                    let read = try await store.contents(of: id)
                    #expect(read == bytes)
                    try await store.remove(id)
                }
                #expect(try folder.files().isEmpty)
            }
        )
        #expect(failures == 1)
    }

    @Test("leaves it in its place or aside", arguments: FaultSweep.all)
    func quarantine(_ sweep: FaultSweep) async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        let bytes = Samples.bytes(3000)
        let failures = try await sweep.run(
            on: calls,
            prepare: { try await store.add(bytes) },
            operation: { try await store.quarantine($0) },
            check: { id, round in
                let place = "blobs/\(id.description.prefix(2))/\(id)"
                #expect(try folder.files() == [round.error == nil ? "quarantine/\(id)" : place])
                if round.error != nil { try await store.quarantine(id) }
                let aside = try await store.quarantined(after: nil, limit: 10)
                #expect(aside.map(\.id) == [id])
                #expect(aside.map(\.sealedBytes) == [bytes.count])
                try await store.removeQuarantined(id)
            }
        )
        // mkdir, rename.
        #expect(failures == 2)
    }

    @Test("is reported when what was put aside is listed or removed", arguments: FaultSweep.all)
    func quarantined(_ sweep: FaultSweep) async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        let failures = try await sweep.run(
            on: calls,
            prepare: {
                let id = try await store.add([1])
                try await store.quarantine(id)
                return id
            },
            operation: { id in
                let aside = try await store.quarantined(after: nil, limit: 10)
                #expect(aside.map(\.id) == [id])
                try await store.removeQuarantined(id)
            },
            check: { id, round in
                #expect((round.error == nil) == round.failed.isEmpty)
                try await store.removeQuarantined(id)
                #expect(try folder.files().isEmpty)
            }
        )
        // readdir, lstat, unlink.
        #expect(failures == 3)
    }
}
