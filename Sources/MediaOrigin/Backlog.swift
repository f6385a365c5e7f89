import Logging
package import MediaModel
import Metrics
import Synchronization
import Tracing

/// Versions whose source is durable and that nobody waits for: what was uploaded with `Prefer: respond-async`, what a
/// crash left unfinished, and what was refused and could not be taken back at once.
///
/// The catalog remembers them (`processing`); this is only the order of work, so losing it loses nothing.
package final class Backlog: Sendable {
    /// Versions that may wait here; one more upload that will not wait is refused.
    package static let versionsMax = 10_000
    /// How long a version waits after its first failure that was not its own; each further one doubles it.
    static let retryDelayMin = Duration.seconds(1)
    static let retryDelayMax = Duration.seconds(60)
    /// How long a version waits at the most for a rush of uploads to end, and how often it looks.
    static let rushWaitMax = Duration.seconds(10)
    static let rushLookInterval = Duration.milliseconds(20)

    private struct Job: Sendable {
        let ref: VersionRef
        /// Why the version is to be ended rather than developed.
        let refusal: (any Error)?
        /// 1 for the first.
        var attempt = 1
        let addedAt = ContinuousClock.now
        /// Of the request that left it here: what is logged of the version still names it, and its trace goes on.
        let logger = Logger.current
        let context = ServiceContext.current
    }

    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation
    private let waiting = Atomic<Int>(0)
    let rush = UploadRush()

    package init() { (self.stream, self.continuation) = AsyncStream.makeStream(of: Job.self) }

    /// How many versions wait or are being worked on.
    package var count: Int { self.waiting.load(ordering: .relaxed) }

    /// Throws `.backlogFull`. Asked before an upload is read, so that nothing is promised that cannot be kept soon.
    func checkRoom() throws {
        guard self.count < Self.versionsMax else { throw OriginError(.backlogFull) }
    }

    func add(_ ref: VersionRef) { self.add(Job(ref: ref, refusal: nil)) }

    /// Ends a version later that cannot be ended now, unless a client is told of it before.
    func end(_ ref: VersionRef, because refusal: any Error) { self.add(Job(ref: ref, refusal: refusal)) }

    private func add(_ job: Job) {
        self.waiting.add(1, ordering: .relaxed)
        self.continuation.yield(job)
    }

    /// Works until the task is cancelled, on `width` versions at a time. A version that fails for our reasons comes
    /// again, later each time; meanwhile others have its place.
    package func run(width: Int, catalog: any Catalog, develop: Develop) async {
        await withDiscardingTaskGroup { group in
            let gate = Gate(width: width)
            for await job in self.stream {
                await gate.enter()
                group.addTask {
                    await self.makeWay(for: job)
                    let isDone = await self.work(on: job, catalog, develop)
                    gate.leave()
                    if isDone {
                        self.waiting.subtract(1, ordering: .relaxed)
                    } else {
                        try? await Task.sleep(for: Self.delay(after: job.attempt))
                        var next = job
                        next.attempt += 1
                        self.continuation.yield(next)
                    }
                }
            }
        }
    }

    /// Uploads that are being answered come first, but for so long only that none starves.
    private func makeWay(for job: Job) async {
        while self.rush.isOn, job.addedAt.duration(to: .now) < Self.rushWaitMax, !Task.isCancelled {
            try? await Task.sleep(for: Self.rushLookInterval)
        }
    }

    static func delay(after attempt: Int) -> Duration {
        attempt > 6 ? Self.retryDelayMax : min(Self.retryDelayMax, Self.retryDelayMin * (1 << (attempt - 1)))
    }

    /// - Returns: whether the version needs no further attempt.
    private func work(on job: Job, _ catalog: any Catalog, _ develop: Develop) async -> Bool {
        await ServiceContext.$current.withValue(job.context) {
            await withLogger(job.logger) { _ in
                await Stage.develop.asRoot(ofKind: .consumer) { await self.attempt(job, catalog, develop) }
            }
        }
    }

    private func attempt(_ job: Job, _ catalog: any Catalog, _ develop: Develop) async -> Bool {
        do {
            guard let version = try await catalog.version(job.ref), version.state == .processing else { return true }
            if let refusal = job.refusal, !version.isAnnounced {
                try await develop.tryToEnd(version, because: refusal)
            } else {
                _ = try await develop(version, for: .backlog(attempt: job.attempt))
                OriginMeters.shared.uploadsReady.increment()
            }
            return true
        } catch {
            let isFinal = Develop.isFinal(error, attempt: job.attempt)
            if isFinal { OriginMeters.shared.uploadsFailed.increment() }
            Logger.current.log(
                level: error is RenderError && isFinal ? .info : .warning,
                "A version could not be developed",
                metadata: [
                    "version": "\(job.ref)", "attempt": "\(job.attempt)", "final": "\(isFinal)",
                    "error": "\(String(reflecting: error))",
                ]
            )
            return isFinal || Task.isCancelled
        }
    }
}
