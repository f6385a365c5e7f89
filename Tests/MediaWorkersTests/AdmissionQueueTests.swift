import MediaModel
import Testing

@testable import MediaWorkers

/// The state machine alone, told what happens and when.
@Suite struct AdmissionQueueTests {
    typealias Refusal = AdmissionQueue.Refusal

    private static func queue(
        workers: Int = 1,
        queueMax: Int = 100,
        memoryBytesMax: Int = 1000,
        handicapMax: Duration = .seconds(8)
    ) -> AdmissionQueue {
        AdmissionQueue(
            .init(workers: workers, queueMax: queueMax, memoryBytesMax: memoryBytesMax, handicapMax: handicapMax)
        )
    }

    private static func job(
        _ priority: RenderPriority = .upload,
        memory: Int = 1,
        cpu: Duration = .milliseconds(100),
        waitMax: Duration = .seconds(1000)
    ) -> AdmissionQueue.Request {
        .init(priority: priority, cost: RenderCost(memoryBytes: memory, cpu: cpu), waitMax: waitMax)
    }

    @Test func asManyRunAsThereAreWorkers() throws {
        var queue = Self.queue(workers: 2)
        #expect(try queue.ask(Self.job(), at: .zero) == .init(id: 1, isAdmitted: true, displaced: nil))
        #expect(try queue.ask(Self.job(), at: .zero).isAdmitted)
        #expect(try queue.ask(Self.job(), at: .zero) == .init(id: 3, isAdmitted: false, displaced: nil))
        #expect((queue.runningCount, queue.waitingCount) == (2, 1))
        #expect(queue.end(2, isMeasure: true, at: .seconds(1)) == [3])
        #expect((queue.runningCount, queue.waitingCount) == (2, 0))
        #expect(queue.end(1, isMeasure: true, at: .seconds(1)).isEmpty)
        #expect(queue.end(3, isMeasure: true, at: .seconds(2)).isEmpty)
        #expect((queue.runningCount, queue.memoryBytes) == (0, 0))
    }

    @Test func readersGoBeforeUploadsAndThoseBeforeBackgroundWork() throws {
        var queue = Self.queue()
        _ = try queue.ask(Self.job(), at: .zero)
        for priority in [RenderPriority.background, .upload, .background, .upload, .reader, .reader] {
            _ = try queue.ask(Self.job(priority), at: .zero)
        }
        #expect(Self.drain(&queue, first: 1) == [6, 7, 3, 5, 2, 4])
    }

    /// A background job is overtaken by what came up to eight seconds after it, an upload by readers of one second.
    @Test func whoHasWaitedIsOvertakenByNobody() throws {
        var queue = Self.queue()
        _ = try queue.ask(Self.job(), at: .zero)
        _ = try queue.ask(Self.job(.background), at: .zero)
        _ = try queue.ask(Self.job(.upload), at: .milliseconds(6900))
        _ = try queue.ask(Self.job(.upload), at: .milliseconds(7100))
        _ = try queue.ask(Self.job(.reader), at: .milliseconds(7800))
        _ = try queue.ask(Self.job(.reader), at: .milliseconds(8200))
        #expect(Self.drain(&queue, first: 1) == [5, 3, 2, 4, 6])
    }

    @Test func memoryIsABudget() throws {
        var queue = Self.queue(workers: 4, memoryBytesMax: 100)
        #expect(try queue.ask(Self.job(memory: 60), at: .zero).isAdmitted)
        #expect(try queue.ask(Self.job(memory: 40), at: .zero).isAdmitted)
        #expect(try !queue.ask(Self.job(memory: 1), at: .zero).isAdmitted)
        #expect(queue.memoryBytes == 100)
        #expect(queue.end(1, isMeasure: true, at: .seconds(1)) == [3])
    }

