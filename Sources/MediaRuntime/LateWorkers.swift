import Logging
import MediaModel
import MediaWorkers
import Synchronization

/// Workers that are started when the first picture comes: most operations have none.
final class LateWorkers: Renderer {
    private let configuration: WorkerPool.Configuration
    private let logger: Logger
    private let starting = Mutex<Task<WorkerPool, any Error>?>(nil)

    init(_ configuration: WorkerPool.Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    func render(
        _ job: RenderJob,
        source: any PictureSource,
        priority: RenderPriority
    ) async throws -> RenderOutcome {
        try await self.pool().render(job, source: source, priority: priority)
    }

    /// There is room until there is a pool, and operations, which have these workers, prepare nothing.
    func checkRoom(for priority: RenderPriority) {}

    /// Ends the workers, where there are any. Nothing may be rendered after it.
    func shutdown() async {
        guard let starting = self.starting.withLock({ $0 }), let pool = try? await starting.value else { return }
        await pool.shutdown()
    }

    /// All callers wait for one start, and a failed one is not tried again: the second would fail the same.
    private func pool() async throws -> WorkerPool {
        let task = self.starting.withLock { starting in
            let task = starting ?? Task { try await self.start() }
            starting = task
            return task
        }
        return try await task.value
    }

    private func start() async throws -> WorkerPool {
        let pool = WorkerPool(configuration: self.configuration, logger: self.logger)
        try await pool.start()
        return pool
    }
}
