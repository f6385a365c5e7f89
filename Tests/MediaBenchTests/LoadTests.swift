import Synchronization
import Testing

@testable import MediaBench

/// How requests are sent, and what is counted.
@Suite struct LoadTests {
    @Test(arguments: [(100.0, 1.0, 100), (3, 0.5, 2), (0.5, 1, 1), (1000, 0.25, 250)])
    func aScheduleFillsItsSlot(rate: Double, seconds: Double, count: Int) {
        let schedule = Schedule(rate: rate, duration: .seconds(seconds))
        #expect(schedule.count == count)
        #expect(schedule.offset(of: 0) == .zero)
        #expect(abs(schedule.offset(of: count) / schedule.duration - 1) < 1e-9)
    }

    /// The open model: while the first request hangs, the others are sent when they are due; and one that is answered
    /// at once after a wait counts the wait.
    @Test func nobodyWaitsForAnother() async {
        let schedule = Schedule(rate: 100, duration: .milliseconds(200))
        let begun = Mutex<[ContinuousClock.Instant]>([])
        let tally = await OpenLoop(schedule)(
            BenchEndpoint("slow") { number in
                begun.withLock { $0.append(ContinuousClock.now) }
                if number == 0 { try? await Task.sleep(for: .seconds(1)) }
                return Answer(bytes: 1, isCacheHit: nil)
            }
        )
        let moments = begun.withLock { $0 }
        #expect(tally.requests == 20 && tally.succeeded == 20 && tally.bytes == 20)
        #expect(moments[19] - moments[0] < .milliseconds(900), "the second waited for the first")
        #expect(tally.latency.summary.maximum >= 1)
        #expect(tally.elapsed >= .seconds(1))
    }

    /// Coordinated omission: where the generator itself is held up, the requests that were due meanwhile count the
    /// time.
    @Test func whatWasHeldUpCountsFromWhenItWasDue() {
        var tally = SlotTally()
        tally.count(Answer(bytes: 1, isCacheHit: nil), latency: .milliseconds(70), lateness: .milliseconds(60))
        #expect(abs(tally.latency.summary.median - 0.07) < 0.001)
        #expect(abs(tally.lateness.summary.median - 0.06) < 0.001)
    }

    @Test func failuresAreCountedByName() {
        var tally = SlotTally()
        for failure in ["503", "503", "refused"] {
            tally.count(Answer(failure: failure), latency: .seconds(9), lateness: .zero)
        }
        tally.count(Answer(bytes: 10, isCacheHit: false), latency: .milliseconds(1), lateness: .zero)
        tally.count(Answer(bytes: 10, isCacheHit: true), latency: .milliseconds(1), lateness: .zero)
        #expect(tally.failureText == "503 ×2, refused ×1")
        #expect(tally.failed == 3 && tally.succeeded == 2 && tally.latency.count == 2)
        #expect(tally.cacheSaid == 2 && tally.cacheHits == 1)
        // What failed quickly or late makes nothing faster or slower.
        #expect(tally.latency.summary.maximum < 0.01)
    }

    @Test func percentilesOfPartsAreThoseOfTheWhole() {
        var whole = LatencyRecord()
        var parts = [LatencyRecord(), LatencyRecord()]
        for milliseconds in 1...1000 {
            whole.record(.milliseconds(milliseconds))
            parts[milliseconds % 2].record(.milliseconds(milliseconds))
        }
        parts[0].add(parts[1])
        #expect(parts[0].summary == whole.summary)
        #expect(abs(whole.summary.p99 - 0.99) < 0.002)
        #expect(abs(whole.summary.average - 0.5005) < 0.001)
        #expect(LatencyRecord().summary == LatencySummary())
    }

    @Test(arguments: [(40.0, 10.0), (100, 20), (19, 2), (1e9, 1000), (1, 1), (0.1, 1), (400, 100)])
    func aRateIsAPartOfTheCapacity(capacity: Double, rate: Double) {
        #expect(Calibration.rate(capacity: capacity) == rate)
    }

