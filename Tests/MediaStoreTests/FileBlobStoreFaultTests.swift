import Glibc
import MediaModel
import MediaStore
import MediaTesting
import Testing

/// The loop of SQLite's I/O error tests (RELIABILITY §1.4): let the N-th call fail, for N = 1, 2, 3 … until nothing
/// fails any more; once with a failure that passes and once with one that stays.
@Suite("A failing system call", .timeLimit(.minutes(5)))
struct FileBlobStoreFaultTests {
    struct Sweep: Sendable, CustomTestStringConvertible {
        var number: Int32
        var isSticky: Bool
        var hasUnnamedFiles: Bool
        /// A disk may stay unable to take anything and still forget a name, or not even that.
        var unlinkWorks: Bool

        var testDescription: String {
            "errno \(self.number), \(self.isSticky ? "staying" : "once"), "
                + "\(self.hasUnnamedFiles ? "unnamed" : "named") drafts, unlink \(self.unlinkWorks ? "works" : "fails")"
        }
    }

    static let sweeps: [Sweep] = [EIO, ENOSPC].flatMap { number in
        [false, true].flatMap { sticky in
            [false, true].flatMap { unnamed in
                [false, true].map {
                    Sweep(number: number, isSticky: sticky, hasUnnamedFiles: unnamed, unlinkWorks: $0)
                }
            }
        }
    }

    @Test("leaves no blob, no draft and no descriptor behind", arguments: Self.sweeps)
    func leavesNothingBehind(_ sweep: Sweep) async throws {
        var failures = 0
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem(hasUnnamedFiles: sweep.hasUnnamedFiles)
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        // The first piece fills the buffer, so that append writes; the rest is for publish, which cuts the file.
        let bytes = Samples.bytes(400_000)
        for call in 1... {
            let id = BlobID.make()
            calls.inject(
                .init(
                    failAt: call,
                    number: sweep.number,
                    isSticky: sweep.isSticky,
                    spared: sweep.unlinkWorks ? ["unlink"] : []
                )
            )
            var caught: BlobStoreError?
            do {
                _ = try await store.add(bytes, as: id, expected: 500_000, pieceBytes: 300_000)
            } catch {
                caught = try #require(error as? BlobStoreError)
            }
            let failed = calls.failed
            calls.inject(nil)
            try await calls.expectNoDescriptors("call \(call), \(failed)")
            try await Self.check(caught, failed, folder, calls, id: id, bytes: bytes, sweep)
            if failed.isEmpty { break }
            failures += 1
        }
        // open, statvfs, reserve, write twice, truncate, fsync, linkat; open, fsync, close of the folder; close. And
        // the removal of a draft's own name. A step that is left out, or not tried, shows here.
        #expect(failures == (sweep.hasUnnamedFiles || sweep.unlinkWorks ? 12 : 13))
    }

    private static func check(
        _ caught: BlobStoreError?,
        _ failed: [String],
        _ folder: TemporaryFolder,
        _ calls: FaultyFileSystem,
        id: BlobID,
        bytes: [UInt8],
        _ sweep: Sweep
    ) async throws {
        let context: Comment = "\(failed)"
        let again = try await FileBlobStore.open(folder: folder.path, calls: calls)
        // Whatever a draft left under its own name is gone after a restart.
        let files = try folder.files()
        if let caught {
            #expect(caught.code == Self.expectedCode(failed, sweep), context)
            // Where the disk will not even forget a name, the blob may stay: whole, and unknown to the catalog.
            if files.isEmpty { return }
            #expect(sweep.isSticky && !sweep.unlinkWorks && failed.contains("unlink"), context)
        } else {
            // Only the removal of a draft's own name may fail unnoticed; the blob is safe by then.
            #expect(failed.isEmpty || failed == ["unlink"], context)
        }
        #expect(files == ["blobs/\(id.description.prefix(2))/\(id)"], context)
        let kept = try await again.contents(of: id)
        #expect(kept == bytes, context)
        try await again.remove(id)
    }

    private static func expectedCode(_ failed: [String], _ sweep: Sweep) -> BlobStoreError.Code {
        if sweep.number == ENOSPC { return .full }
        return failed.first == "fsync" || failed.first == "close" ? .syncFailed : .failed
    }

    @Test("while a blob is read or listed is reported and leaks nothing", arguments: [EIO, ENOSPC], [false, true])
    func whileReadingIsReported(number: Int32, isSticky: Bool) async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        let id = try await store.add(Samples.bytes(1000))
        var call = 1
        while true {
            calls.inject(.init(failAt: call, number: number, isSticky: isSticky, spared: ["close"]))
            do {
                _ = try await store.contents(of: id)
                _ = try await store.list(after: nil, limit: 1000)
                try await store.checkHealth()
            } catch {
                let error = try #require(error as? BlobStoreError)
                #expect(error.code == (number == EIO ? .failed : .full))
            }
            let failed = calls.failed
            calls.inject(nil)
            try await calls.expectNoDescriptors("\(failed)")
            if failed.isEmpty { break }
            let read = try await store.contents(of: id)
            #expect(read == Samples.bytes(1000), "\(failed): a read that failed has changed nothing")
            // open, fstat, pread, 256 folders (of which some stand for all) and lstat, access, statvfs.
            call += (6...200).contains(call) ? 50 : 1
        }
        #expect(call == 263)
    }

    @Test("at start is reported, leaks nothing, and the next start succeeds", arguments: [EIO, ENOSPC])
    func atStartIsReported(number: Int32) async throws {
        let folder = try TemporaryFolder()
        var call = 1
        while true {
            let calls = FaultyFileSystem()
            calls.inject(.init(failAt: call, number: number))
            let store = try? await FileBlobStore.open(folder: folder.path("data"), calls: calls)
            let failed = calls.failed
            try await calls.expectNoDescriptors("\(failed)")
            if failed.isEmpty {
                #expect(store != nil)
                break
            }
            // Only the close of the probe file may fail unnoticed: it holds nothing.
            #expect(store == nil || failed == ["close"], "call \(call): \(failed)")
            // Of the 259 folders the first few stand for all.
            call += (6...200).contains(call) ? 50 : 1
        }
        let store = try await FileBlobStore.open(folder: folder.path("data"))
        _ = try await store.add([1])
    }

    @Test("that a signal interrupts, or that takes a part only, is made again", arguments: [1, 7, 4096])
    func interruptionsAreNoFailures(bytesMax: Int) async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        calls.disturb(["open", "write", "pread", "posix_fallocate", "ftruncate"], bytes: bytesMax)
        let bytes = Samples.bytes(5000)
        let id = try await store.add(bytes, expected: 6000)
        let read = try await store.contents(of: id)
        #expect(read == bytes)
        try await calls.expectNoDescriptors()
    }

    @Test("for lack of the operation itself is no error where a reservation is only early warning")
    func noReservationIsNoError() async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyFileSystem()
        let store = try await FileBlobStore.open(folder: folder.path, calls: calls)
        let spared: Set = ["open", "write", "ftruncate", "fsync", "linkat", "close", "fstat", "pread", "statvfs"]
        calls.inject(.init(failAt: 1, number: EOPNOTSUPP, isSticky: true, spared: spared))
        let id = try await store.add([1, 2, 3], expected: 300_000)
        #expect(calls.failed == ["posix_fallocate"])
        let read = try await store.contents(of: id)
        #expect(read == [1, 2, 3])
    }
}
