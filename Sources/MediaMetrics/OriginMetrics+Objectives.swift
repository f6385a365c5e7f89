extension OriginMetrics {
    package static let objectiveState = MetricDefinition(
        "media_objective_state",
        .gauge,
        labels: ["objective"],
        help: "How a service level objective is kept: 0 meeting (or no data), 1 at risk, 2 breaching."
    )
    package static let objectiveCurrent = MetricDefinition(
        "media_objective_current",
        .gauge,
        labels: ["objective"],
        condition: "enough requests came to say",
        help: "What an objective's indicator is at: a ratio, or seconds."
    )
    package static let objectiveTarget = MetricDefinition(
        "media_objective_target",
        .gauge,
        labels: ["objective"],
        help: "What an objective asks for: a ratio, or seconds."
    )

    static let objectives = MetricGroup(
        "Objectives",
        about: "The objectives and what counts as good: docs/decisions/0024-objectives.md.",
        [Self.objectiveState, Self.objectiveCurrent, Self.objectiveTarget]
    )
}
