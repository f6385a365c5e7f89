import Synchronization

/// Lets as many pictures be rendered at once as there are workers; the others, which have been read, wait here.
///
/// The pool has a queue, too. But each wait in it has a timer of a minute, which outlives the wait: at 500 small
/// pictures a second these would come to 15 MiB.
final class WorkerTurns: Sendable {
    private struct State {
        var free: Int
        /// The first to come is the last.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    /// - Parameter count: at least 1.
    init(_ count: Int) { self.state = Mutex(State(free: count)) }

    /// Runs `work` when its turn has come. Turns are in the order of coming.
    func taking<Value: Sendable>(_ work: () async throws -> Value) async rethrows -> Value {
        await withCheckedContinuation { continuation in
            let isFree = self.state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.insert(continuation, at: 0)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
        defer { self.giveBack() }
        return try await work()
    }

    private func giveBack() {
        let next = self.state.withLock { state in
            let next = state.waiting.popLast()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume()
    }
}
