import FoundationEssentials
import MediaOrigin
import MediaTesting
import Synchronization

/// Time that passes when a test says so.
final class ManualClock: Sendable {
    private struct Sleeper {
        let wakesAt: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var uptime = Duration.seconds(1000)
        var date = Samples.moment
        var sleepers: [Int: Sleeper] = [:]
        var tickets = 0
    }

    private let state = Mutex(State())

    var keyClock: KeyClock {
        KeyClock(
            uptime: { self.state.withLock { $0.uptime } },
            date: { self.state.withLock { $0.date } },
            sleep: { try await self.sleep($0) }
        )
    }

    /// How many tasks sleep.
    var sleepers: Int { self.state.withLock { $0.sleepers.count } }

    /// Lets time pass, on the clock and on the calendar; wakes who slept long enough.
    func advance(by duration: Duration) {
        let woken = self.state.withLock { state in
            state.uptime += duration
            state.date += Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
            let due = state.sleepers.filter { $0.value.wakesAt <= state.uptime }
            for ticket in due.keys { state.sleepers[ticket] = nil }
            return due.values
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Sets the calendar alone.
    func setDate(_ date: Date) { self.state.withLock { $0.date = date } }

    private func sleep(_ duration: Duration) async throws {
        let ticket = self.state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.state.withLock { state in
                    state.sleepers[ticket] = Sleeper(wakesAt: state.uptime + duration, continuation: continuation)
                }
                if Task.isCancelled { self.cancel(ticket) }
            }
        } onCancel: {
            self.cancel(ticket)
        }
    }

    private func cancel(_ ticket: Int) {
        let sleeper = self.state.withLock { $0.sleepers.removeValue(forKey: ticket) }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
