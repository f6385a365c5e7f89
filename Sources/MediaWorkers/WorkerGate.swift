import MediaModel
import Synchronization

/// Lets render jobs in as ``AdmissionQueue`` decides: its lock, its clock, and the tasks that wait.
final class WorkerGate: Sendable {
    /// A task that waits. What becomes of it may be decided before it has gone to sleep.
    private enum Sleeper: Sendable {
        case awake
        case asleep(CheckedContinuation<Void, any Error>)
        case decided(Result<Void, any Error>)
    }

    private struct State {
        var queue: AdmissionQueue
        var sleepers: [Int: Sleeper] = [:]
        var refusals: [AdmissionQueue.Refusal: Int] = [:]

        /// The task goes to sleep, unless what becomes of it is decided.
        mutating func sleep(_ id: Int, _ sleeper: CheckedContinuation<Void, any Error>) -> Result<Void, any Error>? {
            guard case .decided(let decision) = self.sleepers[id] else {
                self.sleepers[id] = .asleep(sleeper)
                return nil
            }
            self.sleepers[id] = nil
            return decision
        }

        /// - Returns: whom to wake; nil where the task has not gone to sleep yet, and will find the decision.
        mutating func decide(_ id: Int, _ decision: Result<Void, any Error>) -> Wake? {
            guard case .asleep(let sleeper) = self.sleepers[id] else {
                self.sleepers[id] = .decided(decision)
                return nil
            }
            self.sleepers[id] = nil
            return Wake(sleeper: sleeper, decision: decision)
        }
    }

    private struct Wake: Sendable {
        let sleeper: CheckedContinuation<Void, any Error>
        let decision: Result<Void, any Error>
    }

    /// What the gate is doing, for metrics.
    struct Books {
        let running: Int
        let waiting: [RenderPriority: Int]
        /// Since the start; a reason that never was has no entry.
        let refusals: [AdmissionQueue.Refusal: Int]
        /// Of the jobs that run, as estimated.
        let memoryBytes: Int
        /// How much longer jobs take than was estimated.
        let pace: Double
    }

    private let epoch = ContinuousClock.now
    private let state: Mutex<State>

    init(_ bounds: AdmissionQueue.Bounds) { self.state = Mutex(State(queue: AdmissionQueue(bounds))) }

    var books: Books {
        self.state.withLock { state in
            let queue = state.queue
            let waiting = RenderPriority.allCases.map { ($0, queue.waitingCount(of: $0)) }
            return Books(
                running: queue.runningCount,
                waiting: Dictionary(uniqueKeysWithValues: waiting),
                refusals: state.refusals,
                memoryBytes: queue.memoryBytes,
                pace: queue.pace.factor
            )
        }
    }

    /// Tasks that wait or are being woken; 0 at rest.
    var sleepersCount: Int { self.state.withLock { $0.sleepers.count } }

    /// How long a job would wait; nil where it would be refused.
    ///
    /// - Parameter sparing: whether a quarter of the priority's places is to stay free.
    func expectedWait(for priority: RenderPriority, sparing: Bool = false) -> Duration? {
        self.state.withLock { $0.queue.expectedWait(for: priority, at: self.now, sparing: sparing) }
    }

    /// Runs `job` once it is admitted. Where it throws, its time says nothing of others'.
    ///
    /// - Throws: `AdmissionQueue.Refusal`; `CancellationError` when the task is cancelled while it waits; what `job`
    ///   throws.
    func admitting<Value: Sendable>(
        _ request: AdmissionQueue.Request,
        _ job: () async throws -> Value
    ) async throws -> Value {
        let answer = try self.ask(request)
        if !answer.isAdmitted { try await self.wait(answer.id, atMost: request.waitMax) }
        do {
            let value = try await job()
            self.end(answer.id, isMeasure: true)
            return value
        } catch {
            self.end(answer.id, isMeasure: false)
            throw error
        }
    }

    /// Refuses all who wait and all who come.
    func close() {
        self.deciding { state in
            state.queue.close().compactMap { state.decide($0, .failure(AdmissionQueue.Refusal.closed)) }
        }
    }

    private var now: AdmissionQueue.Moment { self.epoch.duration(to: .now) }

    private func ask(_ request: AdmissionQueue.Request) throws -> AdmissionQueue.Answer {
        var result: Result<AdmissionQueue.Answer, AdmissionQueue.Refusal>?
        self.deciding { state in
            do throws(AdmissionQueue.Refusal) {
                let answer = try state.queue.ask(request, at: self.now)
                if !answer.isAdmitted { state.sleepers[answer.id] = .awake }
                result = .success(answer)
                guard let displaced = answer.displaced else { return [] }
                state.refusals[.displaced, default: 0] += 1
                return [state.decide(displaced, .failure(AdmissionQueue.Refusal.displaced))].compactMap { $0 }
            } catch {
                state.refusals[error, default: 0] += 1
                result = .failure(error)
                return []
            }
        }
        guard let result else { preconditionFailure("the lock was not taken") }
        return try result.get()
    }

    private func wait(_ id: Int, atMost waitMax: Duration) async throws {
        // The timer, which the end of the scope cancels and waits for, decides nothing after that.
        async let _: Void = self.expire(id, after: waitMax)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let decision = self.state.withLock { $0.sleep(id, continuation) }
                if let decision { continuation.resume(with: decision) }
            }
        } onCancel: {
            self.giveUp(id, CancellationError())
        }
    }

    private func expire(_ id: Int, after waitMax: Duration) async {
        do { try await Task.sleep(for: waitMax) } catch { return }
        self.giveUp(id, AdmissionQueue.Refusal.overdue)
    }

    private func giveUp(_ id: Int, _ error: any Error) {
        self.deciding { state in
            // Whoever is admitted, or was refused before, stays so.
            guard let admitted = state.queue.giveUp(id, at: self.now) else { return [] }
            if let refusal = error as? AdmissionQueue.Refusal { state.refusals[refusal, default: 0] += 1 }
            return ([state.decide(id, .failure(error))] + admitted.map { state.decide($0, .success(())) })
                .compactMap { $0 }
        }
    }

    private func end(_ id: Int, isMeasure: Bool) {
        self.deciding { state in
            state.queue.end(id, isMeasure: isMeasure, at: self.now).compactMap { state.decide($0, .success(())) }
        }
    }

    /// Wakes whom `body` decides to wake, outside the lock.
    private func deciding(_ body: (inout State) -> [Wake]) {
        for wake in self.state.withLock({ body(&$0) }) { wake.sleeper.resume(with: wake.decision) }
    }
}
