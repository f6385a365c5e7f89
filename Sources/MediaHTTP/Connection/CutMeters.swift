import Metrics

/// Counts the connections that we end because of what the peer does.
struct CutMeters: Sendable {
    /// Made on first use, after `MetricsSystem.bootstrap`.
    static let shared = CutMeters()

    let slowHead = Self.counter("head")
    let slowBody = Self.counter("body")
    let slowReader = Self.counter("reader")
    let address = Self.counter("address")

    private static func counter(_ reason: String) -> Counter {
        Counter(label: "http_connections_cut_total", dimensions: [("reason", reason)])
    }
}
