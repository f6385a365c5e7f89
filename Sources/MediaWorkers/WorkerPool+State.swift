import FoundationEssentials
package import MediaModel
import Synchronization

extension WorkerPool {
    /// How the pool is set up. Sizes in bytes.
    ///
    /// ## Configuration keys
    /// `workers`, `queue.max`, `render.memory.max`, `render.deadline`, `worker.memory.max`, `worker.jobs.max`,
    /// `worker.resident.max`, `worker.sandbox.allow.missing`; `sourceBytesMax` is at least `upload.bytes.max`.
    package struct Configuration: Sendable {
        /// The worker program.
        package var executable: String
        /// Processes, and jobs that run at once; at least 1. Default: the processors that this process may use.
        package var workers: Int
        /// Jobs that may wait; 0 is none. Default 64.
        package var queueMax: Int
        /// Bytes that the jobs which run at once may take together, by estimate; a larger one runs alone. Default
        /// 512 MiB.
        package var memoryBytesMax: Int
        /// How long a job may take, with its wait where somebody waits for it. Default 10 s.
        package var renderDeadline: Duration
        /// How long after the deadline a worker has to say that it gave up, before it is killed. Default 500 ms: most
        /// codecs can be told to stop and do within milliseconds, and a worker that stays need not be started anew.
        package var deadlineGrace: Duration
        /// A worker's address space; 0 is no limit, for sanitizers. Default 2 GiB.
        package var addressSpaceBytesMax: Int
        /// Jobs that one worker may do before it is replaced, or up to a fifth fewer, by chance; 0 is no limit. Default
        /// 1000.
        package var jobsMax: Int
        /// Memory of its own that a worker may hold between two jobs before it is replaced, in bytes: resident pages
        /// less those of files and of memory files. 0 is no limit. Default 128 MiB: twice what photographs of up to
        /// 20 megapixels leave behind.
        package var residentBytesMax: Int
        /// Pieces of the sandbox that may be missing. Default none.
        package var mayLack: Set<SandboxPiece>
        /// The largest picture. Default 64 MiB.
        package var sourceBytesMax: Int
        /// All renditions of one job together. Default 256 MiB.
        package var resultBytesMax: Int
        /// How long a new worker may take until it says hello: a second of work, on a machine that may be busy. Default
        /// 30 s.
        package var helloTimeout: Duration
        /// How long running jobs and idle workers have to end at shutdown before they are killed. Default 2 s.
        package var shutdownGrace: Duration

        package init(
            executable: String,
            workers: Int = ProcessInfo.processInfo.activeProcessorCount,
            queueMax: Int = 64,
            memoryBytesMax: Int = 512 << 20,
            renderDeadline: Duration = .seconds(10),
            deadlineGrace: Duration = .milliseconds(500),
            addressSpaceBytesMax: Int = 2 << 30,
            jobsMax: Int = 1000,
            residentBytesMax: Int = 128 << 20,
            mayLack: Set<SandboxPiece> = [],
            sourceBytesMax: Int = 64 << 20,
            resultBytesMax: Int = 256 << 20,
            helloTimeout: Duration = .seconds(30),
            shutdownGrace: Duration = .seconds(2)
        ) {
            precondition(workers >= 1 && queueMax >= 0 && memoryBytesMax >= 0 && addressSpaceBytesMax >= 0)
            precondition(jobsMax >= 0 && residentBytesMax >= 0)
            precondition(sourceBytesMax >= 1 && resultBytesMax >= 1)
            self.executable = executable
            self.workers = workers
            self.queueMax = queueMax
            self.memoryBytesMax = memoryBytesMax
            self.renderDeadline = renderDeadline
            self.deadlineGrace = deadlineGrace
            self.addressSpaceBytesMax = addressSpaceBytesMax
            self.jobsMax = jobsMax
            self.residentBytesMax = residentBytesMax
            self.mayLack = mayLack
            self.sourceBytesMax = sourceBytesMax
            self.resultBytesMax = resultBytesMax
            self.helloTimeout = helloTimeout
            self.shutdownGrace = shutdownGrace
        }

        /// Seconds of processor time that a worker may use in its life; 0 is no limit. No honest worker comes near it:
        /// it would have to work up to the deadline at every job, and its replacement be late by half a life.
        var cpuSecondsMax: Int {
            guard self.jobsMax > 0 else { return 0 }
            let deadline = Int(self.renderDeadline.components.seconds) + 1
            let (seconds, isTooMany) = deadline.multipliedReportingOverflow(by: self.jobsMax + self.jobsMax / 2 + 1)
            return isTooMany ? 0 : seconds
        }

        /// How jobs are admitted. Both handicaps are a part of what may be waited (``JobTime``), so that nobody is
        /// overtaken until it is too late.
        var admission: AdmissionQueue.Bounds {
            AdmissionQueue.Bounds(
                workers: self.workers,
                queueMax: self.queueMax,
                memoryBytesMax: self.memoryBytesMax,
                handicapMax: self.renderDeadline
            )
        }
    }

