import FoundationEssentials
import Logging
import MediaModel
import Metrics
import Synchronization
import Tracing

/// Delivers the purges of one target: in the order of each asset's changes, a few batches at a time, later and later
/// while the target fails. Each target has a lane of its own, so a dead one holds up no other.
///
/// The catalog remembers what is to be sent. What a lane knows beyond that (who is on the way, the pause) is lost with
/// the process, and then a target may be told twice.
final class PurgeLane: Sendable {
    /// How often a lane looks though nobody rings; a clock that was set back may make records due that were not.
    static let lookInterval = Duration.seconds(60)
    /// How long a lane waits where records are due and none can be sent: an earlier one of the asset is on its way.
    static let blockedInterval = Duration.seconds(1)
    /// Refusals in a row that pause no more than their own records: beyond, it is likely the target's settings.
    static let refusalsFree = 4
    /// What waits is counted once in so much time, and whenever nothing is due.
    static let lagInterval = Duration.seconds(1)

    struct State {
        /// Assets of which records are on their way.
        var assets: Set<AssetID> = []
        var recordsInFlight = 0
        /// In a row.
        var failures = 0
        var pausedUntil: ContinuousClock.Instant?
        /// Records of a batch that was refused: which of them it was is found by sending each alone.
        var alone: Set<Int64> = []
        var lag = PurgeLag.none
        var lagReadAt: ContinuousClock.Instant?
        /// Set when the service stops.
        var drainUntil: ContinuousClock.Instant?
    }

    let name: PurgeTargetName
    let driver: any PurgeDriver
    let catalog: any Catalog
    let policy: PurgePolicy
    let onTold: @Sendable (PurgeRecord) -> Void
    let bell = Bell()
    let meters: PurgeMeters
    let state = Mutex(State())

    /// - Parameter onTold: called with each record that the target has taken; the lane waits for it.
    init(
        _ target: PurgeTarget,
        catalog: any Catalog,
        policy: PurgePolicy,
        onTold: @escaping @Sendable (PurgeRecord) -> Void = { _ in }
    ) {
        self.name = target.name
        self.driver = target.driver
        self.catalog = catalog
        self.policy = policy
        self.onTold = onTold
        self.meters = PurgeMeters(target.name)
    }

    /// What waits, as it was when it was counted last.
    var lag: PurgeLag { self.state.withLock { $0.lag } }

    /// Delivers until the task is cancelled, or `stop` was called and nothing is due any more.
    func run() async {
        await self.readLag(isIdle: true)
        await withDiscardingTaskGroup { group in
            let gate = Gate(width: self.policy.inFlightMax)
            while true {
                await gate.enter()
                guard let batch = await self.nextBatch() else { return }
                group.addTask {
                    await self.deliver(batch)
                    gate.leave()
                    self.bell.ring()
                }
            }
        }
    }

    /// Lets what is due be sent, for a short time, and then ends.
    func stop() {
        self.state.withLock { $0.drainUntil = .now + self.policy.drain }
        self.bell.ring()
    }

    /// Tries again now, however the last attempts ended.
    func retry() {
        self.state.withLock { state in
            state.pausedUntil = nil
            state.failures = min(state.failures, 1)
        }
        self.bell.ring()
    }
}

// MARK: - What is next

extension PurgeLane {
    private enum Next {
        case look
        case wait(Duration)
        case end
    }

    /// Waits until something can be sent; nil: the lane ends.
    private func nextBatch() async -> [PurgeRecord]? {
        while !Task.isCancelled {
            switch self.next() {
            case .end: return nil
            case .wait(let time):
                await self.readLag(isIdle: false)
                await self.bell.wait(atMost: time)
            case .look:
                do {
                    let batch = try await self.takeBatch()
                    if !batch.isEmpty { return batch }
                    await self.readLag(isIdle: true)
                    if self.isDrained { return nil }
                    await self.bell.wait(atMost: try await self.untilNext())
                } catch {
                    guard !Task.isCancelled else { return nil }
                    self.log(.error, "The purge outbox could not be read", error)
                    await self.bell.wait(atMost: self.policy.retryMin)
                }
            }
        }
        return nil
    }

    private func next() -> Next {
        self.state.withLock { state in
            let now = ContinuousClock.now
            if let end = state.drainUntil, end <= now { return .end }
            if let until = state.pausedUntil, until > now {
                return state.drainUntil == nil ? .wait(until - now) : .end
            }
            // One that failed is tried by one batch, before it gets all of them.
            if state.failures > 0, state.recordsInFlight > 0 { return .wait(Self.lookInterval) }
            return .look
        }
    }

    private var isDrained: Bool { self.state.withLock { $0.drainUntil != nil && $0.recordsInFlight == 0 } }

    /// Takes what may be sent together, and marks it as on its way.
    private func takeBatch() async throws -> [PurgeRecord] {
        let held = self.state.withLock { $0.recordsInFlight }
        let limit = self.driver.recordsMax + held
        // Stored times are whole milliseconds: one of this very moment may be the next.
        let now = Date().addingTimeInterval(0.001)
        let due = try await self.catalog.purges(to: self.name, due: now, limit: limit)
        return self.state.withLock { state in
            let batch = Self.batch(of: due.filter { !state.assets.contains($0.asset) }, self.driver.recordsMax, state)
            state.assets.formUnion(batch.map(\.asset))
            state.recordsInFlight += batch.count
            return batch
        }
    }

