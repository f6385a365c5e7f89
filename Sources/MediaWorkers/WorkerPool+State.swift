import FoundationEssentials
import Synchronization

extension WorkerPool {
    /// How the pool is set up. Sizes in bytes.
    ///
    /// ## Configuration keys
    /// `workers`, `queue.max`, `render.deadline`; `sourceBytesMax` is at least `upload.bytes.max`.
    package struct Configuration: Sendable {
        /// The worker program.
        package var executable: String
        /// Processes, and jobs that run at once; at least 1. Default: the processors that this process may use.
        package var workers: Int
        /// Jobs that may wait; 0 is none. Default 64.
        package var queueMax: Int
        /// How long a job may wait for a worker, and then how long the worker may take. Default 10 s.
        package var renderDeadline: Duration
        /// A worker's address space; 0 is no limit, for sanitizers. Default 2 GiB.
        package var addressSpaceBytesMax: Int
        /// The largest picture. Default 64 MiB.
        package var sourceBytesMax: Int
        /// All renditions of one job together. Default 256 MiB.
        package var resultBytesMax: Int
        /// How long a new worker may take until it says hello. Default 10 s.
        package var helloTimeout: Duration
        /// How long running jobs and idle workers have to end at shutdown before they are killed. Default 2 s.
        package var shutdownGrace: Duration

        package init(
            executable: String,
            workers: Int = ProcessInfo.processInfo.activeProcessorCount,
            queueMax: Int = 64,
            renderDeadline: Duration = .seconds(10),
            addressSpaceBytesMax: Int = 2 << 30,
            sourceBytesMax: Int = 64 << 20,
            resultBytesMax: Int = 256 << 20,
            helloTimeout: Duration = .seconds(10),
            shutdownGrace: Duration = .seconds(2)
        ) {
            precondition(workers >= 1 && queueMax >= 0 && addressSpaceBytesMax >= 0)
            precondition(sourceBytesMax >= 1 && resultBytesMax >= 1)
            self.executable = executable
            self.workers = workers
            self.queueMax = queueMax
            self.renderDeadline = renderDeadline
            self.addressSpaceBytesMax = addressSpaceBytesMax
            self.sourceBytesMax = sourceBytesMax
            self.resultBytesMax = resultBytesMax
            self.helloTimeout = helloTimeout
            self.shutdownGrace = shutdownGrace
        }
    }

    /// What the pool is doing, for metrics.
    package struct Statistics: Sendable, Hashable {
        /// Jobs that have a worker or are getting one.
        package let busy: Int
        /// Workers that wait for a job.
        package let idle: Int
        /// Jobs that wait for a worker.
        package let waiting: Int
        /// Workers lost since the start, by reason; a reason that never was has no entry.
        package let losses: [WorkerLoss: Int]
        /// Attempts to start a worker that failed, since the start.
        package let startsFailed: Int
        /// Jobs that a worker answered, with renditions or with what is wrong with the picture.
        package let jobsDone: Int
    }

    package func statistics() -> Statistics {
        let (busy, waiting) = self.gate.counts
        return self.state.withLock { state in
            Statistics(
                busy: busy,
                idle: state.idle.count,
                waiting: waiting,
                losses: state.losses,
                startsFailed: state.startsFailed,
                jobsDone: state.jobsDone
            )
        }
    }

    /// What the newest worker said of its codec libraries; nil before the first hello.
    package var codecs: String? { self.state.withLock { $0.codecs } }
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
        var losses: [WorkerLoss: Int] = [:]
        var startsFailed = 0
        var jobsDone = 0
        var codecs: String?
        /// No worker is started before.
        private(set) var nextStart: ContinuousClock.Instant?
        private var backoff = Self.backoffFirst

        mutating func started(_ codecs: String) {
            self.codecs = codecs
            self.backoff = Self.backoffFirst
            self.nextStart = nil
        }

        mutating func startFailed() {
            self.startsFailed += 1
            self.nextStart = .now + self.backoff
            self.backoff = min(self.backoff * 2, Self.backoffMax)
        }
    }
}
