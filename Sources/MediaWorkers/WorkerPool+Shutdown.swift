import NIOPosix
import Synchronization

extension WorkerPool {
    /// How often a process is looked at that should be ending.
    private static let lookInterval = Duration.milliseconds(5)

    /// Waits without blocking a thread: this runs on the cooperative pool, and the pool's own threads may be busy with
    /// the very jobs that are to end.
    func endAll() async {
        self.gate.close()
        let (wasRunning, idle) = self.state.withLock { state -> (Bool, [WorkerProcess]) in
            defer {
                state.phase = .stopped
                state.idle = []
            }
            return (state.phase == .running, state.idle)
        }
        guard wasRunning else { return }
        for worker in idle { worker.hangUp() }
        let remaining = await self.waitForEnd(of: idle)
        // Each of these belongs to a thread, which wakes, sees that its worker is gone, and ends it.
        for worker in self.state.withLock({ Array($0.out.values) }) { worker.hangUp() }
        do {
            try await self.threads.runIfActive { for worker in remaining { worker.end() } }
            try await self.threads.shutdownGracefully()
        } catch {
            preconditionFailure("the threads were stopped by somebody else: \(error)")
        }
    }

    /// - Returns: those of `workers` that still run when the grace is over. It is over early when they and all jobs
    ///   ended.
    private func waitForEnd(of workers: [WorkerProcess]) async -> [WorkerProcess] {
        let end = ContinuousClock.now + self.configuration.shutdownGrace
        var remaining = workers
        while true {
            remaining.removeAll { $0.hasEnded() }
            let isIdle = self.state.withLock { $0.out.isEmpty }
            if remaining.isEmpty && isIdle || ContinuousClock.now >= end { return remaining }
            // Nobody cancels the task that this runs in; if somebody did, the loop would only turn faster.
            try? await Task.sleep(for: Self.lookInterval)
        }
    }
}
