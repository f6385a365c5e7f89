/// Sends the requests of a schedule, each at its moment.
package struct OpenLoop {
    /// Requests on their way at a time. A service that hangs would otherwise take this program's memory; a request past
    /// that is not sent, and counts as failed.
    package static let inFlightMax = 4096
    /// Where a request was not sent for that reason.
    package static let unsent = "not sent: \(Self.inFlightMax) on their way"
    /// From the start of a slot to its first request: the tasks of the slot before are at rest by then.
    private static let lead = Duration.milliseconds(2)

    private let schedule: Schedule

    package init(_ schedule: Schedule) { self.schedule = schedule }

    /// Returns when the last answer is there. A task that is cancelled sends no more.
    ///
    /// - Parameter first: the number of the first request; those of other slots have others.
    package func callAsFunction(_ endpoint: BenchEndpoint, first: Int = 0) async -> SlotTally {
        let tally = SharedTally()
        let start = ContinuousClock.now + Self.lead
        await withDiscardingTaskGroup { group in
            for index in 0..<self.schedule.count {
                let due = start + self.schedule.offset(of: index)
                if ContinuousClock.now < due { try? await Task.sleep(until: due, tolerance: .zero, clock: .continuous) }
                if Task.isCancelled { break }
                guard tally.inFlight < Self.inFlightMax else {
                    _ = tally.begin()
                    tally.end(Answer(failure: Self.unsent))
                    continue
                }
                let number = first + tally.begin()
                group.addTask {
                    let lateness = ContinuousClock.now - due
                    let answer = await endpoint.send(number)
                    tally.end(answer, latency: ContinuousClock.now - due, lateness: lateness)
                }
            }
        }
        return tally.total(max(ContinuousClock.now - start, self.schedule.duration))
    }
}
