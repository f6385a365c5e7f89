/// The metrics of the service, as one table, in groups: `OriginMetrics+*.swift`. Handles elsewhere use the names; a
/// test compares the two. docs/METRICS.md is made from it.
package enum OriginMetrics {
    /// Every metric of the service, `process_*` included, in the order of the reference.
    package static let groups = [
        Self.http, Self.delivery, Self.tls, Self.pictures, Self.cache, Self.workers, Self.poison, Self.storage,
        Self.catalog, Self.keys, Self.scrub, Self.purges, Self.warming, Self.machine, Self.traces,
        Self.objectives, Self.ourselves,
    ]

    package static let definitions = Self.groups.flatMap(\.metrics)

    package static let memoryLimit = MetricDefinition(
        "media_memory_limit_bytes",
        .gauge,
        help: "Memory that the service and its workers may take: its control group's limit, or the machine's memory."
    )

    static let machine = MetricGroup(
        "Process and machine",
        about: """
            `process_*` are those of Prometheus' own clients, of `mediad` alone: its workers are processes of their own.
            """,
        ProcessCollector.definitions + [Self.memoryLimit]
    )

    static let traces = MetricGroup(
        "Traces",
        [
            MetricDefinition(
                "media_trace_spans_total",
                .counter,
                labels: [MetricLabel("outcome", ["exported", "refused", "dropped"])],
                help: "Spans that left the queue: exported, refused by the collector, dropped for want of room or of a "
                    + "collector."
            ),
            MetricDefinition(
                "media_trace_export_failures_total",
                .counter,
                labels: [MetricLabel("reason", ["unavailable", "refused"])],
                help: "Exports that failed; where the collector is unavailable, they are tried again."
            ),
        ]
    )

    package static let buildInfo = MetricDefinition(
        "media_build_info",
        .info,
        labels: [MetricLabel("version", meaning: "of the program")],
        help: "1, with the version of the program as its label."
    )

    static let ourselves = MetricGroup(
        "The program and its metrics",
        [Self.buildInfo, PrometheusRegistry.folded]
    )

    /// The registry for `MetricsSystem.bootstrap`: knows all of the above, and collects `process_*` and the build's
    /// version.
    ///
    /// - Parameters:
    ///   - exemplars: the traces that histograms name in OpenMetrics; nil: none.
    ///   - isCounting: false where it is not to be bootstrapped: then it has what is read at a scrape, and no more.
    package static func makeRegistry(
        version: String,
        exemplars: ExemplarSource? = nil,
        isCounting: Bool = true
    ) -> PrometheusRegistry {
        let registry = PrometheusRegistry(Self.definitions, exemplars: exemplars, isCounting: isCounting)
        registry.registerCollector { ProcessCollector.collect() }
        registry.registerCollector { [MetricSample(Self.buildInfo, labels: [("version", version)], 1)] }
        return registry
    }
}
