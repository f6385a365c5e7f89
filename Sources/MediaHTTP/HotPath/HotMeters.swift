import Metrics
import NIOCore

/// What answers hits below the router.
struct HotPath: Sendable {
    let table: HotTable
    let meters = HotMeters()
}

/// Counts what the hot path answers: the same series as ``HTTPMeters`` and the use cases write, with handles that are
/// looked up once.
struct HotMeters: Sendable {
    enum Answer { case whole, head, notModified, headNotModified }

    private static let route = "/a/{asset}/v{n}/{preset}"

    private let whole = Self.requests("GET", 200)
    private let head = Self.requests("HEAD", 200)
    private let notModified = Self.requests("GET", 304)
    private let headNotModified = Self.requests("HEAD", 304)
    private let duration = Timer(label: "http_request_duration_seconds", dimensions: [("route", Self.route)])
    private let responseSize = Recorder(label: "http_response_size_bytes", dimensions: [("route", Self.route)])
    private let responseBytes = Counter(label: "http_response_body_bytes_total", dimensions: [("route", Self.route)])
    private let cacheHits = Counter(label: "media_cache_requests_total", dimensions: [("result", "hit")])

    /// - Parameters:
    ///   - bytes: of the body that was sent.
    ///   - nanoseconds: from the head to the end of the answer.
    func count(_ answer: Answer, bytes: Int, nanoseconds: Int64) {
        switch answer {
        case .whole:
            self.whole.increment()
            self.cacheHits.increment()
        case .head: self.head.increment()
        case .notModified: self.notModified.increment()
        case .headNotModified: self.headNotModified.increment()
        }
        self.duration.recordNanoseconds(nanoseconds)
        self.responseSize.record(bytes)
        self.responseBytes.increment(by: bytes)
    }

    private static func requests(_ method: String, _ status: Int) -> Counter {
        Counter(
            label: "http_requests_total",
            dimensions: [("route", Self.route), ("method", method), ("status", String(status))]
        )
    }
}
