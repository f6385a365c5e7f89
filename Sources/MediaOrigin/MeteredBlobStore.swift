package import MediaModel
import Metrics

/// A blob store whose operations are counted by what they were and how they ended.
package struct MeteredBlobStore: BlobStore {
    private let base: any BlobStore
    private let makeDraftMeter = OperationMeter("make-draft")
    private let openMeter = OperationMeter("open")
    private let removeMeter = OperationMeter("remove")
    private let listMeter = OperationMeter("list")
    private let publishMeter = OperationMeter("publish")
    private let readMeter = OperationMeter("read")

    package init(_ base: any BlobStore) { self.base = base }

    package func makeDraft(bytesExpected: Int?) async throws -> any BlobDraft {
        let draft = try await self.makeDraftMeter.count { try await self.base.makeDraft(bytesExpected: bytesExpected) }
        return MeteredDraft(base: draft, publishMeter: self.publishMeter)
    }

    package func open(_ id: BlobID) async throws -> any BlobHandle {
        let handle = try await self.openMeter.count { try await self.base.open(id) }
        return MeteredHandle(base: handle, readMeter: self.readMeter)
    }

    package func remove(_ id: BlobID) async throws {
        try await self.removeMeter.count { try await self.base.remove(id) }
    }

    package func list(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.listMeter.count { try await self.base.list(after: after, limit: limit) }
    }

    package func checkHealth() async throws { try await self.base.checkHealth() }
}

private struct MeteredDraft: BlobDraft {
    let base: any BlobDraft
    let publishMeter: OperationMeter

    func append(_ bytes: [UInt8]) async throws { try await self.base.append(bytes) }

    func publish(as id: BlobID) async throws {
        try await self.publishMeter.count { try await self.base.publish(as: id) }
    }

    func discard() async { await self.base.discard() }
}

private struct MeteredHandle: BlobHandle {
    let base: any BlobHandle
    let readMeter: OperationMeter

    var sealedBytes: Int { self.base.sealedBytes }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        try await self.readMeter.count { try await self.base.read(range) }
    }
}

/// Counts one kind of operation on the store.
private struct OperationMeter: Sendable {
    private let done: Counter
    private let failed: Counter

    init(_ operation: String) {
        let label = "media_blob_operations_total"
        self.done = Counter(label: label, dimensions: [("operation", operation), ("outcome", "done")])
        self.failed = Counter(label: label, dimensions: [("operation", operation), ("outcome", "failed")])
    }

    func count<Result>(_ operation: () async throws -> Result) async throws -> Result {
        do {
            let result = try await operation()
            self.done.increment()
            return result
        } catch {
            self.failed.increment()
            throw error
        }
    }
}
