import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaWorkers

/// Whatever a worker does costs its own job, with the right error, and the worker; the next job succeeds.
@Suite(.timeLimit(.minutes(5)))
struct HostileWorkerTests {
    @Test(arguments: [
        ("crash", "signal 6"), ("exit 0", "status 0"), ("exit 9", "status 9"), ("close", "signal 9"),
        ("forge empty 1", "signal 9"),
        // An engine that throws what is not an engine's to throw ends its process.
        ("fault busy", "status 1"),
    ])
    func aWorkerThatEndsIsACrash(behaviour: String, ending: String) async throws {
        try await withPool { pool in
            let before = pool.processes
            let error = await pool.error(of: behaviour)
            #expect(error?.code == .crashed)
            #expect(error?.detail.contains(ending) == true, "\(error?.detail ?? "")")
            #expect(before.allSatisfy(isGone))
            #expect(pool.statistics().losses == [.crash: 1])
            try await pool.expectSound()
        }
    }

    @Test func aWorkerThatHangsIsKilledAtItsDeadline() async throws {
        // The sound job at the end has as long for a new worker.
        try await withPool(renderDeadline: .seconds(10)) { pool in
            let before = pool.processes
            let start = ContinuousClock.now
            #expect(await pool.error(of: "hang", priority: .background)?.code == .deadline)
            #expect(start.duration(to: .now) >= .seconds(10))
            #expect(before.allSatisfy(isGone))
            #expect(pool.statistics().losses == [.deadline: 1])
            try await pool.expectSound()
        }
    }

    @Test(arguments: [
        "id", "version", "short", "long", "endless", "negative", "many", "few", "sides", "choice", "facts", "unsealed",
        "file",
        "no-memory", "no-webp", "canvas", "metadata", "pixels", "frames", "code", "neither", "garbage", "nested",
        "huge", "impression",
    ])
    func aWorkerThatLiesIsReplaced(forgery: String) async throws {
        try await withPool { pool in
            let before = pool.processes
            let error = await pool.error(of: "forge \(forgery) 1")
            #expect(error?.code == .crashed, "retried, the same picture would do the same again")
            #expect(before.allSatisfy(isGone))
            #expect(pool.statistics().losses == [.protocol: 1], "\(error?.detail ?? "")")
            try await pool.expectSound()
        }
    }

    /// What a page is to show before the picture is there goes to clients, too.
    @Test(arguments: ["twice", "frames-seen", "no-thumbhash", "long-thumbhash", "off-picture", "see-through"])
    func aWorkerThatLiesAboutWhatThePictureLooksLikeIsReplaced(forgery: String) async throws {
        try await withPool { pool in
            let sound = try await pool.render(Jobs.described, source: Picture("ok"))
            #expect(sound.impression?.colour == .white)
            // `twice` sends an answer without any impression.
            let error = await pool.error(of: "forge \(forgery) 2", job: Jobs.described)
            #expect(error?.code == .crashed, "\(forgery)")
            #expect(pool.statistics().losses == [.protocol: 1], "\(error?.detail ?? "")")
            try await pool.expectSound()
        }
    }

    /// A sound WebP, and hence no JPEG and no AVIF: clients get what the URL says, or nothing.
    @Test(arguments: [RenditionFormat.jpeg, .avif])
    func anotherFormatThanAskedForIsALie(format: RenditionFormat) async throws {
        try await withPool { pool in
            let error = await pool.error(of: "ok", job: Jobs.one(format))
            #expect(error?.code == .crashed)
            // It may be an encoder that our check does not know: no fault of the source's.
            #expect(error?.costAWorker == false)
            #expect(pool.statistics().losses == [.protocol: 1], "\(error?.detail ?? "")")
            try await pool.expectSound()
        }
    }

    /// A list of four billion empty pieces costs the worker, and nobody the memory for it.
    @Test func anAVIFThatListsWithoutEndIsALie() async throws {
        try await withPool { pool in
            let start = ContinuousClock.now
            let error = await pool.error(of: "forge bomb 1", job: Jobs.one(.avif))
            #expect(error?.code == .crashed)
            #expect(error?.detail.contains("belong to no picture") == true, "\(error?.detail ?? "")")
            #expect(start.duration(to: .now) < .seconds(60))
            #expect(pool.statistics().losses == [.protocol: 1])
            try await pool.expectSound()
        }
    }

    @Test func thePoolKnowsWhatItsWorkersCanMake() async throws {
        try await withPool { pool in #expect(pool.formats == [.webp, .jpeg]) }
    }

    @Test func anAnswerThatNobodyAskedForIsNotTheNextJobs() async throws {
        try await withPool { pool in
            let before = pool.processes
            // The first of the two answers is well formed, so this job cannot tell.
            let outcome = try await pool.render(Jobs.one, source: Picture("forge twice 1"))
            #expect(outcome.renditions.count == 1)
            let worker = try #require(pool.state.withLock { $0.idle.first })
            #expect(try await comesAbout { try worker.socket.waitReadable(until: .now) }, "the loop's own answer")
            try await pool.expectSound()
            #expect(before.allSatisfy(isGone))
            #expect(pool.statistics().losses == [.protocol: 1])
        }
    }

    @Test func crashesDoNotTouchTheJobsBesideThem() async throws {
        try await withPool(workers: 2) { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        if index.isMultiple(of: 4) {
                            #expect(await pool.error(of: "crash")?.code == .crashed)
                        } else {
                            try await pool.expectSound()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pool.statistics().losses == [.crash: 10])
            #expect(pool.statistics().jobsDone == 30)
        }
    }
}
