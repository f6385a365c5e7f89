import MediaModel
import Metrics

/// The counters that the use cases keep, made once. The table of all metrics is in MediaMetrics.
struct OriginMeters: Sendable {
    /// Made on first use, after `MetricsSystem.bootstrap`.
    static let shared = OriginMeters()

    let uploadsReady = Counter(label: "media_uploads_total", dimensions: [("outcome", "ready")])
    let uploadsAccepted = Counter(label: "media_uploads_total", dimensions: [("outcome", "accepted")])
    let uploadsRefused = Counter(label: "media_uploads_total", dimensions: [("outcome", "refused")])
    let uploadsReplayed = Counter(label: "media_uploads_total", dimensions: [("outcome", "replayed")])
    let uploadsFailed = Counter(label: "media_uploads_total", dimensions: [("outcome", "failed")])
    let integrityFailures = Counter(label: "media_integrity_failures_total")
    let uploadBytes = Counter(label: "media_upload_bytes_total")
    let rendersDone = Counter(label: "media_renders_total", dimensions: [("outcome", "done")])
    let rendersFailed = Counter(label: "media_renders_total", dimensions: [("outcome", "failed")])
    let renditionBytes = Counter(label: "media_rendition_bytes_total")
    let savedBytes = Counter(label: "media_saved_bytes_total")
    let renderedPixels = Counter(label: "media_rendered_pixels_total")
    let cacheHits = Self.cacheRequests("memory", "hit")
    let cacheMisses = Self.cacheRequests("memory", "miss")
    let keyHits = Self.cacheRequests("keys", "hit")
    let keyMisses = Self.cacheRequests("keys", "miss")
    private let mendsDone = Counter(label: "media_mends_total", dimensions: [("outcome", "mended")])
    private let mendsImpossible = Counter(label: "media_mends_total", dimensions: [("outcome", "impossible")])
    private let mendsFailed = Counter(label: "media_mends_total", dimensions: [("outcome", "failed")])
    let poisonStrikes = Counter(label: "media_poison_strikes_total")
    let poisonSources = Gauge(label: "media_poison_sources")
    let quarantineRefusals = Counter(label: "media_quarantine_refusals_total")
    let scrubBytes = Counter(label: "media_scrub_bytes_total")
    let scrubBlobs = Counter(label: "media_scrub_blobs_total")
    let scrubProgress = Gauge(label: "media_scrub_progress_ratio")
    let scrubCompleted = Gauge(label: "media_scrub_completed_timestamp_seconds")
    let damagedBlobs = Gauge(label: "media_damaged_blobs")
    private let renderPaths = Dictionary(
        uniqueKeysWithValues: RenderPath.allCases.map { path in
            (path, Counter(label: "media_render_path_total", dimensions: [("path", path.rawValue)]))
        }
    )
    private let waitTime = Dictionary(
        uniqueKeysWithValues: RenderPriority.allCases.map { priority in
            (priority, Timer(label: "media_render_wait_seconds", dimensions: [("priority", priority.rawValue)]))
        }
    )
    private let stageTime = Dictionary(
        uniqueKeysWithValues: RenderStage.allCases.map { stage in
            (stage, Timer(label: "media_render_duration_seconds", dimensions: [("stage", stage.rawValue)]))
        }
    )

    /// The parts of the way from a source to a rendition that is kept, in their order.
    enum RenderStage: String, CaseIterable {
        case queue
        case decode
        case resize
        case encode
        case seal
        case store
        case commit
    }

    /// Counts a blob that is not what its row says, whoever came upon it.
    func countingDamage<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch {
            if Damage(error) != nil { self.integrityFailures.increment() }
            throw error
        }
    }

    func scrubFinding(_ code: String) {
        Counter(label: "media_scrub_findings_total", dimensions: [("code", code)]).increment()
    }

    func mended(_ outcome: Mend.Outcome) {
        switch outcome {
        case .mended: self.mendsDone.increment()
        case .impossible: self.mendsImpossible.increment()
        case .failed: self.mendsFailed.increment()
        }
    }

    /// - Parameter source: what it was made of.
    func rendered(_ outcome: RenderOutcome, of source: BlobRecord, _ priority: RenderPriority) {
        let (facts, timings) = (outcome.facts, outcome.timings)
        self.renderPaths[outcome.path]?.increment()
        self.rendersDone.increment(by: outcome.renditions.count)
        self.renditionBytes.increment(by: outcome.renditions.reduce(0) { $0 + $1.bytes.count })
        self.savedBytes.increment(by: outcome.renditions.reduce(0) { $0 + max(0, source.bytes - $1.bytes.count) })
        self.renderedPixels.increment(by: facts.size.width * facts.size.height * facts.frames)
        self.waitTime[priority]?.recordMicroseconds(timings.queue)
        self.took(.queue, .microseconds(timings.queue))
        self.took(.decode, .microseconds(timings.decode))
        self.took(.resize, .microseconds(timings.resize))
        self.took(.encode, .microseconds(timings.encode))
    }

    func took(_ stage: RenderStage, _ time: Duration) { self.stageTime[stage]?.record(duration: time) }

    /// Measures the part of a job that `work` is, unless it throws.
    func measuring<Result>(_ stage: RenderStage, _ work: () async throws -> Result) async throws -> Result {
        let start = ContinuousClock.now
        let result = try await work()
        self.took(stage, ContinuousClock.now - start)
        return result
    }

    private static func cacheRequests(_ tier: String, _ result: String) -> Counter {
        Counter(label: "media_cache_requests_total", dimensions: [("tier", tier), ("result", result)])
    }
}