    @Test func aServiceThatAnswersNothingIsNotCalibrated() async {
        let dead = BenchEndpoint("dead") { _ in Answer(failure: "refused") }
        await #expect(throws: BenchError.self) { try await Calibration(connections: 2)(dead) }
    }

    @Test func roundsAreInterleavedAndTheWarmUpIsLeftOut() async throws {
        let order = Mutex<[String]>([])
        let endpoints = ["a", "b"].map { name in
            BenchEndpoint(name) { _ in
                order.withLock { $0.append(name) }
                return Answer(bytes: 1, isCacheHit: nil)
            }
        }
        let plan = BenchPlan(
            rounds: 2,
            slotSeconds: 0.05,
            connections: 1,
            rates: ["a": 20, "b": 20, "c": 20],
            pictures: ""
        )
        let used = Mutex(0.0)
        // Asking takes nothing; only the third endpoint does.
        let account = try await CPUAccount { used.withLock { $0 } }
        let third = BenchEndpoint("c") { _ in
            used.withLock { $0 += 0.5 }
            return Answer(bytes: 1, isCacheHit: nil)
        }
        let run = try BenchRun(plan, endpoints + [third], account: account)
        let reports = try await run { _ in }
        #expect(order.withLock { $0 } == ["a", "b", "b", "a", "a", "b"])
        #expect(reports.map(\.requests) == [2, 2, 2])
        #expect(reports[0].rounds.map(\.cpuSecondsPerRequest) == [0, 0])
        #expect(reports[2].rounds.map(\.cpuSecondsPerRequest) == [0.5, 0.5])
        #expect(reports[0].rounds.allSatisfy { $0.yardstick.work > 0 && $0.yardstick.wakeUp > 0 })
    }

    @Test func sideBySideEachServiceHasItsSlotInEachRound() async throws {
        let order = Mutex<[String]>([])
        func side(_ name: String, _ seconds: Double) async throws -> BenchSide {
            let used = Mutex(0.0)
            let endpoints = ["a", "b"].map { endpoint in
                BenchEndpoint(endpoint) { _ in
                    order.withLock { $0.append("\(name)\(endpoint)") }
                    used.withLock { $0 += seconds }
                    return Answer(bytes: 1, isCacheHit: nil)
                }
            }
            return BenchSide(endpoints, account: try await CPUAccount { used.withLock { $0 } })
        }
        let plan = BenchPlan(rounds: 2, slotSeconds: 0.05, connections: 1, rates: ["a": 20, "b": 20], pictures: "")
        let run = try BenchRun(plan, sides: [try await side("1", 0.5), try await side("2", 0.25)])
        let reports = try await run.measure { _ in }
        // Who was second begins the next round.
        #expect(
            order.withLock { $0 } == [
                "1a", "2a", "1b", "2b", "2b", "1b", "2a", "1a", "1a", "2a", "1b", "2b",
            ]
        )
        #expect(reports.map { $0.map(\.name) } == [["a", "b"], ["a", "b"]])
        #expect(reports[0][0].rounds.map(\.cpuSecondsPerRequest) == [0.5, 0.5])
        #expect(reports[1][1].rounds.map(\.cpuSecondsPerRequest) == [0.25, 0.25])
        #expect(reports[0][1].rounds.map(\.yardstick) == reports[1][1].rounds.map(\.yardstick))
    }

    @Test func aServiceThatWasStartedAnewIsToldOf() async throws {
        let plan = BenchPlan(rounds: 1, slotSeconds: 0.05, connections: 1, rates: ["a": 20], pictures: "")
        let endpoint = BenchEndpoint("a") { _ in Answer(bytes: 1, isCacheHit: nil) }
        let used = Mutex(99.0)
        let account = try await CPUAccount {
            used.withLock { used in
                used -= 1
                return used
            }
        }
        let run = try BenchRun(plan, [endpoint], account: account)
        await #expect(throws: BenchError.self) { try await run { _ in } }
    }
}
