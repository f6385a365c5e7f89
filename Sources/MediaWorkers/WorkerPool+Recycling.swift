import Glibc
import Logging
import MediaModel
import NIOPosix
import Synchronization

/// Why a worker that did nothing wrong is replaced; also the label of the counter.
package enum WorkerRecycling: String, Sendable, Hashable, CaseIterable {
    /// It has done as many jobs as a worker may.
    case jobs
    /// It holds more memory between two jobs than a worker may: codecs leak, and heaps fragment.
    case memory
    /// It gave up a picture at its deadline, in the middle of a codec: what that held is not sure to have been given
    /// back.
    case gaveUp = "gave-up"
}

/// Replacing workers that have served their time, without a gap: the old one serves until the new one is warm, and one
/// at a time is replaced, so that there is never more than one process too many.
extension WorkerPool {
    /// How much earlier than the last possible job a worker may be recycled, by chance: workers that were started
    /// together would otherwise all be replaced within a few jobs of each other.
    static let recyclingSpread = 0.2

    /// The job after which a new worker is due; 0 is none.
    func drawJobsMax() -> Int {
        let jobsMax = self.configuration.jobsMax
        return jobsMax - Int(Double(jobsMax) * Self.recyclingSpread * Double.random(in: 0..<1))
    }

    /// Whether a worker that has just answered should be replaced, and why.
    func recycling(of worker: WorkerProcess) -> WorkerRecycling? {
        if worker.jobsMax > 0, worker.jobsDone >= worker.jobsMax { return .jobs }
        if worker.hasGivenUp { return .gaveUp }
        let memoryMax = self.configuration.residentBytesMax
        // Where /proc hides other processes there is no figure; then jobs alone count.
        guard memoryMax > 0, let bytes = worker.privateBytes() else { return nil }
        return bytes > memoryMax ? .memory : nil
    }

    /// Starts a replacement on the thread that no job needs, unless one is being started already: then the worker's
    /// next job asks again.
    func recycle(_ worker: WorkerProcess, _ reason: WorkerRecycling) {
        let isFirst = self.state.withLock { state in
            guard state.phase == .running, state.replacement == .none else { return false }
            state.replacement = .starting
            return true
        }
        guard isFirst else { return }
        self.threads.submit { state in
            if case .active = state { self.replace(worker, reason) }
        }
    }

    private func replace(_ worker: WorkerProcess, _ reason: WorkerRecycling) {
        let fresh: WorkerProcess
        do {
            fresh = try self.startWorker()
        } catch {
            // It is logged and counted there. The old worker serves on; its next job tries again.
            return self.state.withLock { $0.replacement = .none }
        }
        let needless = self.state.withLock { state in
            state.exchange(worker, for: fresh, reason, workersMax: self.configuration.workers)
        }
        if let needless { self.end(needless) }
        let detail = Logger.MetadataValue.stringConvertible(worker.id)
        self.logger.debug("a worker is recycled", metadata: ["reason": "\(reason.rawValue)", "process": detail])
    }

    /// Ends a worker that is out and that nobody needs.
    func end(_ worker: WorkerProcess) {
        worker.end()
        self.state.withLock { $0.ended(worker) }
    }
}

extension WorkerPool.State {
    /// How far the replacement of a worker is. The next one may begin when this one's old worker has ended: until then
    /// there is one process more than there are workers.
    enum Replacement: Hashable {
        case none
        /// The new one is being started; the old one serves.
        case starting
        /// The new one serves; this old one ends, after its job where it has one.
        case ending(Int32)
    }

    /// Takes a process that has ended out of the books.
    mutating func ended(_ worker: WorkerProcess) {
        self.out[worker.id] = nil
        if self.replacement == .ending(worker.id) { self.replacement = .none }
    }

    /// Puts a worker that has just started in the place of an old one.
    ///
    /// - Returns: the process that must be ended now, which is among those that are out: the old one; the fresh one
    ///   when it is not needed. Nil when the old one is at a job: ``WorkerPool/checkIn(_:)`` ends it after that.
    mutating func exchange(
        _ old: WorkerProcess,
        for fresh: WorkerProcess,
        _ reason: WorkerRecycling,
        workersMax: Int
    ) -> WorkerProcess? {
        self.replacement = .ending(fresh.id)
        guard self.phase == .running else { return fresh }
        let index = self.idle.firstIndex { $0 === old }
        let isAtWork = self.out[old.id] === old
        guard index != nil || isAtWork else {
            // It was lost meanwhile, and a job may have started another in its place.
            if self.idle.count + self.out.count > workersMax { return fresh }
            self.replacement = .none
            self.out[fresh.id] = nil
            self.idle.append(fresh)
            return nil
        }
        self.replacement = .ending(old.id)
        self.recycled[reason, default: 0] += 1
        self.out[fresh.id] = nil
        self.idle.append(fresh)
        guard let index else { return nil }
        self.out[old.id] = old
        return self.idle.remove(at: index)
    }
}