    @Test func whatIsLargerThanTheBudgetRunsAlone() throws {
        var queue = Self.queue(workers: 4, memoryBytesMax: 100)
        #expect(try queue.ask(Self.job(memory: 5000), at: .zero).isAdmitted)
        #expect(try !queue.ask(Self.job(memory: 1), at: .zero).isAdmitted)
        #expect(try !queue.ask(Self.job(memory: 5000), at: .zero).isAdmitted)
        #expect(queue.end(1, isMeasure: true, at: .seconds(1)) == [2])
        #expect(queue.end(2, isMeasure: true, at: .seconds(1)) == [3])
    }

    /// Small jobs could keep a large one waiting for ever.
    @Test func theFirstInLineIsNotPassed() throws {
        var queue = Self.queue(workers: 4, memoryBytesMax: 100)
        _ = try queue.ask(Self.job(memory: 60), at: .zero)
        #expect(try !queue.ask(Self.job(memory: 80), at: .zero).isAdmitted)
        #expect(try !queue.ask(Self.job(memory: 10), at: .zero).isAdmitted)
        // But a more urgent one stands before it.
        #expect(try queue.ask(Self.job(.reader, memory: 10), at: .zero).isAdmitted)
        // Whoever gives up lets those behind him through.
        #expect(queue.giveUp(2, at: .zero) == [3])
        #expect(queue.giveUp(2, at: .zero) == nil)
    }

    @Test func whatWouldWaitTooLongIsRefusedWhenItComes() throws {
        var queue = Self.queue(workers: 2)
        for _ in 0..<4 { _ = try queue.ask(Self.job(cpu: .seconds(4)), at: .zero) }
        // Two run and two wait: 16 s of work for two.
        #expect(queue.expectedWait(for: .upload, at: .zero) == .seconds(8))
        #expect(throws: Refusal.late) { try queue.ask(Self.job(waitMax: .milliseconds(7900)), at: .zero) }
        // A reader waits for what runs only.
        #expect(queue.expectedWait(for: .reader, at: .zero) == .seconds(4))
        #expect(try !queue.ask(Self.job(.reader, waitMax: .seconds(4)), at: .zero).isAdmitted)
        // Time goes by: what runs gets shorter, never below nothing, and the uploads are overtaken by nobody any more.
        #expect(queue.expectedWait(for: .reader, at: .seconds(3)) == .milliseconds(5050))
        #expect(queue.expectedWait(for: .reader, at: .seconds(99)) == .milliseconds(4050))
        #expect(throws: Refusal.late) { try queue.ask(Self.job(waitMax: .zero), at: .seconds(3)) }
    }

    @Test func thereIsNoWaitWhereAWorkerIsFree() throws {
        var queue = Self.queue(workers: 2, queueMax: 0)
        _ = try queue.ask(Self.job(cpu: .seconds(50)), at: .zero)
        #expect(queue.expectedWait(for: .background, at: .zero) == .zero)
        #expect(try queue.ask(Self.job(waitMax: .zero), at: .zero).isAdmitted)
        #expect(queue.expectedWait(for: .reader, at: .zero) == nil)
        #expect(throws: Refusal.full) { try queue.ask(Self.job(.reader), at: .zero) }
    }

    @Test func eachPriorityHasItsShareOfThePlaces() throws {
        for (priority, places) in [(RenderPriority.reader, 50), (.upload, 75), (.background, 25)] {
            var queue = Self.queue()
            _ = try queue.ask(Self.job(), at: .zero)
            for _ in 0..<places { _ = try queue.ask(Self.job(priority), at: .zero) }
            #expect(queue.expectedWait(for: priority, at: .zero) == nil)
            #expect(throws: Refusal.full) { try queue.ask(Self.job(priority), at: .zero) }
            for other in RenderPriority.allCases where other != priority {
                #expect(try !queue.ask(Self.job(other), at: .zero).isAdmitted)
            }
        }
    }

