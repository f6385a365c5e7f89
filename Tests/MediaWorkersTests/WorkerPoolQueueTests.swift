import MediaModel
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
            let start = ContinuousClock.now
            #expect(await pool.error(of: "ok")?.code == .busy)
            #expect(start.duration(to: .now) < .seconds(2))
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

    @Test func aJobThatWaitsTooLongIsBusy() async throws {
        try await withPool(renderDeadline: .milliseconds(800)) { pool in
            // The worker is held by a source that is slow to give its bytes, which counts towards no deadline.
            let isReleased = Flag()
            async let running = pool.render(Jobs.one, source: Picture("ok") { _ in try await isReleased.wait() })
            try await pool.wait { $0.busy == 1 }
            let start = ContinuousClock.now
            #expect(await pool.error(of: "ok")?.code == .busy)
            #expect(start.duration(to: .now) >= .milliseconds(800))
            isReleased.set()
            _ = try await running
            try await pool.expectSound()
        }
    }

    @Test func theGateKeepsNoMarksOfThoseWhoLeft() async throws {
        let gate = WorkerGate(workers: 1, queueMax: 1000)
        // Grants, cancellations and the end of the wait race each other here; the count must come out even.
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<500 {
                group.addTask {
                    try? await gate.withPermit(waitMax: .microseconds(index * 20)) {
                        try await Task.sleep(for: .microseconds(10))
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(3))
            group.cancelAll()
        }
        #expect(gate.counts == (0, 0))
        #expect(gate.state.withLock { $0.endedEarly.isEmpty })
        #expect(try await gate.withPermit(waitMax: .zero) { 7 } == 7)
    }
}
