import Glibc
import MediaModel
import Synchronization

/// A blob being written to a file.
///
/// Bytes are gathered and written ``bufferBytesMax`` at a time. Most blobs are smaller than that: they have no file
/// until they are published, and cost one trip to the thread pool in all.
final class FileBlobDraft: BlobDraft {
    /// Bytes held in memory before they are written.
    static let bufferBytesMax = 256 * 1024

    private struct State {
        /// Nil until there is something to write.
        var file: DraftFile?
        var buffer: [UInt8] = []
        var bytesWritten = 0
        /// Published, discarded, or broken by a write that failed half-way.
        var isOver = false
    }

    private let store: FileBlobStore
    private let state: Mutex<State>

    /// - Parameter file: nil: it is made once it is needed.
    init(_ file: DraftFile?, store: FileBlobStore) {
        self.store = store
        self.state = Mutex(State(file: file))
    }

    func append(_ bytes: [UInt8]) async throws {
        let (due, opened) = try self.state.withLock { state -> ([UInt8]?, DraftFile?) in
            try Self.checkOpen(state)
            state.buffer += bytes
            guard state.buffer.count >= Self.bufferBytesMax else { return (nil, nil) }
            defer { state.buffer = [] }
            return (state.buffer, state.file)
        }
        guard let due else { return }
        do {
            let file = try await self.store.threadPool.runBlocking {
                let file = try opened ?? self.store.openDraft(near: nil)
                try self.store.calls.writeAll(due, to: file.file.descriptor)
                return file
            }
            self.state.withLock { state in
                state.file = file
                state.bytesWritten += due.count
            }
        } catch {
            // Nobody knows how much was written; such a draft must never be published.
            self.state.withLock { $0.isOver = true }
            throw error
        }
    }

    func publish(as id: BlobID) async throws {
        let last = try self.state.withLock { state in
            try Self.checkOpen(state)
            state.isOver = true
            return state
        }
        try await self.store.threadPool.runBlocking(blob: id) {
            let draft = try last.file ?? self.store.openDraft(near: id)
            do {
                try self.finish(last, in: draft)
                try self.name(id, draft)
            } catch {
                draft.throwAway(self.store.calls)
                throw error
            }
        }
    }

    func discard() async {
        let file = self.state.withLock { state in
            defer { state = State(isOver: true) }
            return state.file
        }
        guard let file else { return }
        // Without a running pool the descriptor goes with the last reference to this draft.
        try? await self.store.threadPool.runBlocking { file.throwAway(self.store.calls) }
    }

    /// The bytes, and nothing but them, are on the disk when this returns.
    private func finish(_ last: State, in draft: DraftFile) throws(SystemFailure) {
        let calls = self.store.calls
        let descriptor = draft.file.descriptor
        try calls.writeAll(last.buffer, to: descriptor)
        let bytes = last.bytesWritten + last.buffer.count
        if bytes < draft.bytesReserved {
            try calls.retrying { () throws(SystemFailure) in try calls.truncate(descriptor, bytes: bytes) }
        }
        try calls.sync(descriptor)
    }

    /// Gives the file its name, durably. A blob that has the name already is never replaced.
    private func name(_ id: BlobID, _ draft: DraftFile) throws(SystemFailure) {
        let calls = self.store.calls
        let layout = self.store.layout
        try calls.link(draft.path, to: layout.path(of: id))
        do {
            try FileBlobStore.syncFolder(layout.shard(of: id), calls)
            try draft.file.close()
        } catch {
            // The name may or may not survive; the caller is told that there is no blob, so there must be none.
            try? calls.unlink(layout.path(of: id))
            throw error
        }
        // Should this fail, the name in `incoming/` is removed at the next start; the blob is safe already.
        if let name = draft.name { try? calls.unlink(name) }
    }

    private static func checkOpen(_ state: State) throws(BlobStoreError) {
        if state.isOver { throw BlobStoreError(.failed, detail: "the draft is over: published, discarded or broken") }
    }
}
