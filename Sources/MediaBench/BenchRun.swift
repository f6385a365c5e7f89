/// A service that is measured.
package struct BenchSide {
    let endpoints: [BenchEndpoint]
    let account: CPUAccount?

    /// - Parameter account: nil where the service cannot be asked.
    package init(_ endpoints: [BenchEndpoint], account: CPUAccount?) {
        self.endpoints = endpoints
        self.account = account
    }
}

/// Measures endpoints in rounds: in each, every endpoint has one slot. A machine that becomes slower in the middle
/// makes a few rounds of all endpoints slower, and not all of one.
///
/// Of two services side by side each endpoint's slots follow each other, and the one that was second begins the next
/// round; so a round says what one is by the other, whatever the machine did meanwhile.
package struct BenchRun {
    private let plan: BenchPlan
    private let sides: [BenchSide]
    private let yardstick: Yardstick

    /// - Parameters:
    ///   - endpoints: each with a rate in the plan.
    ///   - account: nil where the service cannot be asked.
    package init(_ plan: BenchPlan, _ endpoints: [BenchEndpoint], account: CPUAccount?) throws(BenchError) {
        try self.init(plan, sides: [BenchSide(endpoints, account: account)])
    }

    /// - Parameter sides: one or more, with endpoints of the same names in the same order.
    package init(_ plan: BenchPlan, sides: [BenchSide]) throws(BenchError) {
        let names = sides.map { $0.endpoints.map(\.name) }
        precondition(Set(names).count == 1, "services are measured side by side by the same endpoints")
        self.plan = plan
        self.sides = sides
        self.yardstick = try Yardstick()
    }

    /// - Parameter said: called before each slot.
    /// - Throws: ``BenchError``, `CancellationError`, and what the service's account throws.
    package func callAsFunction(_ said: (BenchProgress) -> Void) async throws -> [EndpointReport] {
        try await self.measure(said)[0]
    }

    /// The same for each side.
    package func measure(_ said: (BenchProgress) -> Void) async throws -> [[EndpointReport]] {
        let endpoints = self.sides[0].endpoints
        var totals = self.sides.map { _ in endpoints.map { _ in SlotTally() } }
        var rounds = self.sides.map { _ in endpoints.map { _ in [RoundReport]() } }
        // Round 0 is the warm-up: connections, caches, the first allocation of everything.
        for round in 0...self.plan.rounds {
            for turn in endpoints.indices {
                // Another one begins each round: whoever comes after an upload would always come after it.
                let index = (turn + round) % endpoints.count
                said(BenchProgress(self.plan, endpoints, round: round, turn: turn, index: index))
                let slots = try await self.slots(index, round)
                guard round > 0 else { continue }
                for (side, slot) in slots.enumerated() {
                    totals[side][index].add(slot.tally)
                    rounds[side][index].append(slot.report)
                }
            }
        }
        return self.sides.indices.map { side in
            endpoints.indices.map { index in
                let name = endpoints[index].name
                let total = totals[side][index]
                return EndpointReport(name: name, rate: self.rate(name), tally: total, rounds: rounds[side][index])
            }
        }
    }

    /// What one endpoint of one side did at its rate.
    private struct Steady {
        let tally: SlotTally
        /// For a request; nil where nobody says.
        let cpuSeconds: Double?
    }

    /// One slot of each side, in the order of the sides.
    private func slots(_ index: Int, _ round: Int) async throws -> [(tally: SlotTally, report: RoundReport)] {
        let lengthBefore = self.yardstick.measure()
        var steady: [Int: Steady] = [:]
        for side in round.isMultiple(of: 2) ? Array(self.sides.indices) : self.sides.indices.reversed() {
            steady[side] = try await self.steady(self.sides[side], index, round)
        }
        let loaded = try await CPUAccount.secondsPerRequest(
            of: self.sides.map { ($0.account, $0.endpoints[index].wire) },
            self.plan.connections
        )
        let length = Yardstick.Length.average(lengthBefore, self.yardstick.measure())
        return self.sides.indices.compactMap { side in
            steady[side].map { slot in
                let cpu = self.sides[side].endpoints[index].wire == nil ? slot.cpuSeconds : loaded[side]
                return (slot.tally, RoundReport(tally: slot.tally, cpuSecondsPerRequest: cpu, yardstick: length))
            }
        }
    }

    private func steady(_ side: BenchSide, _ index: Int, _ round: Int) async throws -> Steady {
        let endpoint = side.endpoints[index]
        let schedule = Schedule(rate: self.rate(endpoint.name), duration: .seconds(self.plan.slotSeconds))
        let before = try await side.account?.read()
        let tally = await OpenLoop(schedule)(endpoint, first: round * schedule.count)
        try Task.checkCancellation()
        guard tally.succeeded > 0 else { throw BenchError.unanswered(endpoint.name, tally) }
        let seconds = try await side.account?.seconds(since: before)
        return Steady(tally: tally, cpuSeconds: seconds.map { $0 / Double(tally.requests) })
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
