/// What the registry had counted since the start of the process, as far as the objectives go.
package struct ObjectiveReading: Sendable, Hashable {
    /// Requests that were answered.
    var requests = 0
    /// Of them, those answered 5xx, and those whose body we cut midway.
    var unavailable = 0
    /// Of them, those answered 5xx, less what was refused on purpose.
    var errors = 0
    /// Of all requests, in seconds.
    var durations = Distribution.none
    /// Of deliveries from memory, in seconds.
    var hitDurations = Distribution.none
}

extension ObjectiveReading {
    /// Reads the counters of a registry. Of a metric that it does not know nothing was counted.
    package init(_ registry: PrometheusRegistry) {
        for (status, reading) in registry.readings(of: "http_requests_total", by: "status") {
            let count = reading.number
            self.requests += count
            if status.hasPrefix("5") { self.unavailable += count }
        }
        let refusals = registry.readings(of: "http_refusals_total", by: "problem")
        self.errors = self.unavailable - refusals.reduce(0) { $0 + $1.reading.number }
        // A reader who leaves is no failure of ours.
        for (cause, reading) in registry.readings(of: "http_responses_cut_total", by: "cause") where cause == "store" {
            self.unavailable += reading.number
        }
        for (_, reading) in registry.readings(of: "http_request_duration_seconds", by: nil) {
            self.durations.add(reading.distribution)
        }
        for (result, reading) in registry.readings(of: "media_delivery_duration_seconds", by: "result")
        where result == "hit" { self.hitDurations.add(reading.distribution) }
    }
}

extension PrometheusRegistry {
    /// The readings of a metric, each with the value of one of its labels.
    fileprivate func readings(of name: String, by label: String?) -> [(value: String, reading: MetricReading)] {
        guard self.definitions[name] != nil else { return [] }
        let index = self.labelNames(of: name).firstIndex { $0 == label }
        return self.snapshot(of: name).map { labels, reading in (index.map { labels[$0] } ?? "", reading) }
    }
}

extension MetricReading {
    fileprivate var number: Int {
        if case .number(let value) = self { Int(value) } else { 0 }
    }

    fileprivate var distribution: Distribution {
        if case .histogram(let reading) = self {
            Distribution(bounds: reading.bounds, cumulative: reading.cumulative)
        } else {
            .none
        }
    }
}
