package import MediaModel
import Metrics

/// A blob store whose operations are timed and counted by what they were and how they ended.
///
/// It stands next to the adapter, so a failed sync ends the process right where it shows, before any caller could act
/// on what it believes was or was not made durable.
package struct MeteredBlobStore: BlobStore {
    private let base: any BlobStore
    private let makeDraftMeter: OperationMeter
    private let openMeter: OperationMeter
    private let removeMeter: OperationMeter
    private let listMeter: OperationMeter
    private let publishMeter: OperationMeter
    private let readMeter: OperationMeter
    private let quarantineMeter: OperationMeter
    private let quarantinedMeter: OperationMeter
    private let removeQuarantinedMeter: OperationMeter
    private let roomMeter: OperationMeter
    private let healthMeter: OperationMeter

    package init(_ base: any BlobStore, storageFailure: StorageFailure) {
        let meter = { OperationMeter($0, storageFailure) }
        self.base = base
        self.makeDraftMeter = meter("make-draft")
        self.openMeter = meter("open")
        self.removeMeter = meter("remove")
        self.listMeter = meter("list")
        self.publishMeter = meter("publish")
        self.readMeter = meter("read")
        self.quarantineMeter = meter("quarantine")
        self.quarantinedMeter = meter("list-quarantined")
        self.removeQuarantinedMeter = meter("remove-quarantined")
        self.roomMeter = meter("room")
        self.healthMeter = meter("health")
    }

    package func makeDraft(bytesExpected: Int?) async throws -> any BlobDraft {
        let draft = try await self.makeDraftMeter.count { try await self.base.makeDraft(bytesExpected: bytesExpected) }
        return MeteredDraft(base: draft, publishMeter: self.publishMeter)
    }

    package func open(_ id: BlobID) async throws -> any BlobHandle {
        let handle = try await self.openMeter.count { try await self.base.open(id) }
        return MeteredHandle(base: handle, readMeter: self.readMeter)
    }

    package func readAtOnce(_ id: BlobID, bytes: Int) -> [UInt8]? {
        let start = ContinuousClock.now
        guard let read = self.base.readAtOnce(id, bytes: bytes) else { return nil }
        self.readMeter.countDone(since: start)
        return read
    }

    package func remove(_ id: BlobID) async throws {
        try await self.removeMeter.count { try await self.base.remove(id) }
    }

    package func list(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.listMeter.count { try await self.base.list(after: after, limit: limit) }
    }

    package func quarantine(_ id: BlobID) async throws {
        try await self.quarantineMeter.count { try await self.base.quarantine(id) }
    }

    package func quarantined(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.quarantinedMeter.count { try await self.base.quarantined(after: after, limit: limit) }
    }

    package func removeQuarantined(_ id: BlobID) async throws {
        try await self.removeQuarantinedMeter.count { try await self.base.removeQuarantined(id) }
    }

    package func room() async throws -> StoreRoom? { try await self.roomMeter.count { try await self.base.room() } }

    package func checkHealth() async throws { try await self.healthMeter.count { try await self.base.checkHealth() } }
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

/// Counts and times one kind of operation on the store.
private struct OperationMeter: Sendable {
    private let done: Counter
    private let failed: Counter
    private let duration: Timer
    private let storageFailure: StorageFailure

    init(_ operation: String, _ storageFailure: StorageFailure) {
        self.storageFailure = storageFailure
        let label = "media_blob_operations_total"
        self.done = Counter(label: label, dimensions: [("operation", operation), ("outcome", "done")])
        self.failed = Counter(label: label, dimensions: [("operation", operation), ("outcome", "failed")])
        self.duration = Timer(label: "media_blob_operation_duration_seconds", dimensions: [("operation", operation)])
    }

    func countDone(since start: ContinuousClock.Instant) {
        self.done.increment()
        self.duration.record(duration: ContinuousClock.now - start)
    }

    func count<Result>(_ operation: () async throws -> Result) async throws -> Result {
        let start = ContinuousClock.now
        do {
            let result = try await operation()
            self.countDone(since: start)
            return result
        } catch {
            self.storageFailure.inspect(error)
            self.failed.increment()
            self.duration.record(duration: ContinuousClock.now - start)
            throw error
        }
    }
}
