import MediaModel
import Synchronization

extension WorkerPool {
    /// Looks whether there are workers. Where all were lost it starts one, as the next job would: a service that is
    /// found not to be ready gets no jobs, and would otherwise never find out that its workers start again.
    ///
    /// - Throws: ``RenderError`` with `.unavailable` when there is none and none can be started, or the pool is shut
    ///   down.
    package func checkHealth() async throws {
        let (isRunning, areThere) = self.state.withLock { state in
            (state.phase == .running, !(state.idle.isEmpty && state.out.isEmpty))
        }
        guard isRunning else { throw self.renderError(of: .closed) }
        if areThere { return }
        try await self.onThread { self.checkIn(try self.startWorker()) }
    }
}
