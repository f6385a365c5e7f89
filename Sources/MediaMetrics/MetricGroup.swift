/// Metrics that belong together, with a title for the reference.
package struct MetricGroup: Sendable {
    package let title: String
    /// What holds for all of them; empty where nothing is to be said.
    package let about: String
    package let metrics: [MetricDefinition]

    package init(_ title: String, about: String = "", _ metrics: [MetricDefinition]) {
        self.title = title
        self.about = about
        self.metrics = metrics
    }
}
