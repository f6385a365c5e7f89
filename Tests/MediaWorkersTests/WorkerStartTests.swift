import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// Workers that do not come up. Shell scripts stand in for broken programs.
@Suite(.timeLimit(.minutes(5)))
struct WorkerStartTests {
    @Test(arguments: [
        ("exit 3", "status 3"),
        ("kill -SEGV $$", "signal 11"),
        ("sleep 600", "no hello within"),
        ("exec 3>&-; sleep 600", "the socket was closed"),
    ])
    func aStartThatFailsSaysWhichProgramAndWhy(script: String, reason: String) async throws {
        try await WorkerScript.with(script) { path in
            let error = await Self.failure(toStart: path)
            #expect(error?.code == .unavailable)
            #expect(error?.detail.contains(path) == true)
            #expect(error?.detail.contains(reason) == true, "\(error?.detail ?? "")")
        }
    }

    @Test(arguments: ["/nonexistent/mediaworker", "/etc/passwd", "/tmp"])
    func whatIsNoProgramIsUnavailable(path: String) async throws {
        let error = await Self.failure(toStart: path)
        #expect(error?.code == .unavailable)
        #expect(error?.detail.contains("posix_spawn") == true, "\(error?.detail ?? "")")
    }

    @Test func aProgramThatBreaksLaterCostsTheJobsUntilItIsMended() async throws {
        let fake = try #require(BuiltProducts.path("FakeWorker"))
        try await WorkerScript.with(#"[ -e "$0.broken" ] && exit 3; exec '\#(fake)' "$@""#) { path in
            try await withPool(executable: path) { pool in
                try await pool.expectSound()
                #expect(FileManager.default.createFile(atPath: path + ".broken", contents: nil))
                #expect(await pool.error(of: "crash")?.code == .crashed)
                let start = ContinuousClock.now
                for _ in 0..<3 { #expect(await pool.error(of: "ok")?.code == .unavailable) }
                // 50 ms before the second attempt, 100 ms before the third.
                #expect(start.duration(to: .now) >= .milliseconds(150))
                #expect(pool.statistics().startsFailed == 3)
                try FileManager.default.removeItem(atPath: path + ".broken")
                try await pool.expectSound()
                #expect(pool.statistics().losses == [.crash: 1])
            }
        }
    }

    /// As with an encoder that our check does not know: each picture would cost a worker, and then be told off for it.
    @Test func whatDoesNotPassTheCheckIsNotOffered() async throws {
        let fake = try #require(BuiltProducts.path("FakeWorker"))
        try await WorkerScript.with(#"FAKE_WORKER_AVIF=1 exec '\#(fake)' "$@""#) { path in
            try await withPool(executable: path) { pool in
                #expect(pool.formats == [.webp, .jpeg])
                #expect(pool.statistics().losses == [.protocol: 1])
                // What the worker in the lost one's place says counts no more than what that one said.
                try await pool.expectSound()
                #expect(pool.formats == [.webp, .jpeg])
            }
        }
    }

    private static func failure(toStart executable: String) async -> RenderError? {
        let configuration = WorkerPool.Configuration(
            executable: executable,
            workers: 2,
            helloTimeout: .seconds(5)
        )
        let pool = WorkerPool(configuration: configuration, logger: .quiet)
        let error = await #expect(throws: RenderError.self) { try await pool.start() }
        #expect(pool.processes.isEmpty)
        #expect(await pool.error(of: "ok")?.code == .unavailable)
        return error
    }
}

@Suite(.timeLimit(.minutes(5)))
struct WorkerShutdownTests {
    @Test func shutdownEndsAWorkerThatHangs() async throws {
        try await withPool { pool in
            let running = Task { try await pool.render(Jobs.one, source: Picture("hang")) }
            try await pool.wait { $0.busy == 1 && $0.idle == 0 }
            let waiting = Task { try await pool.render(Jobs.one, source: Picture("ok")) }
            try await pool.wait { $0.waiting == 1 }
            let processes = pool.processes
            #expect(processes.count == 1)
            await pool.shutdown()
            #expect(processes.allSatisfy(isGone))
            let ended = await #expect(throws: RenderError.self) { try await running.value }
            #expect(ended?.code == .unavailable)
            let refused = await #expect(throws: RenderError.self) { try await waiting.value }
            #expect(refused?.code == .unavailable)
        }
    }

    @Test func shutdownLetsAShortJobEnd() async throws {
        try await withPool(shutdownGrace: Patience.timeMax) { pool in
            async let running = pool.render(Jobs.one, source: Picture("slow 2000000"))
            try await pool.wait { $0.busy == 1 && $0.idle == 0 }
            await pool.shutdown()
            #expect(try await running.renditions.count == 1)
        }
    }

    @Test func afterShutdownJobsAreUnavailable() async throws {
        try await withPool { pool in
            await pool.shutdown()
            await pool.shutdown()
            #expect(await pool.error(of: "ok")?.code == .unavailable)
        }
    }

    @Test func aPoolThatWasNeverStartedRefusesAndShutsDown() async throws {
        let pool = WorkerPool(configuration: .init(executable: "/bin/true", workers: 1), logger: .quiet)
        #expect(await pool.error(of: "ok")?.code == .unavailable)
        await pool.shutdown()
    }

    @Test func aCancelledCallerStillShutsDown() async throws {
        try await withPool(workers: 2) { pool in
            let processes = pool.processes
            let caller = Task {
                while !Task.isCancelled { await Task.yield() }
                await pool.shutdown()
            }
            caller.cancel()
            await caller.value
            #expect(processes.count == 2)
            #expect(processes.allSatisfy(isGone))
        }
    }
}
