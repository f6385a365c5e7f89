import MediaBench
import MediaRuntime

/// A measurement for people.
enum BenchTable {
    /// From here on what this program itself was late by is told.
    private static let latenessMax = 0.005

    /// A row an endpoint; latencies in milliseconds.
    static func lines(_ report: BenchReport) -> [String] {
        let head = [
            "endpoint", "rate", "requests", "success", "req/s", "average", "median", "p95", "p99", "min", "max",
            "bytes",
            "hits", "CPU µs",
        ]
        return TextTable.lines([head] + report.endpoints.map(Self.row)) + [
            "latencies in ms, from when a request was due"
        ]
    }

    private static func row(_ endpoint: EndpointReport) -> [String] {
        let latency = endpoint.latency
        let times = [latency.average, latency.median, latency.p95, latency.p99, latency.minimum, latency.maximum]
        return [
            endpoint.name, BenchFigure.text(endpoint.rate, decimals: 1), "\(endpoint.requests)",
            BenchFigure.percent(endpoint.successRate), BenchFigure.text(endpoint.requestsPerSecond, decimals: 1),
        ] + times.map(BenchFigure.milliseconds) + [
            BenchFigure.text(endpoint.responseBytes, decimals: 0),
            endpoint.cacheHitRatio.map(BenchFigure.percent) ?? "-",
            endpoint.cpuSecondsPerRequest.map { BenchFigure.text($0 * 1e6, decimals: 1) } ?? "-",
        ]
    }

    /// What went wrong, a line an endpoint; and where the figures say more of this machine than of the service.
    static func complaints(_ report: BenchReport) -> [String] {
        var lines = report.endpoints.filter { !$0.failures.isEmpty }.map { endpoint in
            let failures = endpoint.failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            let words = failures.prefix(3).map { "\($0.key) ×\($0.value)" }.joined(separator: ", ")
            let failed = failures.map(\.value).reduce(0, +)
            return "\(endpoint.name): \(failed) of \(endpoint.requests) were not answered as they should be: \(words)"
        }
        let late = report.endpoints.max { $0.lateness.p99 < $1.lateness.p99 }
        if let late, late.lateness.p99 > Self.latenessMax {
            let time = BenchFigure.milliseconds(late.lateness.p99)
            lines.append(
                "this machine is busy: 1 % of the requests for \(late.name) were sent \(time) ms late or later"
            )
        }
        return lines.map { "mediactl: \(Printable.text($0))" }
    }
}