    /// - Parameter free: in the order in which they are due.
    private static func batch(of free: [PurgeRecord], _ recordsMax: Int, _ state: State) -> [PurgeRecord] {
        guard let first = free.first else { return [] }
        if state.alone.contains(first.id) { return [first] }
        // What comes after a record that goes alone waits for it.
        let held = Set(free.filter { state.alone.contains($0.id) }.map(\.asset))
        return Array(free.filter { !held.contains($0.asset) || $0.id == first.id }.prefix(recordsMax))
    }

    private func untilNext() async throws -> Duration {
        guard let next = try await self.catalog.nextPurge(to: self.name) else { return Self.lookInterval }
        let seconds = next.timeIntervalSinceNow
        guard seconds > 0 else { return Self.blockedInterval }
        // A millisecond more than needed: stored times are whole ones.
        return min(Self.lookInterval, .seconds(seconds) + .milliseconds(1))
    }

    /// - Parameter isIdle: nothing is due, so counting costs nobody anything.
    private func readLag(isIdle: Bool) async {
        let isDue = self.state.withLock { state in
            let now = ContinuousClock.now
            guard isIdle || state.lagReadAt.map({ $0 + Self.lagInterval <= now }) ?? true else { return false }
            state.lagReadAt = now
            return true
        }
        guard isDue, let lag = try? await self.catalog.purgeLag(of: self.name) else { return }
        self.state.withLock { $0.lag = lag }
    }
}

// MARK: - Delivery

extension PurgeLane {
    private func deliver(_ batch: [PurgeRecord]) async {
        do {
            try await Stage.purge.asRoot(ofKind: .client, target: "\(self.name)") { try await self.driver.send(batch) }
            await self.settle(batch.map { self.settlement(of: $0) })
            self.succeeded(batch)
        } catch {
            // Whoever is cancelled leaves the records to the next start.
            if !Task.isCancelled { await self.failed(batch, error) }
        }
        self.state.withLock { state in
            state.assets.subtract(batch.map(\.asset))
            state.recordsInFlight -= batch.count
        }
        await self.readLag(isIdle: false)
    }

    private func settlement(of record: PurgeRecord) -> PurgeSettlement {
        let isTold = record.sentAt != nil || !record.change.isToldTwice || self.policy.rebound == .zero
        if isTold { return .done(record.id) }
        let now = Date()
        return .again(record.id, sentAt: now, dueAt: now.addingTimeInterval(self.policy.rebound.seconds))
    }

    /// Where this fails the target is told again: no harm.
    private func settle(_ settlements: [PurgeSettlement]) async {
        do {
            try await self.catalog.settle(settlements)
        } catch {
            self.log(.error, "What became of purges could not be noted; they will be sent again", error)
            self.pause(for: self.policy.pause(after: 1))
        }
    }

    private func succeeded(_ batch: [PurgeRecord]) {
        let isBack = self.state.withLock { state in
            state.alone.subtract(batch.map(\.id))
            defer { state.failures = 0 }
            return state.failures > 0
        }
        if isBack { Logger.current.notice("A purge target is told again", metadata: ["target": "\(self.name)"]) }
        self.meters.sent(batch, now: Date())
        for record in batch { self.onTold(record) }
    }

    private func failed(_ batch: [PurgeRecord], _ thrown: any Error) async {
        let error = thrown as? PurgeError ?? PurgeError(.unreachable, detail: String(reflecting: thrown))
        self.meters.failed(error.code)
        if error.code == .refused, batch.count > 1 {
            self.state.withLock { $0.alone.formUnion(batch.map(\.id)) }
            return
        }
        let pause = self.pauseOfLane(after: error)
        let isRefused = error.code == .refused
        let delay = isRefused ? self.policy.pause(after: batch[0].attempts + 1) : pause
        self.log(.warning, "A purge target was not told", error, ["records": "\(batch.count)", "retryIn": "\(delay)"])
        if pause > .zero { self.pause(for: pause) }
        let dueAt = Date().addingTimeInterval(delay.seconds)
        let said = String(decoding: error.debugDescription.utf8.prefix(PurgeRecord.errorBytesMax), as: UTF8.self)
        await self.settle(batch.map { .failed($0.id, error: said, dueAt: dueAt) })
    }

    /// Counts a failure. Those of one moment, of batches that were on their way together, are one.
    private func pauseOfLane(after error: PurgeError) -> Duration {
        let failures = self.state.withLock { state in
            if state.pausedUntil.map({ $0 <= .now }) ?? true { state.failures += 1 }
            return state.failures
        }
        if error.code != .refused {
            let asked = min(error.retryAfter ?? .zero, PurgePolicy.retryAfterMax)
            return max(self.policy.pause(after: failures), asked)
        }
        return failures > Self.refusalsFree ? self.policy.pause(after: failures - Self.refusalsFree) : .zero
    }

    private func pause(for time: Duration) {
        self.state.withLock { state in
            let until = ContinuousClock.now + time
            state.pausedUntil = max(state.pausedUntil ?? until, until)
        }
    }

    private func log(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ error: any Error,
        _ more: Logger.Metadata = [:]
    ) {
        let metadata: Logger.Metadata = ["target": "\(self.name)", "error": "\(String(reflecting: error))"]
        Logger.current.log(level: level, message, metadata: metadata.merging(more) { $1 })
    }
}
