import Synchronization

/// Does a piece of work once for all who ask for the same thing at the same time.
///
/// All of them get its value or its error; whoever asks after it ended starts it anew. The work belongs to nobody who
/// waits: one that is cancelled leaves, and the others still get what they wait for (RELIABILITY §1.11).
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Value, any Error>

    private struct State {
        /// Who waits for what is under way, by their tickets.
        var flights: [Key: [Int: Waiter]] = [:]
        var tickets = 0
    }

    private let state = Mutex(State())

    /// How many pieces of work are under way.
    var count: Int { self.state.withLock { $0.flights.count } }

    /// How many wait for the work under way.
    var waitersCount: Int { self.state.withLock { $0.flights.values.reduce(0) { $0 + $1.count } } }

    /// - Parameter work: goes on to its end, also when nobody waits for it any more; so it must have one.
    /// - Throws: what `work` throws; `CancellationError` where the caller is cancelled meanwhile.
    func callAsFunction(_ key: Key, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let ticket = self.state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { self.join(key, ticket, $0, work) }
        } onCancel: {
            self.leave(key, ticket)
        }
    }

    private func join(
        _ key: Key,
        _ ticket: Int,
        _ waiter: Waiter,
        _ work: @escaping @Sendable () async throws -> Value
    ) {
        if Task.isCancelled { return waiter.resume(throwing: CancellationError()) }
        let isFirst = self.state.withLock { state in
            defer { state.flights[key, default: [:]][ticket] = waiter }
            return state.flights[key] == nil
        }
        // Nobody's child: it must outlive whoever came first.
        if isFirst { Task { self.land(key, await Self.outcome(of: work)) } }
        // The caller may have been cancelled before there was anything to take back.
        if Task.isCancelled { self.leave(key, ticket) }
    }

    private func leave(_ key: Key, _ ticket: Int) {
        let waiter = self.state.withLock { $0.flights[key]?.removeValue(forKey: ticket) }
        waiter?.resume(throwing: CancellationError())
    }

    private func land(_ key: Key, _ outcome: Result<Value, any Error>) {
        let waiters = self.state.withLock { $0.flights.removeValue(forKey: key) }
        for waiter in (waiters ?? [:]).values { waiter.resume(with: outcome) }
    }

    private static func outcome(of work: () async throws -> Value) async -> Result<Value, any Error> {
        do {
            return .success(try await work())
        } catch {
            return .failure(error)
        }
    }
}
