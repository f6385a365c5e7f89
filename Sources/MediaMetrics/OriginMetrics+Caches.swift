// What caches before us are told, and what they are made to pull.

extension OriginMetrics {
    /// A CDN takes a purge in a tenth of a second; one that was away for a day gets it after that.
    private static let purgeSeconds = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86_400,
    ]

    private static let target = MetricLabel("target", meaning: "its name in the settings")
    private static let purging = "a purge target is set up"

    package static let purgesPending = MetricDefinition(
        "media_purges_pending",
        .gauge,
        labels: [Self.target],
        condition: Self.purging,
        help: "Purges that a target was not told of yet."
    )
    package static let purgeLag = MetricDefinition(
        "media_purge_lag_seconds",
        .gauge,
        labels: [Self.target],
        condition: Self.purging,
        help: "Age of the oldest purge that a target was not told of yet; 0 where there is none."
    )

    static let purges = MetricGroup(
        "Purges",
        about: "What caches are told of changes.",
        [
            MetricDefinition(
                "media_purges_sent_total",
                .counter,
                labels: [Self.target],
                condition: Self.purging,
                help: "Purges that a target has taken; a deletion counts twice, since it is told twice."
            ),
            MetricDefinition(
                "media_purge_delivery_duration_seconds",
                .durations(buckets: Self.purgeSeconds),
                labels: [Self.target],
                condition: Self.purging,
                help: "Time from a change to the moment when the target had taken its purge."
            ),
            MetricDefinition(
                "media_purge_failures_total",
                .counter,
                labels: [Self.target, MetricLabel("reason", ["unreachable", "throttled", "denied", "refused"])],
                condition: Self.purging,
                help: "Attempts to tell a target that failed, by reason."
            ),
            MetricDefinition(
                "media_purges_given_up_total",
                .counter,
                labels: [Self.target],
                condition: "a purge was given up",
                help: "Purges that were given up: the target may serve what is not right any more."
            ),
            Self.purgesPending, Self.purgeLag,
        ]
    )

    package static let warmWaiting = MetricDefinition(
        "media_warm_waiting",
        .gauge,
        condition: "warming is set up",
        help: "New URLs that wait to be pulled through the CDN."
    )

    static let warming = MetricGroup(
        "Warming",
        [
            MetricDefinition(
                "media_warm_pulls_total",
                .counter,
                labels: [MetricLabel("outcome", ["hit", "miss", "uncached", "unknown", "failed", "dropped"])],
                help: "New URLs and what became of pulling them through the CDN."
            ),
            Self.warmWaiting,
        ]
    )
}
