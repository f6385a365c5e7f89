import Logging
import MediaModel
import Synchronization

/// Damaged renditions that were noticed while they were read, in the order of their notice. One is mended at a time,
/// and each once however many ask for it.
package final class MendQueue: Sendable {
    /// Renditions that may wait; one more is not noted, and will be noticed again.
    static let waitingMax = 256
    /// How long one that cannot be made again is not tried again for a reader. A check or a scrub tries in any case.
    static let refusalTime = Duration.seconds(600)
    /// The same after a failure that was not the rendition's.
    static let retryTime = Duration.seconds(1)
    /// Refusals that are remembered.
    static let refusalsMax = 10_000

    private struct State {
        /// Those that wait or are being worked on, each with who waits for it.
        var jobs: [BlobID: [AsyncStream<BlobRecord>.Continuation]] = [:]
        var refusals: [BlobID: ContinuousClock.Instant] = [:]
    }

    private let mend: Mend
    private let order: AsyncStream<BlobRecord>
    private let entrance: AsyncStream<BlobRecord>.Continuation
    private let state = Mutex(State())

    package init(_ mend: Mend) {
        self.mend = mend
        (self.order, self.entrance) = AsyncStream.makeStream(of: BlobRecord.self)
    }

    /// Renditions that wait or are being made again.
    package var count: Int { self.state.withLock { $0.jobs.count } }

    /// Notes a damaged blob; returns at once.
    func note(_ blob: BlobRecord) { _ = self.enter(blob, waiter: nil) }

    /// Notes a damaged blob and waits for the one in its place.
    ///
    /// - Returns: nil where it cannot be mended, not in time, or the queue is full.
    func mended(_ blob: BlobRecord, within time: Duration) async -> BlobRecord? {
        let (stream, waiter) = AsyncStream.makeStream(of: BlobRecord.self)
        guard self.enter(blob, waiter: waiter) else { return nil }
        return await withTaskGroup(of: BlobRecord?.self) { group in
            group.addTask {
                // Ends without a record where the job fails, or this task is cancelled.
                for await record in stream { return record }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Mends until the task is cancelled.
    package func run() async {
        for await blob in self.order {
            let outcome = await self.mend(blob)
            Self.log(outcome, of: blob)
            self.leave(blob.id, with: outcome)
        }
    }

    /// - Returns: whether the blob is in the queue now.
    private func enter(_ blob: BlobRecord, waiter: AsyncStream<BlobRecord>.Continuation?) -> Bool {
        let isNew: Bool? = self.state.withLock { state in
            if let refusal = state.refusals[blob.id] {
                if refusal > .now { return nil }
                state.refusals[blob.id] = nil
            }
            let isNew = state.jobs[blob.id] == nil
            if isNew, state.jobs.count == Self.waitingMax { return nil }
            state.jobs[blob.id, default: []] += waiter.map { [$0] } ?? []
            return isNew
        }
        if isNew == true { self.entrance.yield(blob) }
        return isNew != nil
    }

    private func leave(_ blob: BlobID, with outcome: Mend.Outcome) {
        let waiters = self.state.withLock { state in
            if let time = Self.refusalTime(outcome) {
                // Forgetting all costs an attempt each; keeping all would cost memory without end.
                if state.refusals.count == Self.refusalsMax { state.refusals = [:] }
                state.refusals[blob] = .now + time
            }
            return state.jobs.removeValue(forKey: blob) ?? []
        }
        for waiter in waiters {
            if case .mended(let record) = outcome { waiter.yield(record) }
            waiter.finish()
        }
    }

    private static func refusalTime(_ outcome: Mend.Outcome) -> Duration? {
        switch outcome {
        case .mended: nil
        case .impossible: Self.refusalTime
        case .failed: Self.retryTime
        }
    }

    private static func log(_ outcome: Mend.Outcome, of blob: BlobRecord) {
        let metadata: Logger.Metadata = ["blob": "\(blob.id)", "rendition": "\(blob.place)"]
        switch outcome {
        case .mended(let new):
            Logger.current.warning(
                "A damaged rendition was made again",
                metadata: metadata.merging(["newBlob": "\(new.id)"]) { $1 }
            )
        case .impossible(let reason):
            Logger.current.error(
                "A damaged rendition cannot be made again",
                metadata: metadata.merging(["reason": "\(reason)"]) { $1 }
            )
        case .failed(let error):
            Logger.current.warning(
                "A damaged rendition could not be made again now",
                metadata: metadata.merging(["error": "\(String(reflecting: error))"]) { $1 }
            )
        }
    }
}

extension BlobRecord {
    /// What it was sealed as, for people: `01jd…/v1 thumbnail.webp`.
    var place: String { "\(self.sealedAs.asset)/v\(self.sealedAs.version) \(self.sealedAs.variant)" }
}
