package import FoundationEssentials

/// The time, as keys need it: how long ago something was, and what the calendar says. A test brings its own.
package struct KeyClock: Sendable {
    /// Time since some moment before the first call. Never goes back, whatever happens to the calendar.
    package let uptime: @Sendable () -> Duration
    /// What the calendar says.
    package let date: @Sendable () -> Date
    /// Throws `CancellationError` as soon as the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        uptime: @escaping @Sendable () -> Duration,
        date: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.uptime = uptime
        self.date = date
        self.sleep = sleep
    }

    /// The machine's clocks. A machine that was suspended has aged.
    package static let system: KeyClock = {
        let start = ContinuousClock.now
        return KeyClock(
            uptime: { ContinuousClock.now - start },
            date: { Date() },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) }
        )
    }()
}
