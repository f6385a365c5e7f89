import Glibc
import Logging
import MediaModel
import Synchronization

/// Lending workers. What is here blocks and runs on the pool's threads.
extension WorkerPool {
    /// A worker that is well: an idle one, or a new one.
    ///
    /// - Parameter deadline: when a new one is of no more use.
    func checkOut(by deadline: ContinuousClock.Instant) throws -> WorkerProcess {
        while true {
            let idle = self.state.withLock { state -> WorkerProcess? in
                guard state.phase == .running, let worker = state.idle.popLast() else { return nil }
                state.out[worker.id] = worker
                return worker
            }
            guard let idle else { return try self.startWorker(by: deadline) }
            guard let complaint = idle.complaint() else { return idle }
            _ = self.lose(idle, complaint)
        }
    }

    /// Takes a worker that is well back; ends it when the pool was shut down, or the worker replaced, meanwhile.
    func checkIn(_ worker: WorkerProcess) {
        let isWanted = self.state.withLock { state in
            guard state.phase == .running, state.replacement != .ending(worker.id) else { return false }
            state.out[worker.id] = nil
            state.idle.append(worker)
            return true
        }
        if !isWanted { self.end(worker) }
    }

    /// Ends a worker that is of no more use.
    ///
    /// - Returns: what happened, with the way in which the process ended.
    func lose(_ worker: WorkerProcess, _ error: any Error) -> WorkerFailure {
        let failure = error as? WorkerFailure ?? WorkerFailure(.system, "\(error)")
        let isStopping = self.state.withLock { $0.phase != .running }
        let isEnd = failure.loss == .crash
        let ending = worker.end(isEnding: isEnd && !isStopping)
        self.state.withLock { state in
            state.ended(worker)
            state.losses[failure.loss, default: 0] += 1
        }
        let told = WorkerFailure(
            failure.loss,
            "\(failure.detail); process \(worker.id) \(ending)",
            isEnd && (isStopping || ending.isFromOutside) ? .ours : failure.fault
        )
        self.logger.info("a worker is lost", metadata: ["reason": "\(told.loss.rawValue)", "detail": "\(told.detail)"])
        return told
    }

    /// Starts a worker and lends it. After failures it waits first: an executable that ends at once would otherwise be
    /// started as fast as jobs come in.
    ///
    /// - Parameter deadline: when whoever asks for it has no more time; nil: the time that a start may take is all.
    /// - Throws: ``RenderError`` with `.unavailable`.
    func startWorker(by deadline: ContinuousClock.Instant? = nil) throws -> WorkerProcess {
        self.sleep(until: self.state.withLock { $0.nextStart })
        guard self.state.withLock({ $0.phase == .running }) else { throw self.renderError(of: .closed) }
        let executable = self.configuration.executable
        let limits = WorkerLimits(
            addressSpaceBytesMax: self.configuration.addressSpaceBytesMax,
            cpuSecondsMax: self.configuration.cpuSecondsMax,
            mayLack: self.configuration.mayLack,
            parent: getpid()
        )
        let worker: WorkerProcess
        do {
            worker = try WorkerProcess(executable: executable, limits: limits, jobsMax: self.drawJobsMax())
        } catch {
            throw self.startFailed("\(error)")
        }
        let isWanted = self.state.withLock { state in
            if state.phase == .running { state.out[worker.id] = worker }
            return state.phase == .running
        }
        guard isWanted else {
            worker.end()
            throw self.renderError(of: .closed)
        }
        do {
            let time = self.configuration.helloTimeout
            let hello = try worker.hello(
                within: deadline.map { min(time, ContinuousClock.now.duration(to: $0)) } ?? time
            )
            self.state.withLock { $0.started(hello) }
            return worker
        } catch {
            let ending = worker.end()
            self.state.withLock { $0.out[worker.id] = nil }
            throw self.startFailed("\(error); process \(worker.id) \(ending)")
        }
    }

    private func startFailed(_ reason: String) -> RenderError {
        let executable = self.configuration.executable
        let failure = RenderError(.unavailable, detail: "worker \(executable) did not start: \(reason)")
        self.state.withLock { $0.startFailed() }
        self.logger.info("a worker did not start", metadata: ["detail": "\(failure.detail)"])
        return failure
    }

    private func sleep(until moment: ContinuousClock.Instant?) {
        guard let moment else { return }
        let left = ContinuousClock.now.duration(to: moment)
        if left > .zero { usleep(UInt32(left / .microseconds(1))) }
    }
}
