// Uploads, what is made of them, who makes it, and what is kept in memory.

extension OriginMetrics {
    private static let stageSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    private static let priority = MetricLabel(
        "priority",
        ["reader", "upload", "background"],
        meaning: "who waits for the job"
    )

    static let pictures = MetricGroup(
        "Uploads and renditions",
        [
            MetricDefinition(
                "media_uploads_total",
                .counter,
                labels: [
                    MetricLabel(
                        "outcome",
                        ["ready", "accepted", "refused", "replayed", "failed"],
                        meaning: "`accepted`: kept, and its renditions are made later; `replayed`: its idempotency key "
                            + "was known"
                    )
                ],
                help: "Uploads, by outcome."
            ),
            MetricDefinition("media_upload_bytes_total", .counter, help: "Bytes of the sources that were kept."),
            MetricDefinition(
                "media_renders_total",
                .counter,
                labels: [MetricLabel("outcome", ["done", "failed"])],
                help: "Renditions made, and jobs that failed."
            ),
            MetricDefinition(
                "media_render_path_total",
                .counter,
                labels: [
                    MetricLabel(
                        "path",
                        ["planes", "general"],
                        meaning: "`planes`: a JPEG that was never made pixels; `general`: every other picture"
                    )
                ],
                help: "Render jobs done, by the way that their picture took."
            ),
            MetricDefinition(
                "media_render_duration_seconds",
                .durations(buckets: Self.stageSeconds),
                labels: [
                    MetricLabel(
                        "stage",
                        ["queue", "decode", "resize", "encode", "seal", "store", "commit"],
                        meaning: "`queue` to `encode` and `commit` once a job, `seal` and `store` once a rendition"
                    )
                ],
                help: "Time of a render job in each of its stages."
            ),
            MetricDefinition(
                "media_rendition_bytes_total",
                .counter,
                help: "Bytes of the renditions that were made."
            ),
            MetricDefinition(
                "media_saved_bytes_total",
                .counter,
                help: "Bytes that renditions are smaller than their sources, summed over the renditions made."
            ),
            MetricDefinition(
                "media_rendered_pixels_total",
                .counter,
                help: "Pixels of the sources that were decoded, all frames; by 1e6 they are megapixels."
            ),
            Self.backlogVersions,
        ]
    )

    package static let backlogVersions = MetricDefinition(
        "media_backlog_versions",
        .gauge,
        help: "Versions that nobody waits for and whose renditions are still to be made."
    )

    // What is kept in memory.

    /// The caches that are told apart.
    package enum CacheTier: String {
        case memory
        case keys
    }

    private static let tier = MetricLabel(
        "tier",
        [CacheTier.memory.rawValue, CacheTier.keys.rawValue],
        meaning: "`memory`: renditions in clear; `keys`: envelope keys, opened"
    )
    /// Of what keys have no size worth a series.
    private static let memoryTier = MetricLabel("tier", [CacheTier.memory.rawValue], meaning: "as above")

    package static let cacheBytes = MetricDefinition(
        "media_cache_bytes",
        .gauge,
        labels: [Self.memoryTier],
        help: "Bytes that a cache holds."
    )
    package static let cacheBytesLimit = MetricDefinition(
        "media_cache_limit_bytes",
        .gauge,
        labels: [Self.memoryTier],
        help: "Bytes that a cache may hold (cache.bytes.max)."
    )
    package static let cacheObjects = MetricDefinition(
        "media_cache_objects",
        .gauge,
        labels: [Self.tier],
        help: "Renditions or keys that a cache holds."
    )
    package static let cacheHotObjects = MetricDefinition(
        "media_cache_hot_objects",
        .gauge,
        help: "Of the renditions in memory, those that are answered on the event loop."
    )
    package static let cacheFileBytes = MetricDefinition(
        "media_cache_file_bytes",
        .gauge,
        help:
            "Memory of large bodies that are cached or being sent: they lie in a file in memory, and no process has it "
            + "as resident."
    )
    package static let cacheEvictions = MetricDefinition(
        "media_cache_evictions_total",
        .counter,
        labels: [Self.memoryTier],
        help: "What a cache let go of to make room."
    )

