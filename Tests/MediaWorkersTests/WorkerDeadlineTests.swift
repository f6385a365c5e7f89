import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// A deadline holds in two ways: the worker gives up and is replaced when that suits, or is killed a grace later.
@Suite(.timeLimit(.minutes(5)))
struct WorkerDeadlineTests {
    @Test func aWorkerThatGivesUpIsNotLostButReplaced() async throws {
        try await withPool(renderDeadline: .seconds(5), deadlineGrace: Patience.timeMax) { pool in
            let before = pool.processes
            let start = ContinuousClock.now
            let error = await pool.error(of: "late", priority: .background)
            #expect(error?.code == .deadline)
            #expect(error?.costAWorker == false)
            #expect(error?.detail.contains("gave up") == true)
            #expect(start.duration(to: .now) >= .seconds(5))
            try await pool.wait { $0.recycled == [.gaveUp: 1] && $0.idle == 1 }
            try await pool.expectSound()
            #expect(pool.processes != before)
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test func aWorkerThatDoesNotGiveUpIsKilledAGraceLater() async throws {
        try await withPool(renderDeadline: .milliseconds(200)) { pool in
            let grace = pool.configuration.deadlineGrace
            let start = ContinuousClock.now
            let error = await pool.error(of: "hang", priority: .background)
            #expect(error?.code == .deadline)
            #expect(error?.costAWorker == true)
            #expect(start.duration(to: .now) >= .milliseconds(200) + grace)
            #expect(pool.statistics().losses == [.deadline: 1])
        }
    }

    /// AV1's encoder cannot be told to stop, whatever the picture. It gets no strike for that; and nobody is told to
    /// try again, though it had less than its time: that would cost another worker.
    @Test func whatMakesAnAVIFTooSlowlyIsNotToBlameAndNotTriedAgain() async throws {
        try await withPool(renderDeadline: .seconds(6)) { pool in
            let first = Task { try await pool.render(Jobs.one, source: Picture("slow 1500000")) }
            try await pool.wait { $0.busy == 1 }
            let error = await pool.error(of: "hang", job: Jobs.one(.avif))
            #expect(error?.code == .deadline, "\(error?.detail ?? "")")
            #expect(error?.costAWorker == false)
            _ = try await first.value
            let alone = await pool.error(of: "hang", job: Jobs.one(.avif), priority: .background)
            #expect(alone?.code == .deadline)
            #expect(alone?.costAWorker == false)
            #expect(pool.statistics().losses == [.deadline: 2])
        }
    }

    /// The right answer, a moment late, is still the right answer.
    @Test func anAnswerInTheGraceIsTaken() async throws {
        try await withPool(renderDeadline: .milliseconds(100), deadlineGrace: Patience.timeMax) { pool in
            let outcome = try await pool.render(Jobs.one, source: Picture("slow 250000"))
            #expect(outcome.renditions.count == 1)
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test func aWorkerThatIsOutOfTimeBeforeItsTimeLies() async throws {
        try await withPool { pool in
            let error = await pool.error(of: "fault render-deadline")
            #expect(error?.code == .crashed)
            #expect(error?.costAWorker == true)
            #expect(pool.statistics().losses == [.protocol: 1])
            try await pool.expectSound()
        }
    }

    @Test(arguments: [("crash", true), ("forge id 1", true), ("signal 9", false), ("fault side-too-long", false)])
    func whatCostAWorkerIsSaid(behaviour: String, costAWorker: Bool) async throws {
        try await withPool { pool in #expect(await pool.error(of: behaviour)?.costAWorker == costAWorker) }
    }

    @Test(arguments: [
        (Duration.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1500), 2), (.seconds(10), 10_000),
        (.seconds(1_000_000_000), WireProtocol.timeMillisecondsMax), (.zero, 1), (.seconds(-5), 1),
    ])
    func theTimeIsToldInWholeMilliseconds(time: Duration, milliseconds: Int) {
        let moment = ContinuousClock.now
        let turn = JobTime.Turn(waited: .zero, deadline: moment + time, fairTime: .zero)
        #expect(turn.millisecondsLeft(at: moment) == milliseconds)
    }

    @Test func aWaitIsAPartOfTheDeadlineByPriority() {
        let time = { (priority: RenderPriority, cpu: Duration) in
            JobTime(priority, RenderCost(memoryBytes: 1, cpu: cpu), deadline: .seconds(100)).waitMax
        }
        #expect(time(.reader, .zero) == .seconds(25))
        #expect(time(.upload, .zero) == .seconds(50))
        #expect(time(.background, .zero) == .seconds(600))
        // What it takes itself must be left, and a tenth is left to wait in any case.
        #expect(time(.upload, .seconds(70)) == .seconds(30))
        #expect(time(.upload, .seconds(95)) == .seconds(10))
        #expect(time(.background, .seconds(95)) == .seconds(600))
    }

    /// A picture that had its time is too slow; one that had less is not to blame.
    @Test(arguments: [(Duration.seconds(1000), RenderError.Code.deadline), (.seconds(500), .busy)])
    func whoHadLessThanItsTimeIsNotToBlame(left: Duration, code: RenderError.Code) {
        let turn = JobTime.Turn(waited: .zero, deadline: .now + left, fairTime: .seconds(900))
        #expect(turn.blame(RenderError(.deadline, detail: "gave up")).code == code)
        #expect(turn.blame(RenderError(.crashed, detail: "signal 6")).code == .crashed)
    }
}
