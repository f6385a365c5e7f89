import FoundationEssentials
import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("A system call that fails during", .timeLimit(.minutes(5)))
struct BackupFaultTests {
    /// By reference, and by copy where that cannot be.
    @Test(
        "the export of a blob leaves the store's as it is, and the copy whole or not there",
        arguments: FaultSweep.all
    )
    func export(_ sweep: FaultSweep) async throws {
        let calls = FaultyFileSystem()
        let harness = try await BackupHarness(calls: calls)
        let backup = try await BackupFolder.open(harness.backup, of: harness.store, calls: calls)
        let bytes = Samples.bytes(400_000)
        let failures = try await sweep.run(
            on: calls,
            prepare: { try await harness.store.add(bytes) },
            operation: { id in
                let passage = try await backup.take(id)
                #expect(passage == .linked)
            },
            check: { id, round in
                #expect((round.error == nil) == round.failed.isEmpty)
                let kept = try await harness.store.contents(of: id)
                #expect(kept == bytes)
                let there = try await backup.blobs(after: nil, limit: 10)
                #expect(there.map(\.sealedBytes) == (round.error == nil ? [bytes.count] : []))
                try await backup.remove(id)
                try await harness.store.remove(id)
            }
        )
        // lstat, unlink of what is not there, linkat.
        #expect(failures == 3)
    }

    @Test(
        "the copy of a blob to another file system leaves nothing half-made",
        .enabled(if: BackupFolderTests.otherFileSystem != nil, "no /dev/shm"),
        arguments: FaultSweep.all
    )
    func copy(_ sweep: FaultSweep) async throws {
        let calls = FaultyFileSystem()
        let harness = try await BackupHarness(calls: calls)
        let other = try TemporaryFolder(in: try #require(BackupFolderTests.otherFileSystem))
        let backup = try await BackupFolder.open(other.path, of: harness.store, calls: calls)
        let bytes = Samples.bytes(400_000)
        let failures = try await sweep.run(
            on: calls,
            // A disk that fails to forget a name as well is the publishing draft's test.
            sparing: ["unlink"],
            prepare: { try await harness.store.add(bytes) },
            operation: { id in
                let passage = try await backup.take(id)
                #expect(passage == .copied)
            },
            check: { id, round in
                let kept = try await harness.store.contents(of: id)
                #expect(kept == bytes)
                let there = try await backup.blobs(after: nil, limit: 10)
                #expect(there.map(\.sealedBytes) == (round.error == nil ? [bytes.count] : []))
                try await backup.remove(id)
                try await harness.store.remove(id)
            }
        )
        #expect(failures > 12)
    }

    @Test("the end of a back-up leaves the one before, or the new one", arguments: FaultSweep.all)
    func commit(_ sweep: FaultSweep) async throws {
        let calls = FaultyFileSystem()
        let harness = try await BackupHarness(calls: calls)
        let id = try await harness.store.add([1])
        let failures = try await sweep.run(
            on: calls,
            prepare: {
                try await harness.back(up: [id], catalog: "before")
                let backup = try await BackupFolder.open(harness.backup, of: harness.store, calls: calls)
                _ = try await backup.take(id)
                try BackupHarness.write("after", to: try await backup.makeCatalogPath())
                return backup
            },
            operation: {
                try await $0.commit(
                    BackupManifest(createdAt: Samples.moment, catalog: .make(), blobs: 1, sealedBytes: 1)
                )
            },
            check: { _, round in
                let catalog = try BackupHarness.read(harness.folder.path("backup/catalog.sqlite"))
                #expect(catalog == "after" || round.error != nil && catalog == "before", "\(round.failed)")
                let restored = try await RestoredFolder.open(
                    .find(harness.folder.path("restored")),
                    from: harness.backup
                )
                #expect(restored.manifest.blobs == 1)
                try FileManager.default.removeItem(atPath: harness.folder.path("restored.restoring"))
            }
        )
        #expect(failures > 12)
    }

    @Test("nothing: names that a back-up or a restore gave before it was killed are made durable by the next")
    func namesOfOneThatWasKilled() async throws {
        let calls = FaultyFileSystem()
        let harness = try await BackupHarness(calls: calls)
        // Two folders of blobs.
        var ids: [BlobID] = []
        while Set(ids.map { $0.description.prefix(2) }).count < 2 { ids.append(try await harness.store.add([1])) }
        do {
            let killed = try await BackupFolder.open(harness.backup, of: harness.store, calls: calls)
            for id in ids { _ = try await killed.take(id) }
        }
        let backup = try await BackupFolder.open(harness.backup, of: harness.store, calls: calls)
        #expect(try await backup.blobs(after: nil, limit: 1000).count == ids.count)
        try BackupHarness.write("catalog", to: try await backup.makeCatalogPath())
        calls.inject(nil)
        try await backup.commit(
            BackupManifest(createdAt: Samples.moment, catalog: .make(), blobs: ids.count, sealedBytes: 1)
        )
        // Those folders; the catalog, the manifest, the back-up's folder.
        #expect(calls.count(of: "fsync") == 5)

        let path = harness.folder.path("restored")
        do {
            let killed = try await RestoredFolder.open(.find(path, calls: calls), from: harness.backup)
            for id in ids { _ = try await killed.take(id) }
        }
        let restored = try await RestoredFolder.open(.find(path, calls: calls), from: harness.backup)
        #expect(try await restored.blobs(after: nil, limit: 1000).count == ids.count)
        _ = try await restored.takeCatalog()
        calls.inject(nil)
        try await restored.commit()
        // Those folders; the data folder, and the one it is in.
        #expect(calls.count(of: "fsync") == 4)
    }

    @Test("a restore leaves no half of a data folder, and the next attempt goes on", arguments: FaultSweep.all)
    func restore(_ sweep: FaultSweep) async throws {
        let calls = FaultyFileSystem()
        let harness = try await BackupHarness(calls: calls)
        let bytes = Samples.bytes(1000)
        let id = try await harness.store.add(bytes)
        try await harness.back(up: [id])
        let path = harness.folder.path("restored")
        // Whatever happens, the key ring is in one of the two folders.
        let ring: () -> [String] = {
            ["\(path)/keys", "\(path).restoring/keys"].filter { (try? BackupHarness.read($0)) == "ring" }
        }
        let failures = try await sweep.run(
            on: calls,
            // One of 258 folders is as good as the other.
            sparing: ["mkdir"],
            prepare: {
                guard ring().isEmpty else { return }
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                try BackupHarness.write("ring", to: "\(path)/keys")
            },
            // Each round finds what the one before left.
            operation: {
                let restored = try await RestoredFolder.open(
                    .find(path, keeping: "keys", calls: calls),
                    from: harness.backup
                )
                _ = try await restored.takeCatalog()
                _ = try await restored.take(id)
                try await restored.commit()
            },
            check: { _, round in
                #expect(ring().count == 1)
                guard FileManager.default.fileExists(atPath: "\(path)/catalog.sqlite") else {
                    #expect(round.error != nil)
                    return
                }
                #expect(ring() == ["\(path)/keys"])
                // Once the folder has its name it is whole, also where the name could not be made durable.
                #expect(try BackupHarness.read("\(path)/catalog.sqlite") == "catalog")
                let read = try await FileBlobStore.reading(path).contents(of: id)
                #expect(read == bytes)
                try FileManager.default.removeItem(atPath: path)
            }
        )
        #expect(failures > 20)
    }
}
