package import MediaModel
import Synchronization

/// A purge target that keeps what it is told, and does not, on demand.
package final class FakePurgeDriver: PurgeDriver {
    private struct State {
        var batches: [[PurgeRecord]] = []
        var attempts = 0
        var running = 0
        var runningMax = 0
        var answer: @Sendable (_ attempt: Int, _ records: [PurgeRecord]) async throws -> Void = { _, _ in }
    }

    package let recordsMax: Int
    private let state = Mutex(State())

    package init(recordsMax: Int = 10) { self.recordsMax = recordsMax }

    /// What it was told, in the order in which it said so.
    package var batches: [[PurgeRecord]] { self.state.withLock { $0.batches } }
    package var records: [PurgeRecord] { self.batches.flatMap { $0 } }
    /// Also those that failed.
    package var attempts: Int { self.state.withLock { $0.attempts } }
    /// The most calls at one moment.
    package var runningMax: Int { self.state.withLock { $0.runningMax } }

    /// What each call from now on does before it counts as told; what it throws is thrown.
    package func answer(_ answer: @escaping @Sendable (_ attempt: Int, _ records: [PurgeRecord]) async throws -> Void) {
        self.state.withLock { $0.answer = answer }
    }

    package func send(_ records: [PurgeRecord]) async throws {
        precondition((1...self.recordsMax).contains(records.count))
        let (attempt, answer) = self.state.withLock { state in
            state.attempts += 1
            state.running += 1
            state.runningMax = max(state.running, state.runningMax)
            return (state.attempts, state.answer)
        }
        defer { self.state.withLock { $0.running -= 1 } }
        try await answer(attempt, records)
        self.state.withLock { $0.batches.append(records) }
    }
}
