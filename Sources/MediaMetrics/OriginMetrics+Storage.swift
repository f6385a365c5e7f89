// What is stored, under which keys, and whether it is sound.

extension OriginMetrics {
    private static let catalogSeconds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5,
    ]
    /// A read from the page cache takes microseconds, a sync of a full disk seconds.
    private static let blobSeconds = [
        0.00001, 0.000025, 0.0001, 0.00025, 0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10,
    ]
    /// A key ring answers at once, a service over the network in milliseconds, or when it is given up.
    private static let keySeconds = [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private static let blobOperation = MetricLabel(
        "operation",
        [
            "make-draft", "publish", "open", "read", "remove", "list", "quarantine", "list-quarantined",
            "remove-quarantined", "room", "health",
        ]
    )

    package static let storageFree = MetricDefinition(
        "media_storage_free_bytes",
        .gauge,
        help: "Bytes of the data folder's disk that the service may still write."
    )
    package static let storageSize = MetricDefinition(
        "media_storage_size_bytes",
        .gauge,
        help: "Bytes of the data folder's disk."
    )
    package static let storageFreeMin = MetricDefinition(
        "media_storage_free_min_bytes",
        .gauge,
        help: "Bytes of it that stay free: uploads are refused first (disk.free.min)."
    )

    static let storage = MetricGroup(
        "Blob store",
        [
            MetricDefinition(
                "media_blob_operations_total",
                .counter,
                labels: [Self.blobOperation, MetricLabel("outcome", ["done", "failed"])],
                help: "Operations of the blob store, by outcome."
            ),
            MetricDefinition(
                "media_blob_operation_duration_seconds",
                .durations(buckets: Self.blobSeconds),
                labels: [Self.blobOperation],
                help: "Time of the blob store's operations, however they ended."
            ),
            Self.storageFree, Self.storageSize, Self.storageFreeMin,
            MetricDefinition(
                "media_integrity_failures_total",
                .counter,
                help: "Stored blobs that were found not to be what their rows say. None of them was served."
            ),
            MetricDefinition(
                "media_mends_total",
                .counter,
                labels: [MetricLabel("outcome", ["mended", "impossible", "failed"])],
                help: "Damaged renditions that were to be made again, by outcome."
            ),
        ]
    )

    private static let catalogOperation = MetricLabel(
        "operation",
        meaning: "a call of the catalog, such as `begin`, `complete`, `rendition`, `envelope-keys`"
    )

    package static let catalogConnections = MetricDefinition(
        "media_catalog_connections",
        .gauge,
        labels: [MetricLabel("kind", ["reader", "writer"]), MetricLabel("state", ["busy", "idle"])],
        help: "Connections to the catalog's database, by what they do; readers are opened when they are needed."
    )
    package static let catalogWaiting = MetricDefinition(
        "media_catalog_writes_waiting",
        .gauge,
        help: "Writes that wait for a transaction."
    )

    static let catalog = MetricGroup(
        "Catalog",
        [
            MetricDefinition(
                "media_catalog_operation_duration_seconds",
                .durations(buckets: Self.catalogSeconds),
                labels: [Self.catalogOperation],
                help: "Time of the catalog's operations, waiting included."
            ),
            MetricDefinition(
                "media_catalog_slow_operations_total",
                .counter,
                labels: [Self.catalogOperation],
                condition: "an operation was slow",
                help: "Operations of the catalog that took more than 100 ms."
            ),
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
            Self.catalogConnections, Self.catalogWaiting,
        ]
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

    private static let keyOperation = MetricLabel(
        "operation",
        ["make-key", "wrap", "unwrap", "current-root", "rotate-root", "retire-root", "former-envelope-key"]
    )

    static let keys = MetricGroup(
        "Keys",
        [
            MetricDefinition(
                "media_key_provider_calls_total",
                .counter,
                labels: [
                    Self.keyOperation,
                    MetricLabel("outcome", meaning: "`done`, or why there is no key: `unavailable`, `denied` …"),
                ],
                help: "Calls of the key provider, by outcome."
            ),
            MetricDefinition(
                "media_key_provider_call_duration_seconds",
                .durations(buckets: Self.keySeconds),
                labels: [Self.keyOperation],
                help: "Time of the key provider's calls, however they ended."
            ),
            Self.keyProviderSuccessAge, Self.envelopeKeysCached, Self.envelopeKeyAge,
        ]
    )

    static let scrub = MetricGroup(
        "Scrub",
        about: "All stored blobs, looked at again and again.",
        [
            MetricDefinition("media_scrub_bytes_total", .counter, help: "Sealed bytes that the scrub has looked at."),
            MetricDefinition("media_scrub_blobs_total", .counter, help: "Blobs that the scrub has looked at."),
            MetricDefinition(
                "media_scrub_findings_total",
                .counter,
                labels: [MetricLabel("code", meaning: "what was found, such as `missing`, `truncated`, `unreadable`")],
                condition: "the scrub has found something",
                help: "Blobs that the scrub found not to be as they should, by what was found."
            ),
            MetricDefinition(
                "media_scrub_progress_ratio",
                .gauge,
                help: "How much of the scrub's round is done, 0 to 1."
            ),
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
    )
}
