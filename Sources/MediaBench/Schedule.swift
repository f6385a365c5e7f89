/// When the requests of one slot are due: one after the other at a constant rate, whatever becomes of those before.
///
/// This is the open model: users do not wait for each other. A generator that sends the next request when the last one
/// is answered (the closed model) sends none while the service hangs, and so leaves out just the requests that would
/// have been slow; Gil Tene calls that coordinated omission. Here latency counts from the moment in this schedule.
package struct Schedule: Sendable, Equatable {
    /// Requests.
    package let count: Int
    /// Of one request to the next.
    package let interval: Duration

    /// - Parameters:
    ///   - rate: requests a second, more than 0.
    ///   - duration: of the slot; at least one request fits into any.
    package init(rate: Double, duration: Duration) {
        precondition(rate > 0 && duration > .zero, "a rate of \(rate) for \(duration) is no schedule")
        self.count = max(1, Int((rate * (duration / .seconds(1))).rounded()))
        self.interval = .seconds(1) / rate
    }

    /// From the beginning of the slot; `index` from 0.
    package func offset(of index: Int) -> Duration { self.interval * index }

    /// From the first request to the end of the slot.
    package var duration: Duration { self.interval * self.count }
}