    /// Those that were let in to prepare their jobs find places when they come.
    @Test func aQuarterOfThePlacesIsSpared() throws {
        var queue = Self.queue()
        _ = try queue.ask(Self.job(), at: .zero)
        for _ in 0..<56 { _ = try queue.ask(Self.job(), at: .zero) }
        #expect(queue.expectedWait(for: .upload, at: .zero, sparing: true) != nil)
        _ = try queue.ask(Self.job(), at: .zero)
        #expect(queue.expectedWait(for: .upload, at: .zero, sparing: true) == nil)
        #expect(queue.expectedWait(for: .upload, at: .zero) != nil)
        #expect(try !queue.ask(Self.job(), at: .zero).isAdmitted)
    }

    @Test func oneOfEachMayWaitWhereThereIsOnePlace() throws {
        for priority in RenderPriority.allCases {
            var queue = Self.queue(queueMax: 1)
            _ = try queue.ask(Self.job(), at: .zero)
            #expect(try !queue.ask(Self.job(priority), at: .zero).isAdmitted)
        }
    }

    /// The shed order of RELIABILITY §1.12 begins with what nobody waits for.
    @Test func backgroundWorkGivesWayWhereAllPlacesAreTaken() throws {
        var queue = Self.queue()
        _ = try queue.ask(Self.job(), at: .zero)
        for _ in 0..<25 { _ = try queue.ask(Self.job(.background), at: .zero) }
        for _ in 0..<75 { _ = try queue.ask(Self.job(.upload), at: .zero) }
        #expect(throws: Refusal.full) { try queue.ask(Self.job(.background), at: .zero) }
        #expect(throws: Refusal.full) { try queue.ask(Self.job(.upload), at: .zero) }
        // The last of them that came.
        #expect(try queue.ask(Self.job(.reader), at: .seconds(1)).displaced == 26)
        #expect(try queue.ask(Self.job(.reader), at: .seconds(1)).displaced == 25)
        #expect(queue.waitingCount == 100)
        // One that has waited for so long that nobody overtakes it does not give way either.
        #expect(queue.expectedWait(for: .reader, at: .seconds(9)) == nil)
        #expect(throws: Refusal.full) { try queue.ask(Self.job(.reader), at: .seconds(9)) }
    }

    @Test func aClosedQueueTakesNobody() throws {
        var queue = Self.queue()
        for _ in 0..<3 { _ = try queue.ask(Self.job(), at: .zero) }
        #expect(queue.close() == [2, 3])
        #expect(throws: Refusal.closed) { try queue.ask(Self.job(), at: .zero) }
        #expect(queue.end(1, isMeasure: true, at: .seconds(1)).isEmpty)
    }

    @Test func thePaceIsLearntFromWhatJobsTake() throws {
        var queue = Self.queue()
        for _ in 0..<200 {
            let id = try queue.ask(Self.job(cpu: .seconds(1)), at: .zero).id
            _ = queue.end(id, isMeasure: true, at: .seconds(3))
        }
        #expect(abs(queue.pace.factor - 3) < 0.1)
        let id = try queue.ask(Self.job(cpu: .seconds(1)), at: .zero).id
        let wait = try #require(queue.expectedWait(for: .upload, at: .zero))
        #expect(abs(wait / .seconds(1) - 3) < 0.1)
        // What failed took its own time.
        _ = queue.end(id, isMeasure: false, at: .seconds(1000))
        #expect(abs(queue.pace.factor - 3) < 0.1)
    }

    @Test func onePictureThatHungSpoilsNoPace() throws {
        var pace = RenderPace()
        pace.learn(estimated: .milliseconds(100), taken: .seconds(1000))
        #expect(pace.factor < 2)
        for _ in 0..<1000 { pace.learn(estimated: .seconds(1), taken: .zero) }
        #expect(pace.factor == 0.25)
        for _ in 0..<1000 { pace.learn(estimated: .seconds(1), taken: .seconds(1000)) }
        #expect(pace.factor == 8)
    }

    /// Ends one job after the other, beginning with the one that runs; the order in which the rest ran.
    private static func drain(_ queue: inout AdmissionQueue, first: Int) -> [Int] {
        var (order, running) = ([Int](), [first])
        while let id = running.popLast() {
            let next = queue.end(id, isMeasure: true, at: .seconds(100))
            order += next
            running += next
        }
        return order
    }
}
