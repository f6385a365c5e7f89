import FoundationEssentials
import Glibc
package import MediaModel
package import NIOPosix

/// Blobs as files (RELIABILITY §3.2). ``StoreLayout`` draws the folder.
///
/// A draft is an unnamed file (`O_TMPFILE`), so that kill -9 leaves nothing behind; it gets its name by linkat(2) after
/// fsync(2), and then the folder is synced: without that last step the name, and so the blob, was lost in the power cut
/// tests of RELIABILITY §3.1.
///
/// The data folder belongs to one process at a time: hold a ``DataFolderLock`` before and as long as this is used.
package struct FileBlobStore: BlobStore {
    /// How a draft lies on the disk before it is published.
    enum DraftKind: Sendable {
        /// Without a name: gone with its last descriptor.
        case unnamed
        /// In `incoming/`: some network and layered file systems know no unnamed files.
        case named
    }

    let layout: StoreLayout
    let drafts: DraftKind
    let threadPool: NIOThreadPool
    let calls: any FileSystemCalls
    let passes = ListPasses()

    /// Makes the folders that are not there yet, durably, and removes drafts that an earlier process left.
    ///
    /// - Parameters:
    ///   - folder: the data folder; made if need be (its parent must exist).
    ///   - threadPool: where all blocking calls run; it must be running, and outlive the store.
    ///   - calls: the operating system.
    /// - Throws: ``BlobStoreError``.
    package static func open(
        folder: String,
        threadPool: NIOThreadPool = .singleton,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) async throws -> FileBlobStore {
        let layout = StoreLayout(data: folder)
        let drafts = try await threadPool.runBlocking {
            try Self.makeFolders(layout, calls)
            try Self.removeLeftovers(layout, calls)
            return try Self.draftKind(layout, calls)
        }
        return FileBlobStore(layout: layout, drafts: drafts, threadPool: threadPool, calls: calls)
    }

    /// A folder of blobs that is only read, also on a medium that cannot be written. Nothing is made or checked.
    package static func reading(
        _ folder: String,
        threadPool: NIOThreadPool = .singleton,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) -> FileBlobStore {
        FileBlobStore(layout: StoreLayout(data: folder), drafts: .named, threadPool: threadPool, calls: calls)
    }

    package func makeDraft(bytesExpected: Int?) async throws -> any BlobDraft {
        // What is written at once, at the end, need not be set aside first.
        guard let bytesExpected, bytesExpected >= FileBlobDraft.bufferBytesMax else {
            return FileBlobDraft(nil, store: self)
        }
        return try await self.threadPool.runBlocking {
            var draft = try self.openDraft(near: nil)
            do {
                draft.bytesReserved = try self.reserve(bytesExpected, for: draft.file)
                return FileBlobDraft(draft, store: self)
            } catch {
                draft.throwAway(self.calls)
                throw error
            }
        }
    }

    package func open(_ id: BlobID) async throws -> any BlobHandle {
        try await self.threadPool.runBlocking(blob: id) {
            let file: OpenFile
            do {
                let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW
                file = try OpenFile(self.layout.path(of: id), flags: flags, calls: self.calls)
            } catch let error as SystemFailure where error.number == ENOENT {
                throw BlobStoreError(.missing, detail: BlobStoreError.detail(error, blob: id))
            }
            let facts = try self.calls.facts(of: file.descriptor)
            return FileBlobHandle(
                file,
                id: id,
                sealedBytes: facts.bytes,
                threadPool: self.threadPool,
                calls: self.calls
            )
        }
    }

    package func readAtOnce(_ id: BlobID, bytes: Int) -> [UInt8]? {
        self.calls.readCached(self.layout.path(of: id), bytes: bytes)
    }

    /// The removal itself is not synced: a blob that a power cut brings back has no row, and the collector finds it
    /// again.
    package func remove(_ id: BlobID) async throws {
        try await self.threadPool.runBlocking(blob: id) {
            do {
                try self.calls.unlink(self.layout.path(of: id))
            } catch let error as SystemFailure where error.number == ENOENT {
                return
            }
        }
    }

    package func list(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.threadPool.runBlocking {
            let page = self.passes.page(after: after)
            var blobs: [StoredBlob] = []
            for shard in StoreLayout.shards[page.firstShard...] {
                let ids = try page.rest(of: shard) ?? self.ids(in: shard, after: after)[...]
                for (index, id) in zip(ids.indices, ids) {
                    guard let blob = try self.storedBlob(id) else { continue }
                    blobs.append(blob)
                    guard blobs.count == limit else { continue }
                    self.passes.keep(ids[(index + 1)...], after: id, of: page)
                    return blobs
                }
            }
            return blobs
        }
    }

    package func room() async throws -> StoreRoom? {
        try await self.threadPool.runBlocking { try self.calls.room(at: self.layout.blobs) }
    }

    /// Looks whether files can be made in the folder (permission, a file system that turned read-only) and whether any
    /// space is left. Writes nothing: this is asked every few seconds.
    package func checkHealth() async throws {
        try await self.threadPool.runBlocking {
            try self.calls.checkWritable(self.layout.blobs)
            if try self.calls.room(at: self.layout.blobs).free == 0 {
                throw BlobStoreError(.full, detail: "statvfs: no free space for blobs")
            }
        }
    }
}
