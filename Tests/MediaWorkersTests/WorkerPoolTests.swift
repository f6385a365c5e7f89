import Glibc
import MediaModel
import Testing

@testable import MediaWorkers

@Suite(.timeLimit(.minutes(5)))
struct WorkerPoolTests {
    @Test func everyPresetComesBackInOrder() async throws {
        try await withPool { pool in
            let picture = Picture("ok", (0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
            let outcome = try await pool.render(Jobs.both, source: picture)
            #expect(outcome.renditions.map(\.preset) == Jobs.both.presets)
            #expect(outcome.renditions.map(\.bytes) == Jobs.renditions(of: picture, Jobs.both))
            #expect(
                outcome.renditions.map(\.size) == [PictureSize(width: 320, height: 240)] + [
                    .init(width: 320, height: 240)
                ]
            )
            #expect(outcome.facts == PictureFacts(size: PictureSize(width: 4000, height: 3000), frames: 1))
            #expect((outcome.timings.decode, outcome.timings.resize, outcome.timings.encode) == (1, 2, 3))
            #expect(outcome.timings.queue >= 0)
        }
    }

    @Test func aJobWithoutPresetsMeasuresOnly() async throws {
        try await withPool { pool in
            let outcome = try await pool.render(Jobs.none, source: Picture("ok"))
            #expect(outcome.renditions.isEmpty)
            #expect(outcome.facts.size.width == 4000)
        }
    }

    @Test(arguments: WireProtocol.picturesFault)
    func aPicturesFaultIsPassedOnAndCostsNoWorker(code: RenderError.Code) async throws {
        try await withPool { pool in
            let before = pool.processes
            let error = await pool.error(of: "fault \(code)")
            #expect(error?.code == code)
            #expect(error?.detail == "the codec's own words", "a line break of a codec's would forge a line in the log")
            try await pool.expectSound()
            #expect(pool.processes == before)
            #expect(pool.statistics().losses.isEmpty)
            #expect(pool.statistics().jobsDone == 2)
        }
    }

    @Test func twoHundredJobsOnTwoWorkersAreAllRight() async throws {
        try await withPool(workers: 2, queueMax: 400) { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let picture = Picture(
                            "ok \(index)",
                            (0..<index * 50).map { UInt8(truncatingIfNeeded: $0 ^ index) }
                        )
                        let outcome = try await pool.render(Jobs.both, source: picture)
                        #expect(outcome.renditions.map(\.bytes) == Jobs.renditions(of: picture, Jobs.both))
                    }
                }
                try await group.waitForAll()
            }
            let statistics = pool.statistics()
            #expect(statistics.jobsDone == 200)
            #expect((statistics.busy, statistics.waiting, statistics.idle) == (0, 0, 2))
            #expect(statistics.losses.isEmpty)
        }
    }

    @Test func aWorkerThatDiedIdleCostsNoJob() async throws {
        try await withPool { pool in
            let first = try #require(pool.processes.first)
            kill(first, SIGKILL)
            try await waitForEnd(of: first)
            try await pool.expectSound()
            #expect(isGone(first))
            #expect(pool.statistics().losses == [.crash: 1])
        }
    }

    @Test func aJobTooLongForOneDatagramIsRefused() async throws {
        try await withPool { pool in
            let presets = (0..<1000).compactMap { PresetName("preset-number-\($0)") }.map {
                Preset(name: $0, recipe: Recipe())
            }
            let job = RenderJob(format: .png, limits: PictureLimits(), presets: presets)
            #expect(await pool.error(of: "ok", job: job)?.code == .unavailable)
            try await pool.expectSound()
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test func resultsOverTheLimitAreRefused() async throws {
        try await withPool(resultBytesMax: 1000) { pool in
            await #expect(throws: RenderError.self) {
                try await pool.render(Jobs.one, source: Picture("ok", [UInt8](repeating: 0, count: 2000)))
            }
            #expect(pool.statistics().losses == [.protocol: 1])
            try await pool.expectSound()
        }
    }

    @Test func theCodecsOfTheWorkersAreKnown() async throws {
        try await withPool { pool in #expect(pool.codecs == "fake 1.0") }
    }
}

@Suite(.timeLimit(.minutes(5)))
struct WorkerPoolSourceTests {
    struct Broken: Error {}

    @Test func aSourceThatThrowsMidwayCostsNoWorker() async throws {
        try await withPool { pool in
            let before = pool.processes
            let broken = Picture("ok", [UInt8](repeating: 0, count: 5000)) { if $0 == 3 { throw Broken() } }
            await #expect(throws: Broken.self) { try await pool.render(Jobs.one, source: broken) }
            try await pool.expectSound()
            #expect(pool.processes == before)
        }
    }

    @Test(arguments: [
        (Picture("ok", announced: 2), RenderError.Code.unavailable),
        (Picture("ok", announced: 4), .unavailable),
        (Picture("ok", announced: 0), .undecodable),
        (Picture("ok", [UInt8](repeating: 0, count: 10_000)), .unsupported),
    ])
    func aSourceThatDoesNotKeepToItsLengthIsRefused(source: Picture, code: RenderError.Code) async throws {
        try await withPool(sourceBytesMax: 10_000) { pool in
            let before = pool.processes
            let error = await #expect(throws: RenderError.self) { try await pool.render(Jobs.one, source: source) }
            #expect(error?.code == code)
            try await pool.expectSound()
            #expect(pool.processes == before)
        }
    }

    @Test func aWaitingJobIsNotAskedForItsBytes() async throws {
        try await withPool { pool in
            let (isAsked, isReleased) = (Flag(), Flag())
            async let running = pool.render(Jobs.one, source: Picture("ok") { _ in try await isReleased.wait() })
            try await pool.wait { $0.busy == 1 }
            async let waiting = pool.render(Jobs.one, source: Picture("ok") { _ in isAsked.set() })
            try await pool.wait { $0.waiting == 1 }
            #expect(!isAsked.isSet)
            isReleased.set()
            _ = try await (running, waiting)
            #expect(isAsked.isSet)
        }
    }
}
