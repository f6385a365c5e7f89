import Synchronization

/// How a delivery came by its bytes: from memory or from the store, and what took how long. Of one request.
package final class DeliveryTrace: Sendable {
    /// Where the bytes were.
    package enum Source: Sendable, Hashable {
        case memory
        /// In the sealed store; whether memory has them from now on.
        case store(isKept: Bool)
    }

    private struct State {
        var times: [(stage: Stage, time: Duration)] = []
        var source = Source.memory
        var isMade = false
    }

    private let state = Mutex(State())

    package init() {}

    /// In the order in which they ended. A stage that was entered again is there again.
    package var times: [(stage: Stage, time: Duration)] { self.state.withLock { $0.times } }

    package var source: Source { self.state.withLock { $0.source } }

    /// Whether the rendition was made, or made again, for this request. An attempt at it that failed is no more than a
    /// stage.
    package var isMade: Bool { self.state.withLock { $0.isMade } }

    func wasMade() { self.state.withLock { $0.isMade = true } }

    func cameFromStore(isKept: Bool) { self.state.withLock { $0.source = .store(isKept: isKept) } }

    /// Measures `body` as a part of the request, also where it throws.
    package func measure<Result>(_ stage: Stage, _ body: () async throws -> Result) async rethrows -> Result {
        let start = ContinuousClock.now
        defer {
            let time = ContinuousClock.now - start
            self.state.withLock { $0.times.append((stage, time)) }
        }
        return try await stage.measure(body)
    }
}
