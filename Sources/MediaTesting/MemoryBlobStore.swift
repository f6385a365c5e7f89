package import FoundationEssentials
package import MediaModel
import Synchronization

/// Which calls of a fake fail. Calls are counted from 1; the ones that cannot throw are not counted.
package struct FaultPlan: Sendable {
    /// The first call that fails.
    package var failAt: Int
    /// Whether all later ones fail, too.
    package var isSticky: Bool

    package init(failAt: Int, isSticky: Bool = false) {
        self.failAt = failAt
        self.isSticky = isSticky
    }

    func hits(_ call: Int) -> Bool { call == self.failAt || self.isSticky && call > self.failAt }
}

/// A blob store in memory. Keeps the port's contract (`BlobStoreContract` runs on it), survives nothing.
package final class MemoryBlobStore: BlobStore {
    struct State {
        var blobs: [BlobID: Blob] = [:]
        /// Blobs that were put aside; `modifiedAt` is when.
        var quarantined: [BlobID: Blob] = [:]
        var draftsOpen = 0
        var room: StoreRoom?
        var calls = 0
        var faults: FaultPlan?
        var error = BlobStoreError(.failed, detail: "injected")
    }

    struct Blob {
        var bytes: [UInt8]
        var modifiedAt: Date
    }

    let state = Mutex(State())

    package init() {}

    /// Lets calls fail from now on (the count starts anew); nil lets them work again. A draft's calls count, too.
    package func inject(
        _ faults: FaultPlan?,
        error: BlobStoreError = BlobStoreError(.failed, detail: "injected")
    ) {
        self.state.withLock { state in
            state.calls = 0
            state.faults = faults
            state.error = error
        }
    }

    /// Calls since the start, or since `inject`.
    package var calls: Int { self.state.withLock { $0.calls } }

    /// Drafts that were neither published nor discarded.
    package var draftsOpen: Int { self.state.withLock { $0.draftsOpen } }

    /// All that is published.
    package var blobs: [BlobID: [UInt8]] { self.state.withLock { $0.blobs.mapValues(\.bytes) } }

    /// All that was put aside.
    package var quarantinedBlobs: [BlobID: [UInt8]] { self.state.withLock { $0.quarantined.mapValues(\.bytes) } }

    /// Puts a blob there, or changes one behind the store's back, as a failing disk would.
    package func put(_ bytes: [UInt8], as id: BlobID, modifiedAt: Date = Date()) {
        self.state.withLock { $0.blobs[id] = Blob(bytes: bytes, modifiedAt: modifiedAt) }
    }

    package func makeDraft(bytesExpected: Int?) async throws -> any BlobDraft {
        try self.call { $0.draftsOpen += 1 }
        return MemoryBlobDraft(store: self)
    }

    package func open(_ id: BlobID) async throws -> any BlobHandle {
        try self.call { state in
            guard let blob = state.blobs[id] else { throw BlobStoreError(.missing, detail: "no blob \(id)") }
            return MemoryBlobHandle(store: self, bytes: blob.bytes)
        }
    }

    package func readAtOnce(_ id: BlobID, bytes: Int) -> [UInt8]? {
        let blob = try? self.call { $0.blobs[id] }
        return blob?.bytes.count == bytes ? blob?.bytes : nil
    }

    package func remove(_ id: BlobID) async throws {
        try self.call { $0.blobs[id] = nil }
    }

    package func list(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { Self.page(of: $0.blobs, after: after, limit: limit) }
    }

    package func quarantine(_ id: BlobID) async throws {
        try self.call { state in
            guard let blob = state.blobs.removeValue(forKey: id) else { return }
            state.quarantined[id] = Blob(bytes: blob.bytes, modifiedAt: Date())
        }
    }

    package func quarantined(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { Self.page(of: $0.quarantined, after: after, limit: limit) }
    }

    package func removeQuarantined(_ id: BlobID) async throws {
        try self.call { $0.quarantined[id] = nil }
    }

    private static func page(of blobs: [BlobID: Blob], after: BlobID?, limit: Int) -> [StoredBlob] {
        let later = blobs.filter { row in after.map { $0 < row.key } ?? true }
        return later.sorted { $0.key < $1.key }.prefix(limit).map {
            StoredBlob(id: $0.key, sealedBytes: $0.value.bytes.count, modifiedAt: $0.value.modifiedAt)
        }
    }

    /// What ``room()`` answers from now on; nil (as at the start): it has no end.
    package func setRoom(_ room: StoreRoom?) { self.state.withLock { $0.room = room } }

    package func room() async throws -> StoreRoom? { try self.call { $0.room } }

    package func checkHealth() async throws { try self.call { _ in } }

    /// Every call of the port goes through here: counted, failed where the plan says so, else done.
    func call<Value>(_ body: (inout State) throws -> Value) throws -> Value {
        try self.state.withLock { state in
            state.calls += 1
            if state.faults?.hits(state.calls) == true { throw state.error }
            return try body(&state)
        }
    }
}

private final class MemoryBlobDraft: BlobDraft {
    private struct State {
        var bytes: [UInt8] = []
        var isOver = false
    }

    private let store: MemoryBlobStore
    private let state = Mutex(State())

    init(store: MemoryBlobStore) { self.store = store }

    deinit { self.end() }

    func append(_ bytes: [UInt8]) async throws {
        try self.checkOpen()
        do {
            try self.store.call { _ in }
        } catch {
            self.end()
            throw error
        }
        self.state.withLock { $0.bytes += bytes }
    }

    func publish(as id: BlobID) async throws {
        try self.checkOpen()
        defer { self.end() }
        try self.store.call { state in
            if state.blobs[id] != nil { throw BlobStoreError(.failed, detail: "there is a blob \(id)") }
            let bytes = self.state.withLock { $0.bytes }
            state.blobs[id] = MemoryBlobStore.Blob(bytes: bytes, modifiedAt: Date())
        }
    }

    func discard() async { self.end() }

    private func end() {
        let wasOpen = self.state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if wasOpen { self.store.state.withLock { $0.draftsOpen -= 1 } }
    }

    private func checkOpen() throws {
        if self.state.withLock({ $0.isOver }) { throw BlobStoreError(.failed, detail: "the draft is over") }
    }
}

private struct MemoryBlobHandle: BlobHandle {
    let store: MemoryBlobStore
    let bytes: [UInt8]

    var sealedBytes: Int { self.bytes.count }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        try self.store.call { _ in
            guard range.upperBound <= self.bytes.count else {
                throw BlobStoreError(.truncated, detail: "\(range) of \(self.bytes.count) bytes")
            }
            return Array(self.bytes[range])
        }
    }
}
