import Synchronization

/// Admits at most `workers` jobs at once and at most `queueMax` waiting ones, first come, first served; refuses the
/// rest at once.
final class WorkerGate: Sendable {
    enum Refusal: Error {
        /// As many wait as may.
        case full
        /// This one waited longer than it may.
        case overdue
        /// There will be no more admissions.
        case closed
    }

    struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    struct State {
        var busy = 0
        var isClosed = false
        var nextID = 0
        var waiters: [Waiter] = []
        /// Why waiters ended that had not joined the queue yet: cancellation and time do not wait for that.
        var endedEarly: [Int: any Error] = [:]
    }

    let state = Mutex(State())
    private let workers: Int
    private let queueMax: Int

    init(workers: Int, queueMax: Int) {
        precondition(workers > 0)
        precondition(queueMax >= 0)
        self.workers = workers
        self.queueMax = queueMax
    }

    /// How many jobs are admitted, and how many wait.
    var counts: (busy: Int, waiting: Int) { self.state.withLock { ($0.busy, $0.waiters.count) } }

    /// Runs `job` once it is admitted.
    ///
    /// - Throws: ``Refusal``; `CancellationError` when the task is cancelled while it waits; what `job` throws.
    func withPermit<Value: Sendable>(waitMax: Duration, _ job: () async throws -> Value) async throws -> Value {
        if try !self.enterAtOnce() { try await self.wait(waitMax) }
        defer { self.leave() }
        return try await job()
    }

    /// Refuses all who wait and all who come.
    func close() {
        let waiters = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: Refusal.closed) }
    }

    private func enterAtOnce() throws -> Bool {
        try self.state.withLock { state in
            if state.isClosed { throw Refusal.closed }
            // Nobody waits while there is room, so nobody is overtaken.
            guard state.busy < self.workers else {
                if state.waiters.count >= self.queueMax { throw Refusal.full }
                return false
            }
            state.busy += 1
            return true
        }
    }

    private func wait(_ waitMax: Duration) async throws {
        let id = self.state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        // The end may strike after the answer is decided; its mark must not stay behind. This runs when the timer,
        // which the end of the scope cancels and waits for, can leave no mark any more.
        defer { self.state.withLock { _ = $0.endedEarly.removeValue(forKey: id) } }
        async let _: Void = self.expire(id, after: waitMax)
        try await self.enqueue(id)
    }

    private func expire(_ id: Int, after waitMax: Duration) async {
        do { try await Task.sleep(for: waitMax) } catch { return }
        self.end(id, with: Refusal.overdue)
    }

    private func enqueue(_ id: Int) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = self.state.withLock { state -> Result<Void, any Error>? in
                    if let end = state.endedEarly[id] { return .failure(end) }
                    if state.isClosed { return .failure(Refusal.closed) }
                    if state.busy < self.workers {
                        state.busy += 1
                        return .success(())
                    }
                    guard state.waiters.count < self.queueMax else { return .failure(Refusal.full) }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            self.end(id, with: CancellationError())
        }
    }

    private func end(_ id: Int, with error: any Error) {
        let waiter = self.state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                state.endedEarly[id] = error
                return nil
            }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(throwing: error)
    }

    private func leave() {
        let next = self.state.withLock { state -> Waiter? in
            if state.waiters.isEmpty {
                state.busy -= 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.continuation.resume()
    }
}
