import CSandbox
import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// Whose fault the death of a worker is.
@Suite(.timeLimit(.minutes(5)))
struct WorkerEndingTests {
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func theSignalsOfAStopDoNotTouchAJob(signal: Int32) async throws {
        try await withPool { pool in
            let process = try #require(pool.processes.first)
            async let running = pool.render(Jobs.one, source: Picture("slow 3000000"))
            try await pool.wait { $0.busy == 1 && $0.idle == 0 }
            #expect(kill(process, signal) == 0)
            #expect(kill(-process, signal) == 0)
            #expect(try await running.renditions.count == 1)
            try await pool.expectSound()
            #expect(pool.processes == [process])
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test func aWorkerThatSomebodyElseKillsIsNotThePicturesFault() async throws {
        try await withPool { pool in
            let process = try #require(pool.processes.first)
            let running = Task { await pool.error(of: "hang") }
            try await pool.wait { $0.busy == 1 && $0.idle == 0 }
            // Until it has the picture: before that, the next worker would hang. The pool's books say no more than
            // that it is about to be given it.
            try await Task.sleep(for: .seconds(2))
            #expect(kill(process, SIGKILL) == 0)
            #expect(await running.value?.code == .unavailable)
            #expect(pool.statistics().losses == [.crash: 1])
            try await pool.expectSound()
        }
    }

    @Test(arguments: [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGXCPU])
    func whatACodecDiesOfIsThePicturesFault(signal: Int32) async throws {
        try await withPool { pool in
            let error = await pool.error(of: "signal \(signal)")
            #expect(error?.code == .crashed, "\(error?.detail ?? "")")
            try await pool.expectSound()
        }
    }

    @Test(arguments: [
        (SIGKILL, false, true), (SIGKILL, true, false), (SIGTERM, false, true), (SIGINT, false, true),
        (SIGHUP, false, true), (SIGSEGV, false, false), (SIGABRT, false, false), (0, false, false),
        // Exit statuses, among them the numbers of signals.
        (1 << 8, false, false), (SIGKILL << 8, false, false), (SIGTERM << 8, false, false),
    ])
    func theWaitStatusDecides(status: Int32, isKilledByUs: Bool, isFromOutside: Bool) {
        #expect(WorkerEnding(status: status, isKilledByUs: isKilledByUs).isFromOutside == isFromOutside)
    }

    @Test func aLossBeforeTheJobWasGivenIsNotThePicturesFault() {
        for loss in WorkerLoss.allCases {
            #expect(WorkerFailure(loss, "", .ours).renderError.code == .unavailable)
        }
    }

    /// The parent was gone before the worker asked to be told of its end.
    @Test func aWorkerOfAnotherParentEnds() throws {
        let fake = try #require(BuiltProducts.path("FakeWorker"))
        let limits = WorkerLimits(addressSpaceBytesMax: 0, parent: getppid())
        let worker = try WorkerProcess(executable: fake, limits: limits)
        let error = #expect(throws: WorkerFailure.self) { try worker.hello(within: Patience.timeMax) }
        #expect(error?.loss == .crash)
        #expect(worker.end(isEnding: true).description == "ended with status 1")
    }
}
