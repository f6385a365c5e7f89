import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaWorkers

@Suite(.timeLimit(.minutes(5)))
struct WorkerPoolQueueTests {
    @Test func oneTooManyIsBusyAtOnce() async throws {
        try await withPool(queueMax: 1) { pool in
            let isReleased = Flag()
            async let running = pool.render(Jobs.one, source: Picture("ok") { _ in try await isReleased.wait() })
            try await pool.wait { $0.busy == 1 }
            async let waiting = pool.render(Jobs.one, source: Picture("ok"))
            try await pool.wait { $0.waiting == 1 }
            // At once: the job that runs and the one that waits are where they were.
            #expect(await pool.error(of: "ok")?.code == .busy)
            #expect(pool.statistics().refusals == ["full": 1])
            #expect(pool.statistics().busy == 1 && pool.statistics().waiting == 1)
            isReleased.set()
            _ = try await (running, waiting)
        }
    }

    @Test func aCancelledJobLeavesTheQueue() async throws {
        try await withPool { pool in
            let isReleased = Flag()
            async let running = pool.render(Jobs.one, source: Picture("ok") { _ in try await isReleased.wait() })
            try await pool.wait { $0.busy == 1 }
            let waiting = Task { try await pool.render(Jobs.one, source: Picture("ok")) }
            try await pool.wait { $0.waiting == 1 }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(pool.statistics().busy == 1)
            #expect(pool.statistics().waiting == 0)
            isReleased.set()
            _ = try await running
            try await pool.expectSound()
            #expect(pool.statistics().jobsDone == 2)
        }
    }

    @Test func aCancelledJobThatRunsGivesItsWorkerBack() async throws {
        try await withPool { pool in
            let before = pool.processes
            let running = Task { try await pool.render(Jobs.one, source: Picture("slow 2000000")) }
            try await pool.wait { $0.busy == 1 && $0.idle == 0 }
            running.cancel()
            _ = await running.result
            try await pool.expectSound()
            #expect(pool.processes == before)
            #expect(pool.statistics().busy == 0)
        }
    }

    /// Half of the deadline may go by waiting: what is admitted later had better not be begun.
    @Test func aJobThatWaitsTooLongIsBusy() async throws {
        try await withPool(renderDeadline: .seconds(8)) { pool in
            // The worker is held by a source that is slow to give its bytes.
            let isReleased = Flag()
            let running = Task {
                try await pool.render(
                    Jobs.one,
                    source: Picture("ok") { _ in try await isReleased.wait() },
                    priority: .background
                )
            }
            try await pool.wait { $0.busy == 1 }
            let start = ContinuousClock.now
            #expect(await pool.error(of: "ok")?.code == .busy)
            #expect(start.duration(to: .now) >= .seconds(4))
            #expect(pool.statistics().refusals == ["overdue": 1])
            isReleased.set()
            _ = await running.result
            try await pool.expectSound()
        }
    }

    /// One deadline for the wait and the run: a job that waited has what is left, and is told that we were short. Its
    /// worker takes all the time that it is given, and says how much that was.
    @Test func aJobThatWaitedHasTheRestOfItsDeadline() async throws {
        let (deadline, wait) = (Duration.seconds(16), Duration.seconds(2))
        try await withPool(renderDeadline: deadline, deadlineGrace: Patience.timeMax) { pool in
            let isReleased = Flag()
            async let running = pool.render(Jobs.one, source: Picture("ok") { _ in try await isReleased.wait() })
            try await pool.wait { $0.busy == 1 }
            let start = ContinuousClock.now
            async let waiting = pool.error(of: "late")
            try await pool.wait { $0.waiting == 1 }
            try await Task.sleep(for: wait)
            isReleased.set()
            _ = try await running
            let error = try #require(await waiting)
            #expect(start.duration(to: .now) >= deadline)
            #expect(error.code == .busy)
            #expect(pool.statistics().refusals.isEmpty, "it was let in")
            let told = try #require(error.detail.firstMatch(of: /gave up after ([0-9.]+) seconds/), "\(error.detail)")
            #expect(try #require(Double(told.1)) <= (deadline - wait) / .seconds(1))
            try await pool.expectSound()
        }
    }

