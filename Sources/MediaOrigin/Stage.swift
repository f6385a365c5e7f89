import MediaModel
import Synchronization
import Tracing

/// The parts of what is done for a request: what spans, slow requests in the log and `Server-Timing` call them.
package enum Stage: String, Sendable, CaseIterable {
    // An upload.
    /// Waiting for the first bytes, which tell what it is.
    case firstBytes = "first-bytes"
    /// Reading the rest, with hashing and sealing it.
    case receive
    /// Reserving a version's number.
    case reserveVersion = "reserve-version"
    /// Looking for the same picture in the store, and reading it where there is one.
    case findDuplicate = "find-duplicate"
    /// Commit 1.
    case commitSource = "commit-source"
    /// Commit 2, or that of a rendition made later.
    case commitRenditions = "commit-renditions"

    // A delivery.
    /// Asking the catalog.
    case catalog
    /// Reading and checking a blob's header, its key included.
    case open
    /// Reading and opening its chunks.
    case decrypt

    // Both.
    /// All that is done to make renditions. Of a delivery: waiting for that, or for a damaged one to be made again.
    case render
    /// A job at the workers, from the call to its result, with these four in it, as the worker has timed them.
    case worker
    /// Waiting for a worker.
    case queue
    case decode
    case resize
    case encode
    /// All renditions of a version, at the same time.
    case storeRenditions = "store-renditions"
    /// Sealing a rendition into a draft.
    case seal
    /// Making a blob durable: its sync, its name, its folder's sync.
    case publish

    // Nobody's request.
    /// Developing a version that nobody waits for.
    case develop
    /// Telling a target of what changed.
    case purge

    /// Does `body` as this part: in a span of its own where the request is traced, and timed where somebody wants the
    /// times (``StageTimes``). Where neither is, it costs two looks at the task.
    package func measure<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let times = StageTimes.current
        guard ServiceContext.current != nil || times != nil else { return try await body() }
        let start = ContinuousClock.now
        defer { times?.note(self, ContinuousClock.now - start) }
        guard ServiceContext.current != nil else { return try await body() }
        return try await withSpan(self.rawValue) { _ in try await body() }
    }

    /// Does `body` in a span of its own, also where it is done for nobody's request.
    ///
    /// - Parameters:
    ///   - kind: what the span is to those at its other end.
    ///   - target: of whom it is done; a name from the settings.
    func asRoot<Result>(
        ofKind kind: SpanKind,
        target: String? = nil,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        try await withSpan(self.rawValue, ofKind: kind) { span in
            if let target { span.attributes["media.target"] = target }
            return try await body()
        }
    }
}

/// How long the parts of a request took, where somebody wants to know. Of one request.
package final class StageTimes: Sendable {
    /// Those of the request that the current task works for; nil: nobody wants them.
    @TaskLocal package static var current: StageTimes?

    private let noted = Mutex<[(stage: Stage, time: Duration)]>([])

    package init() {}

    /// The parts in the order in which they first ended, each with the sum of its times. What was done at the same time
    /// sums up to more than it took.
    package var sums: [(stage: Stage, time: Duration)] {
        self.noted.withLock { noted in
            var sums: [(stage: Stage, time: Duration)] = []
            for (stage, time) in noted {
                if let index = sums.firstIndex(where: { $0.stage == stage }) {
                    sums[index].time += time
                } else {
                    sums.append((stage, time))
                }
            }
            return sums
        }
    }

    func note(_ stage: Stage, _ time: Duration) { self.noted.withLock { $0.append((stage, time)) } }
}

extension RenderTimings {
    /// In the order in which the worker comes to them.
    private var parts: [(stage: Stage, microseconds: Int)] {
        [(.queue, self.queue), (.decode, self.decode), (.resize, self.resize), (.encode, self.encode)]
    }

    /// Notes what a worker has timed as parts of a job that the current span is about. A worker decodes, resizes and
    /// encodes in turns, strip by strip; each span has the sum of its part, and they lie end to end from the job's
    /// start on.
    func noteStages(since start: DefaultTracerClock.Timestamp) {
        if let times = StageTimes.current {
            for (stage, time) in self.parts { times.note(stage, .microseconds(time)) }
        }
        guard ServiceContext.current != nil else { return }
        var moment = start.nanosecondsSinceEpoch
        for (stage, time) in self.parts {
            let span = startSpan(stage.rawValue, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: moment))
            moment += UInt64(max(0, time)) * 1000
            span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: moment))
        }
    }
}

extension Renderer {
    /// The same, as a part of what the current task is about.
    func renderTraced(
        _ job: RenderJob,
        source: any PictureSource,
        priority: RenderPriority
    ) async throws -> RenderOutcome {
        try await Stage.worker.measure {
            let start = DefaultTracerClock.now
            let outcome = try await self.render(job, source: source, priority: priority)
            outcome.timings.noteStages(since: start)
            return outcome
        }
    }
}
