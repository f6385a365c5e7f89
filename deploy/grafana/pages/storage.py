"""What is stored, whether it is sound, and with what keys it is sealed."""

from panels import BAD, GOOD, WARNING, Row, increase, lines, or_none, quantile, rate, stat

TITLE = "storage and keys"
ABOUT = "The disk, the blob store, the catalog, the scrub, and the keys."

DAY = 86400

ROWS = [
    Row(
        "At a glance",
        [
            stat(
                "Free disk", "Of the data folder's disk; uploads are refused below disk.free.min.",
                "min(media_storage_free_bytes{$scope})", unit="bytes", runbook="mediadiskspacelow",
            ),
            stat(
                "Damaged blobs", "Known, and not to be made again: restore them from a back-up.",
                "max(media_damaged_blobs{$scope})", steps=[(None, GOOD), (1, BAD)], runbook="mediadamagedblobs",
            ),
            stat(
                "Findings of the scrub, 24 h", "Blobs that are not as they should be.",
                "sum(increase(media_scrub_findings_total{$scope}[24h])) or vector(0)",
                steps=[(None, GOOD), (1, BAD)], runbook="mediascrubfinding",
            ),
            stat(
                "Last whole scrub", "How long ago it ended.",
                "time() - min(media_scrub_completed_timestamp_seconds{$scope})", unit="s",
                steps=[(None, GOOD), (35 * DAY, WARNING), (60 * DAY, BAD)],
            ),
            stat(
                "Age of the envelope key", "That new blobs are sealed under; key.epoch is a day.",
                "max(media_envelope_key_age_seconds{$scope})", unit="s",
                steps=[(None, GOOD), (2 * DAY, WARNING), (7 * DAY, BAD)], runbook="mediakeyold",
            ),
            stat(
                "Last word of the key provider", "Beyond key.age.soft (an hour) it is away.",
                "max(media_key_provider_success_age_seconds{$scope})", unit="s",
                steps=[(None, GOOD), (2 * 3600, WARNING), (12 * 3600, BAD)], runbook="mediakeyproviderfailing",
            ),
        ],
    ),
    Row(
        "Disk and blobs",
        [
            lines(
                "Disk", "Free, and what stays free.",
                ("min by (instance) (media_storage_free_bytes{$scope})", "{{instance}}: free"),
                ("max by (instance) (media_storage_free_min_bytes{$scope})", "{{instance}}: disk.free.min"),
                ("max by (instance) (media_storage_size_bytes{$scope})", "{{instance}}: size"), unit="bytes",
                runbook="mediadiskspacelow",
            ),
            lines(
                "Operations a second", "Of the blob store.",
                (rate("media_blob_operations_total", "operation"), "{{operation}}"), unit="ops",
            ),
            lines(
                "p95 of operations", "Of the blob store; publish syncs file and folder.",
                (quantile(0.95, "media_blob_operation_duration_seconds", "operation"), "{{operation}}"), unit="s",
            ),
            lines(
                "Operations that failed", "A second.",
                (rate("media_blob_operations_total", "operation", 'outcome="failed"'), "{{operation}}"), unit="ops",
                runbook="mediaintegrityfailure",
            ),
        ],
    ),
    Row(
        "Is it sound?",
        [
            lines(
                "Integrity failures and mends", "What reads found; damaged renditions are made again.",
                (rate("media_integrity_failures_total"), "failures"),
                (rate("media_mends_total", "outcome"), "{{outcome}}"), unit="ops", runbook="mediaintegrityfailure",
            ),
            lines(
                "Findings of the scrub", "By what was found, in each interval.",
                (or_none(increase("media_scrub_findings_total", "code"), "code"),
                 "{{code}}"),
                runbook="mediascrubfinding",
            ),
            lines(
                "Scrub", "How much of the round is done.",
                ("min by (instance) (media_scrub_progress_ratio{$scope})", "{{instance}}"), unit="percentunit",
                highest=1,
            ),
            lines(
                "Pace of the scrub", "Sealed bytes a second; scrub.bytes.per.second is its limit.",
                (rate("media_scrub_bytes_total"), "bytes"), unit="Bps", width=6,
            ),
            lines(
                "Blobs of the scrub", "Looked at a second.", (rate("media_scrub_blobs_total"), "blobs"), unit="ops",
                width=6,
            ),
        ],
    ),
    Row(
        "Catalog",
        [
            lines(
                "Operations a second", "The ten that are asked for most.",
                (f"topk(10, {rate('media_catalog_operation_duration_seconds_count', 'operation')})", "{{operation}}"),
                unit="ops",
            ),
            lines(
                "p95 by operation", "The ten that are slowest.",
                (f"topk(10, {quantile(0.95, 'media_catalog_operation_duration_seconds', 'operation')})",
                 "{{operation}}"),
                unit="s",
            ),
            lines(
                "Commits", "Time of a transaction until it is durable.",
                (quantile(0.5, "media_catalog_commit_duration_seconds"), "median"),
                (quantile(0.99, "media_catalog_commit_duration_seconds"), "p99"), unit="s",
            ),
            lines(
                "Writes and commits a second", "Several writes share a commit, and its sync.",
                (rate("media_catalog_writes_total"), "writes"),
                (rate("media_catalog_commit_duration_seconds_count"), "commits"), unit="ops",
            ),
            lines(
                "Connections", "Of the catalog's database, and writes that wait for a transaction.",
                ("sum by (kind, state) (media_catalog_connections{$scope})", "{{kind}}, {{state}}"),
                ("sum(media_catalog_writes_waiting{$scope})", "writes that wait"),
            ),
            lines(
                "Slow operations", "In each interval; the log has them with their times.",
                (or_none(increase("media_catalog_slow_operations_total", "operation"),
                         "operation"), "{{operation}}"),
            ),
        ],
    ),
    Row(
        "Keys",
        [
            lines(
                "Calls of the key provider a second", "By operation and outcome; done is what is wanted.",
                (rate("media_key_provider_calls_total", "operation, outcome"), "{{operation}}: {{outcome}}"),
                unit="ops", runbook="mediakeyproviderfailing",
            ),
            lines(
                "Time of a call of the key provider", "Mean since the start: there are few of them.",
                ("sum by (operation) (media_key_provider_call_duration_seconds_sum{$scope}) / "
                 "(sum by (operation) (media_key_provider_call_duration_seconds_count{$scope}) > 0)", "{{operation}}"),
                unit="s", runbook="mediakeyproviderfailing",
            ),
            lines(
                "Age of the envelope key", "That new blobs are sealed under.",
                ("max by (instance) (media_envelope_key_age_seconds{$scope})", "{{instance}}"), unit="s",
                runbook="mediakeyold",
            ),
            lines(
                "Envelope keys in memory", "Opened ones.",
                ("sum by (instance) (media_envelope_keys_cached{$scope})", "{{instance}}"),
            ),
        ],
    ),
]  # fmt: skip
