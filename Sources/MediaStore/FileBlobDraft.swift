import Glibc
import MediaModel
import Synchronization

/// A blob being written to a file.
///
/// Bytes are gathered and written ``bufferBytesMax`` at a time: most blobs are smaller than that and so cost one trip
/// to the thread pool when they are made and one when they are published.
final class FileBlobDraft: BlobDraft {
    /// Bytes held in memory before they are written.
    static let bufferBytesMax = 256 * 1024

    private struct State {
        var buffer: [UInt8] = []
        var bytesWritten = 0
        /// Published, discarded, or broken by a write that failed half-way.
        var isOver = false
    }

    private let draft: DraftFile
    /// The length that reserving has given the file.
    private let bytesReserved: Int
    private let store: FileBlobStore
    private let state = Mutex(State())

    init(_ draft: DraftFile, bytesReserved: Int, store: FileBlobStore) {
        self.draft = draft
        self.bytesReserved = bytesReserved
        self.store = store
    }

    func append(_ bytes: [UInt8]) async throws {
        let due: [UInt8]? = try self.state.withLock { state in
            try Self.checkOpen(state)
            state.buffer += bytes
            guard state.buffer.count >= Self.bufferBytesMax else { return nil }
            defer { state.buffer = [] }
            return state.buffer
        }
        guard let due else { return }
        do {
            try await self.store.threadPool.runBlocking {
                try self.store.calls.writeAll(due, to: self.draft.file.descriptor)
            }
        } catch {
            // Nobody knows how much was written; such a draft must never be published.
            self.state.withLock { $0.isOver = true }
            throw error
        }
        self.state.withLock { $0.bytesWritten += due.count }
    }

    func publish(as id: BlobID) async throws {
        let last = try self.state.withLock { state in
            try Self.checkOpen(state)
            state.isOver = true
            return state
        }
        try await self.store.threadPool.runBlocking(blob: id) {
            do {
                try self.finish(last)
                try self.name(id)
            } catch {
                self.draft.throwAway(self.store.calls)
                throw error
            }
        }
    }

    func discard() async {
        self.state.withLock { $0 = State(isOver: true) }
        // Without a running pool the descriptor goes with the last reference to this draft.
        try? await self.store.threadPool.runBlocking { self.draft.throwAway(self.store.calls) }
    }

    /// The bytes, and nothing but them, are on the disk when this returns.
    private func finish(_ last: State) throws(SystemFailure) {
        let calls = self.store.calls
        let descriptor = self.draft.file.descriptor
        try calls.writeAll(last.buffer, to: descriptor)
        let bytes = last.bytesWritten + last.buffer.count
        if bytes < self.bytesReserved {
            try calls.retrying { () throws(SystemFailure) in try calls.truncate(descriptor, bytes: bytes) }
        }
        try calls.sync(descriptor)
    }

    /// Gives the file its name, durably. A blob that has the name already is never replaced.
    private func name(_ id: BlobID) throws(SystemFailure) {
        let calls = self.store.calls
        let layout = self.store.layout
        try calls.link(self.draft.path, to: layout.path(of: id))
        do {
            try FileBlobStore.syncFolder(layout.shard(of: id), calls)
            try self.draft.file.close()
        } catch {
            // The name may or may not survive; the caller is told that there is no blob, so there must be none.
            try? calls.unlink(layout.path(of: id))
            throw error
        }
        // Should this fail, the name in `incoming/` is removed at the next start; the blob is safe already.
        if let name = self.draft.name { try? calls.unlink(name) }
    }

    private static func checkOpen(_ state: State) throws(BlobStoreError) {
        if state.isOver { throw BlobStoreError(.failed, detail: "the draft is over: published, discarded or broken") }
    }
}
