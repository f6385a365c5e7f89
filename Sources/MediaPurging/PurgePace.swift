import Synchronization

/// Spreads requests over time: one in so much, whoever asks for it.
package final class PurgePace: Sendable {
    private let interval: Duration
    private let next = Mutex(ContinuousClock.now)

    /// - Parameter perSecond: 1 or more.
    package init(perSecond: Int) {
        precondition(perSecond >= 1, "a target that takes no request is none")
        self.interval = .seconds(1) / perSecond
    }

    /// Returns when the caller may send its request. Throws where the task is cancelled meanwhile; the turn is lost.
    func turn() async throws {
        let slot = self.next.withLock { next in
            let slot = max(next, .now)
            next = slot + self.interval
            return slot
        }
        if slot > .now { try await Task.sleep(until: slot, clock: .continuous) }
    }
}
