/// Measures endpoints in rounds: in each, every endpoint has one slot. A machine that becomes slower in the middle
/// makes a few rounds of all endpoints slower, and not all of one.
package struct BenchRun {
    private let plan: BenchPlan
    private let endpoints: [BenchEndpoint]
    private let account: CPUAccount?
    private let yardstick: Yardstick

    /// - Parameters:
    ///   - endpoints: each with a rate in the plan.
    ///   - account: nil where the service cannot be asked.
    package init(_ plan: BenchPlan, _ endpoints: [BenchEndpoint], account: CPUAccount?) throws(BenchError) {
        self.plan = plan
        self.endpoints = endpoints
        self.account = account
        self.yardstick = try Yardstick()
    }

    /// - Parameter said: called before each slot.
    /// - Throws: ``BenchError``, `CancellationError`, and what the service's account throws.
    package func callAsFunction(_ said: (BenchProgress) -> Void) async throws -> [EndpointReport] {
        var totals = [SlotTally](repeating: SlotTally(), count: self.endpoints.count)
        var rounds = [[RoundReport]](repeating: [], count: self.endpoints.count)
        // Round 0 is the warm-up: connections, caches, the first allocation of everything.
        for round in 0...self.plan.rounds {
            for turn in self.endpoints.indices {
                // Another one begins each round: whoever comes after an upload would always come after it.
                let index = (turn + round) % self.endpoints.count
                said(BenchProgress(self.plan, self.endpoints, round: round, turn: turn, index: index))
                let (tally, report) = try await self.slot(self.endpoints[index], round)
                guard round > 0 else { continue }
                totals[index].add(tally)
                rounds[index].append(report)
            }
        }
        return self.endpoints.indices.map { index in
            let name = self.endpoints[index].name
            return EndpointReport(name: name, rate: self.rate(name), tally: totals[index], rounds: rounds[index])
        }
    }

    private func slot(_ endpoint: BenchEndpoint, _ round: Int) async throws -> (SlotTally, RoundReport) {
        let schedule = Schedule(rate: self.rate(endpoint.name), duration: .seconds(self.plan.slotSeconds))
        let lengthBefore = self.yardstick.measure()
        let before = try await self.account?.read()
        let tally = await OpenLoop(schedule)(endpoint, first: round * schedule.count)
        try Task.checkCancellation()
        guard tally.succeeded > 0 else { throw BenchError.unanswered(endpoint.name, tally) }
        let cpu: Double? =
            if let wire = endpoint.wire {
                try await self.account?.secondsPerRequest(wire, self.plan.connections)
            } else {
                try await self.account?.seconds(since: before).map { $0 / Double(tally.requests) }
            }
        let length = Yardstick.Length.average(lengthBefore, self.yardstick.measure())
        return (tally, RoundReport(tally: tally, cpuSecondsPerRequest: cpu, yardstick: length))
    }

    private func rate(_ name: String) -> Double {
        guard let rate = self.plan.rates[name] else { preconditionFailure("\(name) has no rate in the plan") }
        return rate
    }
}

/// How far a run is.
package struct BenchProgress: Sendable {
    /// Of the slots, from 0 to 1.
    package let part: Double
    /// 0 is the warm-up.
    package let round: Int
    package let rounds: Int
    /// What is measured now.
    package let endpoint: String
    package let isFirstOfRound: Bool

    init(_ plan: BenchPlan, _ endpoints: [BenchEndpoint], round: Int, turn: Int, index: Int) {
        self.part = Double(round * endpoints.count + turn) / Double((plan.rounds + 1) * endpoints.count)
        self.round = round
        self.rounds = plan.rounds
        self.endpoint = endpoints[index].name
        self.isFirstOfRound = turn == 0
    }
}
