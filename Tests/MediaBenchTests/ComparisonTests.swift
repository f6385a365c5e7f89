import MediaBench
import Testing

/// When one build is called slower than another.
@Suite struct ComparisonTests {
    /// A run in which every request of the endpoint took so much CPU and time, with some noise; `machine` is how slow
    /// everything was.
    static func report(
        cpu: Double = 30e-6,
        latency: Double = 1e-3,
        machine: Double = 1,
        rounds: Int = 20
    ) -> BenchReport {
        var tally = SlotTally()
        for _ in 0..<100 {
            tally.count(Answer(bytes: 1000, isCacheHit: true), latency: .seconds(latency * machine), lateness: .zero)
        }
        tally.elapsed = .seconds(1)
        let reports = (0..<rounds).map { round in
            // Every fourth round is disturbed.
            let noise = round % 4 == 3 ? 5 : 1 + Double(round % 5) / 100
            return RoundReport(
                tally: tally,
                cpuSecondsPerRequest: cpu * noise * machine,
                yardstick: Yardstick.Length(work: 1e-3 * machine, wakeUp: 20e-6 * machine)
            )
        }
        return BenchReport(
            startedAt: "2026-11-22T05:00:00Z",
            tool: "mediactl",
            service: nil,
            plan: BenchPlan(rounds: rounds, slotSeconds: 1, connections: 1, rates: ["hit": 100], pictures: "one"),
            endpoints: [EndpointReport(name: "hit", rate: 100, tally: tally, rounds: reports)]
        )
    }

    static func verdict(
        _ metric: BenchMetric,
        _ before: BenchReport,
        _ after: BenchReport
    ) throws -> Comparison.Verdict? {
        try Comparison(before: before, after: after).changes.first { $0.metric == metric }?.verdict
    }

    @Test(arguments: [
        (1.0, Comparison.Verdict.noChange), (1.3, .regression), (1 / 1.3, .improvement), (1.05, .noChange),
        // The threshold is in the interval.
        (1.1, .unclear),
    ])
    func cpuIsJudged(factor: Double, verdict: Comparison.Verdict) throws {
        let found = try Self.verdict(.cpu, Self.report(), Self.report(cpu: 30e-6 * factor))
        #expect(found == verdict)
    }

    /// Both in one run, on a machine that is from once to ten times as slow from round to round.
    @Test(arguments: [
        (1.0, Comparison.Verdict.noChange), (1.3, .regression), (1 / 1.3, .improvement), (1.05, .noChange),
    ])
    func sideBySideTheMachineDoesNotCount(factor: Double, verdict: Comparison.Verdict) throws {
        func run(_ factor: Double, pair: String?) -> BenchReport {
            var report = Self.report(cpu: 30e-6 * factor)
            report.pair = pair
            for round in report.endpoints[0].rounds.indices {
                report.endpoints[0].rounds[round].cpuSecondsPerRequest? *= 1 + Double(round * 7 % 20) / 2
            }
            return report
        }
        #expect(try Self.verdict(.cpu, run(1, pair: "x"), run(factor, pair: "x")) == verdict)
        // Of two runs nobody can say.
        #expect(try Self.verdict(.cpu, run(1, pair: "x"), run(factor, pair: "y")) == .unclear)
        #expect(try Self.verdict(.cpu, run(1, pair: nil), run(factor, pair: nil)) == .unclear)
    }

    @Test func aSlowerMachineIsNoSlowerBuild() throws {
        for metric in [BenchMetric.cpu, .median] {
            let verdict = try Self.verdict(metric, Self.report(), Self.report(machine: 2))
            #expect(verdict == .unclear, "the seconds say yes, the yardsticks no")
        }
        let slower = Self.report(cpu: 30e-6 * 1.3, machine: 1.5)
        #expect(try Self.verdict(.cpu, Self.report(), slower) == .regression)
    }

    @Test(arguments: [(1.3, Comparison.Verdict.noChange), (2, .regression), (0.5, .improvement)])
    func latencyIsJudgedMoreGenerously(factor: Double, verdict: Comparison.Verdict) throws {
        #expect(try Self.verdict(.median, Self.report(), Self.report(latency: 1e-3 * factor)) == verdict)
    }

    @Test func theRarestRequestsAreOnlyShown() throws {
        for metric in [BenchMetric.maximum, .p95, .p99] {
            #expect(try Self.verdict(metric, Self.report(), Self.report(latency: 9e-3)) == Comparison.Verdict.none)
        }
    }

    @Test func fewRoundsAreUnclear() throws {
        let few = Self.report(cpu: 60e-6, rounds: 3)
        #expect(try Self.verdict(.cpu, Self.report(rounds: 3), few) == .unclear)
    }

    @Test func failuresAreARegression() throws {
        var after = Self.report()
        after.endpoints[0].successRate = 0.99
        after.endpoints[0].cacheHitRatio = 0.5
        let comparison = try Comparison(before: Self.report(), after: after)
        #expect(comparison.hasRegression)
        #expect(try Self.verdict(.successRate, Self.report(), after) == .regression)
        #expect(try Self.verdict(.cacheHitRatio, Self.report(), after) == .regression)
        #expect(try Self.verdict(.cacheHitRatio, after, Self.report()) == .improvement)
    }

    @Test func largerAnswersAreARegression() throws {
        var after = Self.report()
        after.endpoints[0].responseBytes = 1200
        #expect(try Self.verdict(.responseBytes, Self.report(), after) == .regression)
    }

    @Test(arguments: 0..<5)
    func whatWasNotMeasuredAlikeIsNotCompared(change: Int) {
        var after = Self.report()
        switch change {
        case 0: after.plan.rates["hit"] = 200
        case 1: after.plan.rates = ["miss": 100]
        case 2: after.plan.slotSeconds = 2
        case 3: after.plan.connections = 2
        default: after.plan.pictures = "another"
        }
        #expect(throws: BenchError.self) { try Comparison(before: Self.report(), after: after) }
    }

    @Test func anotherNumberOfRoundsIsComparedAllTheSame() throws {
        #expect(try Self.verdict(.cpu, Self.report(), Self.report(rounds: 30)) == .noChange)
    }
}
