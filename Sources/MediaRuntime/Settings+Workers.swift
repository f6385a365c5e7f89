package import MediaWorkers

extension Settings {
    /// How the codec processes are run.
    package var workerPool: WorkerPool.Configuration {
        WorkerPool.Configuration(
            executable: self.workerPath,
            workers: self.workers.count,
            queueMax: self.workers.queueMax,
            memoryBytesMax: self.workers.renderMemoryBytesMax,
            renderDeadline: self.workers.renderDeadline,
            addressSpaceBytesMax: self.workers.memoryBytesMax,
            jobsMax: self.workers.jobsMax,
            residentBytesMax: self.workers.residentBytesMax,
            mayLack: self.workers.sandboxMayLack,
            sourceBytesMax: self.upload.bytesMax
        )
    }
}
