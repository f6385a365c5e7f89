/// The two texts that Prometheus and its kin read.
package enum ExpositionFormat: Sendable, CaseIterable {
    /// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    case text004
    /// https://prometheus.io/docs/specs/om/open_metrics_spec/, version 1.0.0: units and exemplars, and an end that
    /// tells a whole answer from a part of one.
    case openMetrics100

    /// What OpenMetrics calls a metric without the suffixes of its samples; the older text knows no other name than the
    /// sample's.
    func familyName(of definition: MetricDefinition) -> String {
        guard self == .openMetrics100 else { return definition.name }
        return switch definition.kind {
        case .counter: String(definition.name.dropLast(MetricDefinition.counterSuffix.count))
        case .info: String(definition.name.dropLast(MetricDefinition.infoSuffix.count))
        case .gauge, .durations, .sizes: definition.name
        }
    }

    func typeName(of kind: MetricDefinition.Kind) -> String {
        kind == .info && self == .text004 ? MetricDefinition.Kind.gauge.typeName : kind.typeName
    }
}