    static let cache = MetricGroup(
        "Caches",
        about: "The hit ratio is the rate of `result=\"hit\"` by the rate of both.",
        [
            MetricDefinition(
                "media_cache_requests_total",
                .counter,
                labels: [Self.tier, MetricLabel("result", ["hit", "miss"])],
                help: "Look-ups of renditions for GET requests, and of keys, by result."
            ),
            Self.cacheBytes, Self.cacheBytesLimit, Self.cacheObjects, Self.cacheHotObjects, Self.cacheFileBytes,
            Self.cacheEvictions,
        ]
    )

    // The worker processes.

    package static let workersBusy = MetricDefinition(
        "media_workers_busy",
        .gauge,
        help: "Worker processes that have a job."
    )
    package static let workersIdle = MetricDefinition(
        "media_workers_idle",
        .gauge,
        help: "Worker processes that wait for a job."
    )
    package static let workersLimit = MetricDefinition(
        "media_workers_limit",
        .gauge,
        help: "Worker processes there may be (workers)."
    )
    package static let workerMemory = MetricDefinition(
        "media_worker_resident_bytes",
        .gauge,
        help: "Resident memory of all worker processes together; pages that they share count for each."
    )
    package static let renderQueueLength = MetricDefinition(
        "media_render_queue_length",
        .gauge,
        labels: [Self.priority],
        help: "Render jobs that wait for a worker."
    )
    package static let renderQueueLimit = MetricDefinition(
        "media_render_queue_limit",
        .gauge,
        help: "Render jobs that may wait, all priorities together (queue.max)."
    )
    private static let renderWait = MetricDefinition(
        "media_render_wait_seconds",
        .durations(buckets: Self.stageSeconds),
        labels: [Self.priority],
        help: "Time that render jobs which were done had waited for a worker, by priority."
    )
    package static let renderRefusals = MetricDefinition(
        "media_render_refusals_total",
        .counter,
        labels: [MetricLabel("reason", ["full", "late", "overdue", "displaced", "closed"])],
        help: "Render jobs that got no worker, by reason."
    )
    package static let renderMemory = MetricDefinition(
        "media_render_memory_bytes",
        .gauge,
        help: "Memory that the running render jobs are estimated to take."
    )
    package static let renderMemoryLimit = MetricDefinition(
        "media_render_memory_limit_bytes",
        .gauge,
        help: "Memory that running render jobs may take together (render.memory.max)."
    )
    package static let renderPace = MetricDefinition(
        "media_render_pace_ratio",
        .gauge,
        help: "How much longer render jobs take than is estimated from their headers; 1 at the start."
    )
    package static let workersRecycled = MetricDefinition(
        "media_worker_recycled_total",
        .counter,
        labels: [MetricLabel("reason", ["jobs", "memory", "gave-up"])],
        help: "Workers replaced because they had served their time, by reason."
    )
    package static let workerRestarts = MetricDefinition(
        "media_worker_restarts_total",
        .counter,
        labels: [MetricLabel("reason", ["crash", "deadline", "protocol", "system"])],
        help: "Worker processes that were lost and replaced, by reason."
    )
    package static let sandbox = MetricDefinition(
        "media_sandbox_info",
        .gauge,
        labels: [MetricLabel("piece", ["landlock", "seccomp"])],
        help: "1 for a piece of the workers' sandbox that is in force, 0 for one that the settings let be missing."
    )

    static let workers = MetricGroup(
        "Workers and their queue",
        [
            Self.workersBusy, Self.workersIdle, Self.workersLimit, Self.workerMemory, Self.workerRestarts,
            Self.workersRecycled, Self.renderQueueLength, Self.renderQueueLimit, Self.renderWait, Self.renderRefusals,
            Self.renderMemory, Self.renderMemoryLimit, Self.renderPace, Self.sandbox,
        ]
    )

    static let poison = MetricGroup(
        "Quarantine",
        about: "Of sources that cost workers.",
        [
            MetricDefinition(
                "media_poison_strikes_total",
                .counter,
                help: "Renders that cost the worker: it crashed, lied, or did not stop at its deadline."
            ),
            MetricDefinition(
                "media_poison_sources",
                .gauge,
                help: "Sources in quarantine, by their digests: each cost two workers, and no worker gets it again."
            ),
            MetricDefinition(
                "media_quarantine_refusals_total",
                .counter,
                help: "Uploads and renders that were refused because the source is in quarantine."
            ),
        ]
    )
}
