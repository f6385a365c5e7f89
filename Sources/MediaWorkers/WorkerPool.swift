package import Logging
package import MediaModel
import NIOPosix
import Synchronization

/// A bounded set of codec processes behind the port ``Renderer``.
///
/// A job waits for a worker, is then asked for its bytes, and is exchanged with the worker on a thread that may block.
/// A worker that dies, hangs or lies costs its own job; it is killed, and the next job that needs one starts another.
/// At its deadline a worker gives up by itself and stays; it is killed where it has not said so a grace later. One that
/// has served its time is replaced behind the jobs' backs (WorkerPool+Recycling.swift).
///
/// - Cancellation: a waiting job leaves the queue. A job that has its worker ends as it would have: it is bounded by
///   the deadline, and its worker goes back in order.
/// - Beyond ``Renderer``'s errors, an error that the source throws is passed on as it is.
package final class WorkerPool: Renderer {
    let configuration: Configuration
    let logger: Logger
    let gate: WorkerGate
    let threads: NIOThreadPool
    let state = Mutex(State())
    private let jobIDs = Atomic<UInt64>(0)

    /// Starts nothing yet; see ``start()``.
    package init(configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        self.gate = WorkerGate(configuration.admission)
        // One thread a worker: a job that is admitted never waits for a thread. And one on which a worker is replaced.
        self.threads = NIOThreadPool(numberOfThreads: configuration.workers + 1)
    }

    /// Starts all workers, and returns when each of them has said hello and one has made an AVIF, if they can. Call it
    /// once.
    ///
    /// - Throws: ``RenderError`` with `.unavailable` when one of them cannot be started; then the pool is shut down.
    package func start() async throws {
        self.state.withLock { state in
            precondition(state.phase == .new, "a pool is started once")
            state.phase = .running
        }
        self.threads.start()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<self.configuration.workers {
                    group.addTask { try await self.onThread { self.checkIn(try self.startWorker()) } }
                }
                try await group.waitForAll()
            }
            try await self.onThread { self.tryAVIF() }
        } catch {
            await self.shutdown()
            throw error
        }
        let count = Logger.MetadataValue.stringConvertible(self.configuration.workers)
        self.logger.info("workers started", metadata: ["workers": count, "codecs": "\(self.codecs ?? "")"])
        let missing = self.statistics().missing.sorted().map(\.rawValue).joined(separator: ", ")
        if missing.isEmpty { return }
        self.logger.warning(
            "the workers' sandbox is weaker than it should be, as the settings allow",
            metadata: ["missing": "\(missing)"]
        )
    }

    package func render(
        _ job: RenderJob,
        source: any PictureSource,
        priority: RenderPriority
    ) async throws -> RenderOutcome {
        try self.check(source)
        let cost = RenderCost(of: job, bytes: source.bytes, opening: try await source.opening())
        let time = JobTime(priority, cost, deadline: self.configuration.renderDeadline)
        let request = AdmissionQueue.Request(priority: priority, cost: cost, waitMax: time.waitMax)
        do {
            return try await self.gate.admitting(request) {
                let turn = time.admitted(at: .now)
                let picture = try await self.read(source)
                let outcome = try await self.onThread { try self.perform(job, picture, turn) }
                return outcome.waited(turn.waited)
            }
        } catch let refusal as AdmissionQueue.Refusal {
            throw self.renderError(of: refusal, priority)
        }
    }

    package func checkRoom(for priority: RenderPriority) throws {
        // Of time and places a quarter less than it may have when it comes: others come meanwhile, and were let through
        // as this one is.
        let waitMax = JobTime.waitMax(priority, deadline: self.configuration.renderDeadline) * 0.75
        guard let wait = self.gate.expectedWait(for: priority, sparing: true) else {
            throw self.renderError(of: .full, priority)
        }
        if wait > waitMax { throw self.renderError(of: .late, priority) }
    }

    /// One job on one worker; blocks for as long as that takes.
    func perform(_ job: RenderJob, _ picture: SealedMemory, _ turn: JobTime.Turn) throws -> RenderOutcome {
        guard case .outcome(let outcome) = try self.perform(.render(job), picture, turn) else {
            preconditionFailure("an exchange answers what was asked")
        }
        return outcome
    }

    /// - Returns: what was asked for; no refusal, which is thrown.
    func perform(
        _ work: WireProtocol.Work,
        _ picture: SealedMemory,
        _ turn: JobTime.Turn
    ) throws -> WorkerProcess.Answer {
        let id = self.jobIDs.wrappingAdd(1, ordering: .relaxed).newValue
        let worker = try self.checkOut(by: turn.deadline)
        let request = WireProtocol.Request(
            id: id,
            pictureBytes: picture.bytes,
            timeMilliseconds: turn.millisecondsLeft(at: .now),
            work: work
        )
        let message: [UInt8]
        do {
            message = try self.encode(request)
        } catch {
            self.checkIn(worker)
            throw error
        }
        let answer: WorkerProcess.Answer
        do {
            let bounds = WorkerProcess.Bounds(
                grace: self.configuration.deadlineGrace,
                resultBytesMax: self.configuration.resultBytesMax
            )
            answer = try worker.exchange(request, message, picture, within: bounds)
        } catch {
            let failure = self.lose(worker, error)
            // However little time was left: told that it is us, the caller would have the next worker lost to it.
            throw failure.fault == .encoder ? failure.renderError : turn.blame(failure.renderError)
        }
        worker.count(answer)
        let recycling = self.recycling(of: worker)
        self.checkIn(worker)
        self.state.withLock { $0.jobsDone += 1 }
        if let recycling { self.recycle(worker, recycling) }
        switch answer {
        case .outcome, .comparison: return answer
        case .refusal(let error): throw turn.blame(error)
        case .compareRefusal(let error): throw error
        }
    }

    /// Refuses all jobs from now on, gives those that run and the idle workers 2 s to end, then kills the rest. When it
    /// returns, no process and no thread of the pool is left. It may be called more than once, and takes no notice of
    /// cancellation.
    package func shutdown() async {
        // A task of its own, awaited at once: a cancelled caller must not leave processes behind.
        await Task { await self.endAll() }.value
    }
}

extension RenderOutcome {
    /// The same with the time that the job waited for its worker.
    fileprivate func waited(_ time: Duration) -> RenderOutcome {
        var timings = self.timings
        timings.queue = Int(time.components.seconds) * 1_000_000 + Int(time.components.attoseconds / 1_000_000_000_000)
        return RenderOutcome(
            facts: self.facts,
            renditions: self.renditions,
            timings: timings,
            path: self.path,
            impression: self.impression
        )
    }
}
