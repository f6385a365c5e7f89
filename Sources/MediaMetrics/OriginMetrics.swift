/// The metrics of the service, as one table. Handles elsewhere use the names; a test compares the two.
package enum OriginMetrics {
    /// Methods that are told apart; a client may send any other word.
    static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]

    /// A hit takes well under a millisecond, an upload may take the render deadline of 10 s and the queue before it.
    static let requestSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    static let stageSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    static let catalogSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]
    /// Thumbnails have about 10 KB, previews about 60 KB, originals megabytes.
    static let bodyBytes = [
        1024, 4096, 16_384, 32_768, 65_536, 131_072, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
    ]

    /// A CDN takes a purge in a tenth of a second; one that was away for a day gets it after that.
    static let purgeSeconds = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86_400,
    ]

    // Requests on the public listener. A route is its template, never a URL.

    static let requests = [
        MetricDefinition(
            "http_requests_total",
            .counter,
            labels: ["route", .init("method", values: Self.methods), "status"],
            seriesMax: 1000,
            help: "Requests answered, by route, method and status code."
        ),
        MetricDefinition(
            "http_request_duration_seconds",
            .durations(buckets: Self.requestSeconds),
            labels: ["route"],
            help: "Time from a request's head to the end of its response."
        ),
        MetricDefinition("http_requests_in_flight", .gauge, help: "Requests that are being answered."),
        MetricDefinition(
            "http_response_size_bytes",
            .sizes(buckets: Self.bodyBytes),
            labels: ["route"],
            help: "Bytes of response bodies."
        ),
        MetricDefinition(
            "http_request_body_bytes_total",
            .counter,
            labels: ["route"],
            help: "Bytes of request bodies."
        ),
        MetricDefinition(
            "http_response_body_bytes_total",
            .counter,
            labels: ["route"],
            help: "Bytes of response bodies."
        ),
    ]

    static let connectionsCut = MetricDefinition(
        "http_connections_cut_total",
        .counter,
        labels: ["reason"],
        help: "Connections ended for what the client does: head, body or reader too slow; too many of its address."
    )

    // TLS on the public listener.

    static let certificate = [
        MetricDefinition(
            "tls_certificate_expiry_timestamp_seconds",
            .gauge,
            help: "When the certificate that new connections get expires, in seconds since 1970."
        ),
        MetricDefinition(
            "tls_certificate_reloads_total",
            .counter,
            labels: ["outcome"],
            help: "Times the certificate's files were read anew, by outcome: loaded, failed (the one before stays)."
        ),
    ]

    // Uploads and what is made of them.

    static let pictures = [
        MetricDefinition("media_uploads_total", .counter, labels: ["outcome"], help: "Uploads, by outcome."),
        MetricDefinition("media_upload_bytes_total", .counter, help: "Bytes of the sources that were kept."),
        MetricDefinition("media_renders_total", .counter, labels: ["outcome"], help: "Renditions, by outcome."),
        MetricDefinition(
            "media_render_duration_seconds",
            .durations(buckets: Self.stageSeconds),
            labels: ["stage"],
            help: "Time of a render job in each of its stages: queue, decode, resize, encode."
        ),
        MetricDefinition("media_rendition_bytes_total", .counter, help: "Bytes of the renditions that were made."),
    ]

    // The memory cache of renditions.

    static let cacheRequests = MetricDefinition(
        "media_cache_requests_total",
        .counter,
        labels: ["result"],
        help: "Renditions looked up in the memory cache, by result: hit, miss."
    )
    package static let cacheBytes = MetricDefinition(
        "media_cache_bytes",
        .gauge,
        help: "Bytes that the memory cache holds."
    )
    package static let cacheObjects = MetricDefinition(
        "media_cache_objects",
        .gauge,
        help: "Renditions that the memory cache holds."
    )
    package static let cacheHotObjects = MetricDefinition(
        "media_cache_hot_objects",
        .gauge,
        help: "Of the renditions in memory, those that are answered on the event loop."
    )
    package static let cacheEvictions = MetricDefinition(
        "media_cache_evictions_total",
        .counter,
        help: "Renditions that the memory cache let go of to make room."
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
    package static let renderQueueLength = MetricDefinition(
        "media_render_queue_length",
        .gauge,
        labels: ["priority"],
        help: "Render jobs that wait for a worker, by who waits for them: reader, upload, background."
    )
    static let renderWait = MetricDefinition(
        "media_render_wait_seconds",
        .durations(buckets: Self.stageSeconds),
        labels: ["priority"],
        help: "Time that render jobs which were done had waited for a worker, by priority."
    )
    package static let renderRefusals = MetricDefinition(
        "media_render_refusals_total",
        .counter,
        labels: ["reason"],
        help: "Render jobs that got no worker, by reason: full, late, overdue, displaced, closed."
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
        labels: ["reason"],
        help: "Workers replaced because they had served their time, by reason: jobs, memory."
    )
    package static let sandbox = MetricDefinition(
        "media_sandbox_info",
        .gauge,
        labels: ["piece"],
        help: "1 for a piece of the workers' sandbox that is in force, 0 for one that the settings let be missing."
    )
    package static let workerRestarts = MetricDefinition(
        "media_worker_restarts_total",
        .counter,
        labels: ["reason"],
        help: "Worker processes that were replaced, by reason."
    )

    // Sources that cost workers.

    static let poison = [
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

    // Storage.

    package static let blobOperations = MetricDefinition(
        "media_blob_operations_total",
        .counter,
        labels: ["operation", "outcome"],
        help: "Operations of the blob store, by outcome."
    )
    package static let catalogOperations = MetricDefinition(
        "media_catalog_operation_duration_seconds",
        .durations(buckets: Self.catalogSeconds),
        labels: ["operation"],
        help: "Time of the catalog's operations."
    )

    static let commits = [
        MetricDefinition(
            "media_catalog_writes_total",
            .counter,
            help: "Writes to the catalog; several share a commit, and its sync."
        ),
        MetricDefinition(
            "media_catalog_commit_duration_seconds",
            .durations(buckets: Self.catalogSeconds),
            help: "Time of one transaction of the catalog, from its begin until it was durable."
        ),
    ]

    static let integrityFailures = MetricDefinition(
        "media_integrity_failures_total",
        .counter,
        help: "Stored blobs that were found not to be what their rows say. None of them was served."
    )
    static let mends = MetricDefinition(
        "media_mends_total",
        .counter,
        labels: ["outcome"],
        help: "Damaged renditions that were to be made again, by outcome: mended, impossible, failed."
    )

    // The scrub: all stored blobs, looked at again and again.

    static let scrub = [
        MetricDefinition("media_scrub_bytes_total", .counter, help: "Sealed bytes that the scrub has looked at."),
        MetricDefinition("media_scrub_blobs_total", .counter, help: "Blobs that the scrub has looked at."),
        MetricDefinition(
            "media_scrub_findings_total",
            .counter,
            labels: ["code"],
            help: "Blobs that the scrub found not to be as they should, by what was found."
        ),
        MetricDefinition("media_scrub_progress_ratio", .gauge, help: "How much of the scrub's round is done, 0 to 1."),
        MetricDefinition(
            "media_scrub_completed_timestamp_seconds",
            .gauge,
            help: "When the last whole round of the scrub ended, in seconds since 1970; 0 before the first."
        ),
        MetricDefinition(
            "media_damaged_blobs",
            .gauge,
            help: "Blobs that are known to be damaged and could not be made again, 10,000 at the most."
        ),
    ]
    package static let backlogVersions = MetricDefinition(
        "media_backlog_versions",
        .gauge,
        help: "Versions that nobody waits for and whose renditions are still to be made."
    )

    // Purges: what caches are told of changes.

    static let purges = [
        MetricDefinition(
            "media_purges_sent_total",
            .counter,
            labels: ["target"],
            help: "Purges that a target has taken; a deletion counts twice, since it is told twice."
        ),
        MetricDefinition(
            "media_purge_delivery_duration_seconds",
            .durations(buckets: Self.purgeSeconds),
            labels: ["target"],
            help: "Time from a change to the moment when the target had taken its purge."
        ),
        MetricDefinition(
            "media_purge_failures_total",
            .counter,
            labels: ["target", "reason"],
            help: "Attempts to tell a target that failed, by reason: unreachable, throttled, denied, refused."
        ),
        MetricDefinition(
            "media_purges_given_up_total",
            .counter,
            labels: ["target"],
            help: "Purges that were given up: the target may serve what is not right any more."
        ),
    ]
    package static let purgesPending = MetricDefinition(
        "media_purges_pending",
        .gauge,
        labels: ["target"],
        help: "Purges that a target was not told of yet."
    )
    package static let purgeLag = MetricDefinition(
        "media_purge_lag_seconds",
        .gauge,
        labels: ["target"],
        help: "Age of the oldest purge that a target was not told of yet; 0 where there is none."
    )

    // Warming.

    static let warmPulls = MetricDefinition(
        "media_warm_pulls_total",
        .counter,
        labels: ["outcome"],
        help: "New URLs and what became of pulling them through the CDN: hit, miss, uncached, unknown, failed, dropped."
    )
    package static let warmWaiting = MetricDefinition(
        "media_warm_waiting",
        .gauge,
        help: "New URLs that wait to be pulled through the CDN."
    )

    // Keys.

    static let keyProviderCalls = MetricDefinition(
        "media_key_provider_calls_total",
        .counter,
        labels: ["operation", "outcome"],
        help: "Calls of the key provider, by outcome: done, or why there is no key."
    )
    package static let keyProviderSuccessAge = MetricDefinition(
        "media_key_provider_success_age_seconds",
        .gauge,
        help: "Time since a call of the key provider last succeeded. Beyond the soft age it is away."
    )
    package static let envelopeKeysCached = MetricDefinition(
        "media_envelope_keys_cached",
        .gauge,
        help: "Envelope keys that are in memory."
    )
    package static let envelopeKeyAge = MetricDefinition(
        "media_envelope_key_age_seconds",
        .gauge,
        help: "Time since the envelope key that new blobs are wrapped under was made."
    )

    // Traces.

    static let traces = [
        MetricDefinition(
            "media_trace_spans_total",
            .counter,
            labels: ["outcome"],
            help: "Spans that left the queue, by outcome: exported, refused by the collector, dropped for want of room "
                + "or of a collector."
        ),
        MetricDefinition(
            "media_trace_export_failures_total",
            .counter,
            labels: ["reason"],
            help: "Exports that failed, by reason: unavailable (it is tried again), refused."
        ),
    ]

    package static let buildInfo = MetricDefinition(
        "media_build_info",
        .gauge,
        labels: ["version"],
        help: "1, with the version of the program as its label."
    )

    /// Every metric of the service, `process_*` included.
    package static let definitions =
        Self.requests + Self.certificate + Self.pictures + Self.scrub + Self.commits + Self.poison + Self.purges
        + Self.traces + [
            Self.connectionsCut, Self.cacheRequests, Self.cacheBytes, Self.cacheObjects, Self.cacheHotObjects,
            Self.cacheEvictions,
            Self.workersBusy, Self.workersIdle, Self.renderQueueLength, Self.renderWait, Self.renderRefusals,
            Self.renderMemory, Self.renderMemoryLimit, Self.renderPace, Self.workerRestarts, Self.workersRecycled,
            Self.sandbox,
            Self.blobOperations, Self.catalogOperations, Self.integrityFailures, Self.mends, Self.backlogVersions,
            Self.keyProviderCalls, Self.keyProviderSuccessAge, Self.envelopeKeysCached, Self.envelopeKeyAge,
            Self.purgesPending, Self.purgeLag, Self.warmPulls, Self.warmWaiting,
            Self.buildInfo,
        ] + ProcessCollector.definitions

    /// The registry for `MetricsSystem.bootstrap`: knows all of the above, and collects `process_*` and the build's
    /// version.
    package static func makeRegistry(version: String) -> PrometheusRegistry {
        let registry = PrometheusRegistry(Self.definitions)
        registry.registerCollector { ProcessCollector.collect() }
        registry.registerCollector { [MetricSample(Self.buildInfo, labels: [("version", version)], 1)] }
        return registry
    }
}
