import Synchronization

/// Lets bytes through at a steady rate: says how long to wait before the next ones. A value; time is given to it.
struct ByteRate<Instant: InstantProtocol> where Instant.Duration == Duration {
    /// How much may be made up for after a pause: enough that a sleep which lasts a little too long costs no
    /// throughput, too little for a burst that others would feel.
    static var credit: Duration { .milliseconds(100) }

    /// Above 0.
    let bytesPerSecond: Int
    /// When all that was let through will have been worth its time.
    private var paidUntil: Instant?

    init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "a rate is above 0")
        self.bytesPerSecond = bytesPerSecond
    }

    /// Takes `bytes` into account.
    ///
    /// - Returns: how long to wait before they are read; zero or more.
    mutating func take(_ bytes: Int, at now: Instant) -> Duration {
        let start = max(self.paidUntil ?? now, now.advanced(by: .zero - Self.credit))
        self.paidUntil = start.advanced(by: .seconds(1) * (Double(bytes) / Double(self.bytesPerSecond)))
        return max(.zero, now.duration(to: start))
    }
}

/// A ``ByteRate`` that waits by a clock. Tasks that share one share the rate.
final class BytePace<C: Clock>: Sendable where C.Duration == Duration {
    private let clock: C
    private let rate: Mutex<ByteRate<C.Instant>>

    init(bytesPerSecond: Int, clock: C) {
        self.clock = clock
        self.rate = Mutex(ByteRate(bytesPerSecond: bytesPerSecond))
    }

    /// Returns when `bytes` more may be read. Throws `CancellationError`.
    func take(_ bytes: Int) async throws {
        let wait = self.rate.withLock { $0.take(bytes, at: self.clock.now) }
        if wait > .zero { try await self.clock.sleep(for: wait) }
    }
}