    /// What the pool is doing, for metrics.
    package struct Statistics: Sendable, Hashable {
        /// Jobs that have a worker or are getting one.
        package let busy: Int
        /// Workers that wait for a job.
        package let idle: Int
        /// Jobs that wait for a worker.
        package var waiting: Int { self.queue.values.reduce(0, +) }
        /// The same, by priority.
        package let queue: [RenderPriority: Int]
        /// Jobs that were refused since the start, by reason; a reason that never was has no entry.
        package let refusals: [String: Int]
        /// What the running jobs are estimated to take, and may, in bytes.
        package let memoryBytes: Int
        package let memoryBytesMax: Int
        /// How much longer jobs take than estimated; 1 at the start.
        package let pace: Double
        /// Workers lost since the start, by reason; a reason that never was has no entry.
        package let losses: [WorkerLoss: Int]
        /// Workers replaced because they had served their time, since the start, by reason; as above.
        package let recycled: [WorkerRecycling: Int]
        /// What the workers' sandbox lacks; empty unless the configuration allows it.
        package let missing: Set<SandboxPiece>
        /// Attempts to start a worker that failed, since the start.
        package let startsFailed: Int
        /// Jobs that a worker answered, with renditions or with what is wrong with the picture.
        package let jobsDone: Int
        /// Resident memory of all workers together, in bytes; what they share counts for each.
        package let residentBytes: Int
        package let workersMax: Int
        package let queueMax: Int
    }

    package func statistics() -> Statistics {
        let books = self.gate.books
        let refusals = books.refusals.map { ($0.key.name, $0.value) }
        // A worker that has ended meanwhile has no memory.
        let workers = self.state.withLock { $0.idle + $0.out.values }
        let residentBytes = workers.compactMap { $0.residentBytes() }.reduce(0, +)
        return self.state.withLock { state in
            Statistics(
                busy: books.running,
                idle: state.idle.count,
                queue: books.waiting,
                refusals: Dictionary(uniqueKeysWithValues: refusals),
                memoryBytes: books.memoryBytes,
                memoryBytesMax: self.configuration.memoryBytesMax,
                pace: books.pace,
                losses: state.losses,
                recycled: state.recycled,
                missing: state.missing,
                startsFailed: state.startsFailed,
                jobsDone: state.jobsDone,
                residentBytes: residentBytes,
                workersMax: self.configuration.workers,
                queueMax: self.configuration.queueMax
            )
        }
    }

    /// What the newest worker said of its codec libraries; nil before the first hello.
    package var codecs: String? { self.state.withLock { $0.codecs } }

    /// What the workers can make, so that it passes our check: all of them, each started from one program. Nothing
    /// before ``start()``.
    package var formats: Set<RenditionFormat> { self.state.withLock { $0.formats } }
}

extension WorkerPool {
    enum Phase {
        case new
        case running
        case stopped
    }

    struct State {
        /// The wait after the first failed start; it doubles with each further one in a row.
        private static let backoffFirst = Duration.milliseconds(50)
        private static let backoffMax = Duration.seconds(1)

        var phase = Phase.new
        /// Workers that wait for a job; the last one came back last and has the warmest caches.
        var idle: [WorkerProcess] = []
        /// Workers that a thread has, by process.
        var out: [Int32: WorkerProcess] = [:]
        /// Of a worker that has served its time.
        var replacement = Replacement.none
        var recycled: [WorkerRecycling: Int] = [:]
        /// What the newest worker's sandbox lacks.
        var missing: Set<SandboxPiece> = []
        var losses: [WorkerLoss: Int] = [:]
        var startsFailed = 0
        var jobsDone = 0
        var codecs: String?
        private(set) var formats: Set<RenditionFormat> = []
        /// What they say that they can make, and cannot.
        private var spoilt: Set<RenditionFormat> = []
        /// No worker is started before.
        private(set) var nextStart: ContinuousClock.Instant?
        private var backoff = Self.backoffFirst

        mutating func started(_ hello: WireProtocol.Hello) {
            self.codecs = hello.codecs
            self.formats = hello.formats.subtracting(self.spoilt)
            self.missing = hello.missing
            self.backoff = Self.backoffFirst
            self.nextStart = nil
        }

        mutating func spoilt(_ format: RenditionFormat) {
            self.spoilt.insert(format)
            self.formats.remove(format)
        }

        mutating func startFailed() {
            self.startsFailed += 1
            self.nextStart = .now + self.backoff
            self.backoff = min(self.backoff * 2, Self.backoffMax)
        }
    }
}
