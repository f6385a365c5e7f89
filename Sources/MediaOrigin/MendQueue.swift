import Logging
import MediaModel
import Synchronization

/// Damaged renditions that were noticed while they were read, in the order of their notice. As many are mended at a
/// time as there are workers, and each once however many ask for it; a reader that leaves takes nothing from the others
/// (RELIABILITY §1.11).
package final class MendQueue: Sendable {
    /// Renditions that may wait; one more is not noted, and will be noticed again.
    static let waitingMax = 256
    /// How long one that cannot be made again is not tried again for a reader. A check or a scrub tries in any case.
    static let refusalTime = Duration.seconds(600)
    /// The same after a failure that was not the rendition's.
    static let retryTime = Duration.seconds(1)
    /// Refusals that are remembered.
    static let refusalsMax = 10_000

    /// What a reader that waited is told.
    enum Answer: Sendable {
        /// The blob in the damaged one's place.
        case mended(BlobRecord)
        /// It cannot be made again.
        case impossible
        /// Not in time, or not now: it is we who are short.
        case later
    }

    private typealias Waiter = AsyncStream<Answer>.Continuation

    private struct Refusal {
        let answer: Answer
        let until: ContinuousClock.Instant
    }

    private struct State {
        /// Those that wait or are being worked on, each with who waits for it.
        var jobs: [BlobID: [Waiter]] = [:]
        var refusals: [BlobID: Refusal] = [:]
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
    func mended(_ blob: BlobRecord, within time: Duration) async -> Answer {
        let (stream, waiter) = AsyncStream.makeStream(of: Answer.self)
        if let refusal = self.enter(blob, waiter: waiter) { return refusal }
        return await withTaskGroup(of: Answer.self) { group in
            group.addTask {
                // Ends without an answer where this task is cancelled.
                for await answer in stream { return answer }
                return .later
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return .later
            }
            defer { group.cancelAll() }
            return await group.next() ?? .later
        }
    }

    /// Mends until the task is cancelled.
    ///
    /// - Parameter width: renditions at a time.
    package func run(width: Int) async {
        await withDiscardingTaskGroup { group in
            let gate = Gate(width: width)
            for await blob in self.order {
                await gate.enter()
                group.addTask {
                    let outcome = await self.mend(blob, priority: self.isAwaited(blob) ? .reader : .background)
                    Self.log(outcome, of: blob)
                    self.leave(blob.id, with: outcome)
                    gate.leave()
                }
            }
        }
    }

    private func isAwaited(_ blob: BlobRecord) -> Bool {
        self.state.withLock { $0.jobs[blob.id]?.isEmpty == false }
    }

    /// - Returns: why the blob is not in the queue; nil where it is.
    private func enter(_ blob: BlobRecord, waiter: Waiter?) -> Answer? {
        let (isNew, refusal) = self.state.withLock { state -> (Bool, Answer?) in
            if let refusal = state.refusals[blob.id] {
                if refusal.until > .now { return (false, refusal.answer) }
                state.refusals[blob.id] = nil
            }
            let isNew = state.jobs[blob.id] == nil
            if isNew, state.jobs.count == Self.waitingMax { return (false, .later) }
            state.jobs[blob.id, default: []] += waiter.map { [$0] } ?? []
            return (isNew, nil)
        }
        if isNew { self.entrance.yield(blob) }
        return refusal
    }

    private func leave(_ blob: BlobID, with outcome: Mend.Outcome) {
        let answer = Self.answer(outcome)
        let waiters = self.state.withLock { state in
            if let time = Self.refusalTime(outcome) {
                // Forgetting all costs an attempt each; keeping all would cost memory without end.
                if state.refusals.count == Self.refusalsMax { state.refusals = [:] }
                state.refusals[blob] = Refusal(answer: answer, until: .now + time)
            }
            return state.jobs.removeValue(forKey: blob) ?? []
        }
        for waiter in waiters {
            waiter.yield(answer)
            waiter.finish()
        }
    }

    private static func answer(_ outcome: Mend.Outcome) -> Answer {
        switch outcome {
        case .mended(let blob): .mended(blob)
        case .impossible: .impossible
        case .failed: .later
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
