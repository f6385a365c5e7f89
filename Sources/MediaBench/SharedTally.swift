import Synchronization

/// A tally that the requests on their way share.
final class SharedTally: Sendable {
    private let tally = Mutex(SlotTally())
    private let sent = Atomic(0)
    private let done = Atomic(0)

    /// The number of the next request, from 0.
    func begin() -> Int { self.sent.add(1, ordering: .relaxed).oldValue }

    /// Requests begun and not ended.
    var inFlight: Int { self.sent.load(ordering: .relaxed) - self.done.load(ordering: .relaxed) }

    func end(_ answer: Answer, latency: Duration = .zero, lateness: Duration = .zero) {
        self.tally.withLock { $0.count(answer, latency: latency, lateness: lateness) }
        self.done.add(1, ordering: .relaxed)
    }

    /// All that has ended.
    ///
    /// - Parameter elapsed: how long it took.
    func total(_ elapsed: Duration) -> SlotTally {
        self.tally.withLock { tally in
            tally.elapsed = elapsed
            return tally
        }
    }
}
