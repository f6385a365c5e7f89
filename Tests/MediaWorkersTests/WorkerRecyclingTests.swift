import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaWorkers

/// Workers that have served their time.
@Suite(.timeLimit(.minutes(5)))
struct WorkerRecyclingTests {
    @Test func aWorkerIsReplacedAfterItsJobs() async throws {
        try await withPool(jobsMax: 10) { pool in
            let first = pool.processes
            for _ in 0..<7 { try await pool.expectSound() }
            #expect(pool.processes == first, "before four fifths of its jobs")
            for _ in 7..<10 { try await pool.expectSound() }
            try await pool.wait { $0.recycled == [.jobs: 1] && $0.idle == 1 }
            for process in first { try await waitUntilGone(process) }
            #expect(pool.processes.count == 1)
            #expect(pool.statistics().losses.isEmpty)
            try await pool.expectSound()
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer's shadow memory counts as the worker's"))
    func aWorkerIsReplacedForTheMemoryThatItKeeps() async throws {
        try await withPool(residentBytesMax: 100 << 20) { pool in
            let first = pool.processes
            _ = try await pool.render(Jobs.one, source: Picture("leak 40"))
            try await pool.expectSound()
            #expect(pool.processes == first)
            _ = try await pool.render(Jobs.one, source: Picture("leak 80"))
            try await pool.wait { $0.recycled == [.memory: 1] && $0.idle == 1 }
            for process in first { try await waitUntilGone(process) }
            try await pool.expectSound()
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer has a heap of its own"))
    func aWorkerThatHasNothingToDoGivesFreeMemoryBack() async throws {
        try await withPool { pool in
            _ = try await pool.render(Jobs.one, source: Picture("fragment 100"))
            let worker = try #require(pool.state.withLock { $0.idle.first })
            try await pool.wait { _ in worker.privateBytes().map { $0 < 80 << 20 } ?? false }
        }
    }

    @Test func noLimitIsPossible() async throws {
        try await withPool(jobsMax: 0, residentBytesMax: 0) { pool in
            let first = pool.processes
            _ = try await pool.render(Jobs.one, source: Picture("leak 200"))
            for _ in 0..<50 { try await pool.expectSound() }
            #expect(pool.processes == first)
            #expect(pool.statistics().recycled.isEmpty)
        }
    }

    /// The replacement does not come up before it is told to; meanwhile the only worker goes on.
    @Test func theOldWorkerServesUntilTheNewOneIsThere() async throws {
        try await withSecondStart(#"while [ ! -e "$0.go" ]; do sleep 0.05; done"#) { path in
            try await withPool(executable: path, jobsMax: 1) { pool in
                defer { try? FileManager.default.removeItem(atPath: path + ".go") }
                let first = pool.processes
                for _ in 0..<10 { try await pool.expectSound() }
                #expect(pool.statistics().recycled.isEmpty)
                #expect(!first.contains(where: isGone))
                #expect(FileManager.default.createFile(atPath: path + ".go", contents: nil))
                try await pool.wait { $0.recycled[.jobs] == 1 }
                for process in first { try await waitUntilGone(process) }
                #expect(pool.statistics().losses.isEmpty)
            }
        }
    }

    @Test func aReplacementThatDoesNotStartCostsNothing() async throws {
        try await withSecondStart("exit 3") { path in
            try await withPool(executable: path, jobsMax: 1) { pool in
                let first = pool.processes
                for _ in 0..<20 { try await pool.expectSound() }
                try await pool.wait { $0.startsFailed >= 1 }
                try await pool.expectSound()
                #expect(pool.processes.filter(first.contains) == first)
                #expect(pool.statistics().recycled.isEmpty)
                #expect(pool.statistics().losses.isEmpty)
            }
        }
    }

    /// The old one is at a job when the new one is ready: it ends after that, and the job does not.
    @Test func aWorkerAtAJobEndsAfterIt() async throws {
        try await withSecondStart("sleep 1") { path in
            try await withPool(executable: path, jobsMax: 1) { pool in
                let first = try #require(pool.processes.first)
                try await pool.expectSound()
                let outcome = try await pool.render(Jobs.one, source: Picture("slow 3000000"))
                #expect(outcome.renditions.count == 1)
                try await pool.wait { $0.recycled == [.jobs: 1] }
                try await waitUntilGone(first)
                try await pool.wait { $0.idle == 1 }
                #expect(pool.statistics().losses.isEmpty)
            }
        }
    }

    /// While it is replaced, the old worker crashes, and its job's successor starts a third.
    @Test func aWorkerThatIsLostWhileItIsReplacedLeavesNoneTooMany() async throws {
        try await withSecondStart("sleep 1") { path in
            try await withPool(executable: path, jobsMax: 1) { pool in
                try await pool.expectSound()
                #expect(await pool.error(of: "crash")?.code == .crashed)
                for _ in 0..<3 { try await pool.expectSound() }
                try await pool.wait { $0.idle == 1 && $0.busy == 0 }
                try await Task.sleep(for: .milliseconds(1500))
                #expect(pool.processes.count <= 2, "one, and perhaps its replacement")
                #expect(pool.statistics().losses == [.crash: 1])
            }
        }
    }

    @Test func fourWorkersAreReplacedUnderLoadWithoutAnErrorOrAProcessTooMany() async throws {
        // Three quarters of the places are for uploads: all of these.
        try await withPool(workers: 4, queueMax: 600, jobsMax: 10) { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<400 { group.addTask { try await pool.expectSound() } }
                group.addTask {
                    for _ in 0..<200 {
                        #expect(pool.processes.count <= 5)
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
                try await group.waitForAll()
            }
            try await pool.wait { $0.idle == 4 && $0.busy == 0 }
            #expect(pool.statistics().recycled[.jobs, default: 0] >= 4)
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test func shutdownEndsAReplacementThatIsBeingStarted() async throws {
        try await withSecondStart("sleep 600") { path in
            try await withPool(executable: path, jobsMax: 1) { pool in
                try await pool.expectSound()
                #expect(try await comesAbout { pool.processes.count == 2 })
                let processes = pool.processes
                let start = ContinuousClock.now
                await pool.shutdown()
                #expect(start.duration(to: .now) < pool.configuration.helloTimeout / 2, "its hello was waited for")
                #expect(processes.allSatisfy(isGone))
            }
        }
    }

    @Test func workersThatStartTogetherAreNotDueTogether() {
        let pool = WorkerPool(configuration: .init(executable: "/bin/true", workers: 1), logger: .quiet)
        let drawn = (0..<100).map { _ in pool.drawJobsMax() }
        #expect(drawn.allSatisfy { (800...1000).contains($0) })
        #expect(Set(drawn).count > 20)
    }

    @Test func theProcessorTimeOfALifeIsFarAboveItsJobs() {
        var configuration = WorkerPool.Configuration(
            executable: "/bin/true",
            renderDeadline: .seconds(10),
            jobsMax: 1000
        )
        #expect(configuration.cpuSecondsMax >= 10_000)
        configuration.jobsMax = 0
        #expect(configuration.cpuSecondsMax == 0)
        configuration.jobsMax = 1_000_000
        configuration.renderDeadline = .seconds(Int64.max / 2)
        #expect(configuration.cpuSecondsMax == 0)
    }

    private func waitUntilGone(_ process: pid_t) async throws {
        #expect(try await comesAbout { isGone(process) })
    }

    /// A program that is `FakeWorker` at its first start, and does something else first at each later one.
    private func withSecondStart(_ script: String, _ body: (String) async throws -> Void) async throws {
        let fake = try #require(BuiltProducts.path("FakeWorker"))
        let text = #"[ -e "$0.started" ] && { \#(script); }; : > "$0.started"; exec '\#(fake)' "$@""#
        try await WorkerScript.with(text) { path in
            defer { try? FileManager.default.removeItem(atPath: path + ".started") }
            try await body(path)
        }
    }
}