    @Test func aReaderIsServedBeforeUploadsAndBackgroundWorkLast() async throws {
        try await withPool { pool in
            let (isReleased, order) = (Flag(), Order())
            async let running = pool.render(Jobs.one, source: Picture("ok") { _ in try await isReleased.wait() })
            try await pool.wait { $0.busy == 1 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (count, priority) in [RenderPriority.background, .upload, .reader].enumerated() {
                    group.addTask {
                        let picture = Picture("ok") { _ in order.append(priority) }
                        _ = try await pool.render(Jobs.one, source: picture, priority: priority)
                    }
                    try await pool.wait { $0.waiting == count + 1 }
                }
                #expect(pool.statistics().queue == [.reader: 1, .upload: 1, .background: 1])
                isReleased.set()
                try await group.waitForAll()
            }
            _ = try await running
            #expect(order.priorities == [.reader, .upload, .background])
        }
    }

    /// Twenty seconds of work wait already, as their sizes tell: nobody is left to find out by waiting.
    @Test func whatWouldWaitTooLongIsRefusedAtOnceAndToldWhenToComeBack() async throws {
        try await withPool(queueMax: 600, renderDeadline: .seconds(40)) { pool in
            let isReleased = Flag()
            let large = Picture("ok", [UInt8](repeating: 0, count: 1_000_000)) { _ in try await isReleased.wait() }
            let running = Task { try await pool.render(Jobs.one, source: large, priority: .background) }
            try await pool.wait { $0.busy == 1 }
            #expect(throws: Never.self) { try pool.checkRoom(for: .upload) }
            var waiting: [Task<RenderOutcome, any Error>] = []
            var refusal: RenderError?
            while refusal == nil, waiting.count < 1000 {
                let task = Task { try await pool.render(Jobs.one, source: large) }
                let count = waiting.count
                let isAsked = try await comesAbout(every: .milliseconds(1)) {
                    pool.statistics().waiting > count || !pool.statistics().refusals.isEmpty
                }
                try #require(isAsked)
                guard pool.statistics().refusals.isEmpty else {
                    refusal = await #expect(throws: RenderError.self) { try await task.value }
                    break
                }
                waiting.append(task)
            }
            #expect(refusal?.code == .busy)
            #expect(pool.statistics().refusals == ["late": 1])
            #expect(try #require(refusal?.retryAfter) > .seconds(10))
            #expect(throws: RenderError.self) { try pool.checkRoom(for: .upload) }
            for task in waiting { task.cancel() }
            for task in waiting { _ = await task.result }
            #expect(throws: Never.self) { try pool.checkRoom(for: .upload) }
            isReleased.set()
            _ = await running.result
        }
    }

    @Test func jobsThatTakeTooMuchMemoryTogetherRunOneAfterTheOther() async throws {
        try await withPool(workers: 2, memoryBytesMax: 16 << 20) { pool in
            let isReleased = Flag()
            let large = Picture("ok", [UInt8](repeating: 0, count: 1_000_000)) { _ in try await isReleased.wait() }
            async let first = pool.render(Jobs.one, source: large, priority: .background)
            try await pool.wait { $0.busy == 1 }
            #expect(pool.statistics().memoryBytes > 16 << 20)
            async let second = pool.render(Jobs.one, source: Picture("ok"), priority: .background)
            try await pool.wait { $0.waiting == 1 }
            #expect(pool.statistics().busy == 1)
            isReleased.set()
            _ = try await (first, second)
            #expect(pool.statistics().memoryBytes == 0)
        }
    }

    @Test func theGateKeepsNoMarksOfThoseWhoLeft() async throws {
        let gate = WorkerGate(.init(workers: 1, queueMax: 1000, memoryBytesMax: 1000, handicapMax: .seconds(1)))
        func request(_ waitMax: Duration) -> AdmissionQueue.Request {
            .init(priority: .upload, cost: RenderCost(memoryBytes: 1, cpu: .zero), waitMax: waitMax)
        }
        // Grants, cancellations and the end of the wait race each other here; the count must come out even.
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<500 {
                group.addTask {
                    try? await gate.admitting(request(.microseconds(index * 20))) {
                        try await Task.sleep(for: .microseconds(10))
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(3))
            group.cancelAll()
        }
        #expect(gate.books.running == 0)
        #expect(gate.books.memoryBytes == 0)
        #expect(gate.books.waiting.values.allSatisfy { $0 == 0 })
        #expect(gate.sleepersCount == 0)
        #expect(try await gate.admitting(request(.zero)) { 7 } == 7)
    }
}

/// Who came first.
private final class Order: Sendable {
    private let list = Mutex<[RenderPriority]>([])
    var priorities: [RenderPriority] { self.list.withLock { $0 } }
    func append(_ priority: RenderPriority) { self.list.withLock { $0.append(priority) } }
}
