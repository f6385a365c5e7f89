import Synchronization

/// Wakes one task that waits. A ring that nobody waits for is not lost: the next wait ends at once.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = self.state.withLock { state in
            state.isRung = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the bell is rung, the time is over, or the task is cancelled. One task at a time may wait.
    func wait(atMost time: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    // A task that is cancelled after this finds the waiter: its handler takes the same lock.
                    if state.isRung || Task.isCancelled {
                        state.isRung = false
                        return true
                    }
                    precondition(state.waiter == nil, "one task at a time waits for a bell")
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = self.state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}

/// Rung by the catalog when there may be new records in the purge outbox. It is there before the catalog is opened, and
/// so before those that it wakes.
package final class PurgeBell: Sendable {
    private let bells = Mutex<[Bell]>([])

    package init() {}

    /// Wakes everybody that was added; returns at once.
    package func ring() { for bell in self.bells.withLock({ $0 }) { bell.ring() } }

    func add(_ bell: Bell) { self.bells.withLock { $0.append(bell) } }
}
