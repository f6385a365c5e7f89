import Glibc
import MediaModel
import Synchronization

/// Brings blobs of one folder into another: as second names of the same files where both are on one file system, as
/// copies otherwise. Blobs never change, so a second name is as good as a copy, but for the disk's own failures.
final class BlobCopier: Sendable {
    /// Errors of link(2) after which a copy may still succeed: another file system, one without hard links, a file that
    /// has as many names as it can have (65,000 on ext4).
    private static let noLink = [EXDEV, EPERM, EMLINK, EOPNOTSUPP]

    private enum Linking {
        case done
        case missing
        case impossible
    }

    let source: FileBlobStore
    let copies: FileBlobStore
    private let isOneFileSystem = Atomic<Bool>(true)
    /// Folders with names that may not be durable yet.
    private let unsynced = Mutex<Set<String>>([])

    init(from source: FileBlobStore, to copies: FileBlobStore) {
        self.source = source
        self.copies = copies
    }

    /// A page of the copies that are there.
    ///
    /// Their names may be those that a copier gave which was killed before its ``sync()``, so that the next one of this
    /// copier counts them as its own.
    func list(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        let page = try await self.copies.list(after: after, limit: limit)
        let folders = Set(page.map { self.copies.layout.shard(of: $0.id) })
        self.unsynced.withLock { $0.formUnion(folders) }
        return page
    }

    func take(_ id: BlobID) async throws -> BlobPassage {
        switch try await self.copies.threadPool.runBlocking(blob: id, { try self.link(id) }) {
        case .done: return .linked
        case .missing: throw BlobStoreError(.missing, detail: "no blob \(id) to copy")
        case .impossible:
            try await self.copy(id)
            return .copied
        }
    }

    /// Makes all names durable that were given or listed.
    func sync() async throws {
        try await self.copies.threadPool.runBlocking {
            let folders = self.unsynced.withLock { $0 }
            for folder in folders.sorted() { try FileBlobStore.syncFolder(folder, self.copies.calls) }
            self.unsynced.withLock { $0.subtract(folders) }
        }
    }

    private func link(_ id: BlobID) throws(SystemFailure) -> Linking {
        let calls = self.copies.calls
        let path = self.copies.layout.path(of: id)
        guard try self.source.fileFacts(at: self.source.layout.path(of: id)) != nil else { return .missing }
        try WholeFile.remove(path, calls)
        guard self.isOneFileSystem.load(ordering: .relaxed) else { return .impossible }
        do {
            try calls.link(self.source.layout.path(of: id), to: path)
        } catch let error where error.number == ENOENT {
            return .missing
        } catch let error where Self.noLink.contains(error.number) {
            if error.number == EXDEV { self.isOneFileSystem.store(false, ordering: .relaxed) }
            return .impossible
        }
        self.unsynced.withLock { _ = $0.insert(self.copies.layout.shard(of: id)) }
        return .done
    }

    private func copy(_ id: BlobID) async throws {
        let blob = try await self.source.open(id)
        let draft = try await self.copies.makeDraft(bytesExpected: blob.sealedBytes)
        do {
            var position = 0
            while position < blob.sealedBytes {
                let end = min(blob.sealedBytes, position + FileBlobDraft.bufferBytesMax)
                try await draft.append(try await blob.read(position..<end))
                position = end
            }
            try await draft.publish(as: id)
        } catch {
            await draft.discard()
            throw error
        }
    }
}
