/// The page that docs/METRICS.md is, made from the table.
package enum MetricReference {
    package static let page = ([Self.opening] + OriginMetrics.groups.map(Self.section)).joined(separator: "\n\n") + "\n"

    private static func section(_ group: MetricGroup) -> String {
        let head = ["## \(group.title)", group.about].filter { !$0.isEmpty }
        let table =
            ["| name | type | unit | labels | meaning |", "|---|---|---|---|---|"] + group.metrics.map(Self.row)
        return (head + [table.joined(separator: "\n")]).joined(separator: "\n\n")
    }

    private static func row(_ metric: MetricDefinition) -> String {
        let condition = metric.condition.map { " Only where \($0)." } ?? ""
        let cells = [
            "`\(metric.name)`", metric.kind.typeName, metric.unit ?? "", Self.labels(of: metric),
            metric.help + Self.buckets(of: metric) + condition,
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }

    private static func labels(of metric: MetricDefinition) -> String {
        metric.labels.map { label in
            let values = label.values.map { $0 + (label.isFromOutside ? [MetricLabel.other] : []) }
            let listed = values.map { $0.map { "`\($0)`" }.joined(separator: ", ") }
            let says = [listed, label.meaning].compactMap { $0 }.joined(separator: "; ")
            return "`\(label.name)`" + (says.isEmpty ? "" : ": \(says)")
        }
        .joined(separator: "<br>")
    }

    /// From the first bucket to the last: what a histogram can tell apart.
    private static func buckets(of metric: MetricDefinition) -> String {
        let unit = Double(metric.kind.unitsPerExposed)
        guard let first = metric.kind.bounds.first, let last = metric.kind.bounds.last else { return "" }
        let (low, high) = (ExposedNumber.bound(Double(first) / unit), ExposedNumber.bound(Double(last) / unit))
        return " \(metric.kind.bounds.count) buckets, \(low) to \(high)."
    }

    private static let opening = """
        # Metrics

        This page is made by `mediactl metrics docs`; change the table in Sources/MediaMetrics, not the page. A test
        holds it against what a running service says.

        The admin listener has them at `/metrics`, as OpenMetrics 1.0.0 for who prefers that by `Accept`, as Prometheus
        does, and in Prometheus' text format 0.0.4 for everybody else. They differ in little: OpenMetrics says the
        units, calls a counter's family by its name without `_total`, and names in buckets of histograms the trace of
        the last sampled request that fell into each (an exemplar; `--enable-feature=exemplar-storage` has Prometheus
        keep them).

        Times are in seconds, sizes in bytes, ratios from 0 to 1; counters end in `_total` and begin at 0 with the
        process. The number of series does not grow with what is stored: labels are route templates, stages, outcomes,
        never URLs, ids or addresses. A metric that would get more series than it may counts the rest in one whose
        labels are all `other`, and `media_metrics_series_folded_total` says so. Counters and histograms whose label
        values are all listed here are there from the start, at 0.
        """
}
