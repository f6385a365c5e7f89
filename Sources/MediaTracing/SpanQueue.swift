import Synchronization

/// Spans that have ended and are not exported yet: so many at the most, for no collector is worth the service's memory.
package final class SpanQueue: Sendable {
    private struct State {
        var spans: [SpanRecord] = []
        var dropped = 0
    }

    private let capacity: Int
    private let state = Mutex(State())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// - Parameter capacity: spans, 1 or more.
    package init(capacity: Int) {
        self.capacity = capacity
        (self.bell, self.ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Never waits. One too many is dropped: those that are there belong to traces whose other spans are there, too.
    func offer(_ span: SpanRecord) {
        let isFirst = self.state.withLock { state in
            guard state.spans.count < self.capacity else {
                state.dropped += 1
                return false
            }
            state.spans.append(span)
            return state.spans.count == 1
        }
        if isFirst { self.ring.yield() }
    }

    /// Yields when spans are there after there were none. For one reader.
    var fillings: AsyncStream<Void> { self.bell }

    var count: Int { self.state.withLock { $0.spans.count } }

    /// The oldest, `countMax` at the most, and how many were dropped since the last call.
    func take(_ countMax: Int) -> (spans: [SpanRecord], dropped: Int) {
        self.state.withLock { state in
            defer {
                state.spans.removeFirst(min(countMax, state.spans.count))
                state.dropped = 0
            }
            return (Array(state.spans.prefix(countMax)), state.dropped)
        }
    }

    /// Puts back what was taken and could not be sent yet; for the last sending, when no more spans come.
    func putBack(_ spans: [SpanRecord]) { self.state.withLock { $0.spans.insert(contentsOf: spans, at: 0) } }
}
