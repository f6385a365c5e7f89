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
    let cacheHits = Counter(label: "media_cache_requests_total", dimensions: [("result", "hit")])
    let cacheMisses = Counter(label: "media_cache_requests_total", dimensions: [("result", "miss")])
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
    private let queueTime = Timer(label: "media_render_duration_seconds", dimensions: [("stage", "queue")])
    private let waitTime = Dictionary(
        uniqueKeysWithValues: RenderPriority.allCases.map { priority in
            (priority, Timer(label: "media_render_wait_seconds", dimensions: [("priority", priority.rawValue)]))
        }
    )
    private let decodeTime = Timer(label: "media_render_duration_seconds", dimensions: [("stage", "decode")])
    private let resizeTime = Timer(label: "media_render_duration_seconds", dimensions: [("stage", "resize")])
    private let encodeTime = Timer(label: "media_render_duration_seconds", dimensions: [("stage", "encode")])

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

    func rendered(_ outcome: RenderOutcome, _ priority: RenderPriority) {
        self.rendersDone.increment(by: outcome.renditions.count)
        self.renditionBytes.increment(by: outcome.renditions.reduce(0) { $0 + $1.bytes.count })
        self.queueTime.recordMicroseconds(outcome.timings.queue)
        self.waitTime[priority]?.recordMicroseconds(outcome.timings.queue)
        self.decodeTime.recordMicroseconds(outcome.timings.decode)
        self.resizeTime.recordMicroseconds(outcome.timings.resize)
        self.encodeTime.recordMicroseconds(outcome.timings.encode)
    }
}
