/// Finds a rate that a service can well bear: what it answers at most, and of that a part.
package struct Calibration {
    /// Half of what is there is for the rest of the machine; and this program needs about as much as the service.
    static let loadPart = 0.25
    /// More requests a second make no figure better.
    static let rateMax = 1000.0
    package static let duration = Duration.milliseconds(500)
    private static let pause = Duration.milliseconds(50)

    private let connections: Int

    /// - Parameter connections: requests at a time.
    package init(connections: Int) { self.connections = connections }

    /// The closed model, for once: each connection sends its next request when the last one is answered.
    ///
    /// - Returns: requests a second.
    /// - Throws: ``BenchError`` where not one answer is as it should be.
    package func callAsFunction(_ endpoint: BenchEndpoint) async throws(BenchError) -> Double {
        let tally = SharedTally()
        let start = ContinuousClock.now
        await withDiscardingTaskGroup { group in
            for _ in 0..<self.connections {
                group.addTask {
                    while ContinuousClock.now - start < Self.duration, !Task.isCancelled {
                        let answer = await endpoint.send(tally.begin())
                        tally.end(answer)
                        // Where nobody answers, asking at full speed tells no more.
                        if answer.failure != nil { try? await Task.sleep(for: Self.pause) }
                    }
                }
            }
        }
        let all = tally.total(ContinuousClock.now - start)
        guard all.succeeded > 0 else { throw BenchError.unanswered(endpoint.name, all) }
        return Self.rate(capacity: Double(all.succeeded) / (all.elapsed / .seconds(1)))
    }

    /// One of 1, 2, 5, 10, 20, 50 …: two runs of one build mostly get the same, and only like can be compared.
    static func rate(capacity: Double) -> Double {
        let wanted = min(capacity * Self.loadPart, Self.rateMax)
        var step = 1.0
        while step * 10 <= wanted { step *= 10 }
        return [5, 2, 1].map { $0 * step }.first { $0 <= wanted } ?? 1
    }
}
