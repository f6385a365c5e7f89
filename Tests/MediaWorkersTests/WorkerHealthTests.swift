import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// What readiness asks the pool.
@Suite(.timeLimit(.minutes(5)))
struct WorkerHealthTests {
    @Test func aPoolWithWorkersIsWell() async throws {
        try await withPool(workers: 2) { pool in
            let before = pool.processes
            try await pool.checkHealth()
            #expect(pool.processes == before)
            await pool.shutdown()
            await #expect(throws: RenderError.self) { try await pool.checkHealth() }
        }
    }

    /// A service that is not ready gets no jobs, and none would start a worker.
    @Test func aPoolThatLostAllTriesToStartOne() async throws {
        let fake = try #require(BuiltProducts.path("FakeWorker"))
        try await WorkerScript.with(#"[ -e "$0.broken" ] && exit 3; exec '\#(fake)' "$@""#) { path in
            try await withPool(executable: path) { pool in
                #expect(FileManager.default.createFile(atPath: path + ".broken", contents: nil))
                #expect(await pool.error(of: "crash")?.code == .crashed)
                let error = await #expect(throws: RenderError.self) { try await pool.checkHealth() }
                #expect(error?.code == .unavailable)
                #expect(pool.processes.isEmpty)
                try FileManager.default.removeItem(atPath: path + ".broken")
                try await pool.checkHealth()
                #expect(pool.statistics().idle == 1)
                try await pool.expectSound()
            }
        }
    }
}
