import Metrics
import NIOCore

/// What answers hits below the router.
struct HotPath: Sendable {
    let table: HotTable
    let meters: HotMeters
    /// Whether a hit whose caller records it goes the long way, where it gets a span.
    var tracesHits = false
}

/// Counts what the hot path answers: the same series as ``HTTPMeters`` and the use cases write, with handles that are
/// looked up once; and tells the access log of each.
struct HotMeters: Sendable {
    enum Answer {
        case whole
        /// Whole, and not from memory: what read it counts the miss.
        case loaded
        case head
        case notModified
        case headNotModified

        var method: String {
            switch self {
            case .whole, .loaded, .notModified: "GET"
            case .head, .headNotModified: "HEAD"
            }
        }

        var status: Int {
            switch self {
            case .whole, .loaded, .head: 200
            case .notModified, .headNotModified: 304
            }
        }
    }

    private static let route = "/a/{asset}/v{n}/{preset}"

    private let log: AccessLog
    private let whole = Self.requests(.whole)
    private let head = Self.requests(.head)
    private let notModified = Self.requests(.notModified)
    private let headNotModified = Self.requests(.headNotModified)
    private let duration = Timer(label: "http_request_duration_seconds", dimensions: [("route", Self.route)])
    private let responseSize = Recorder(label: "http_response_size_bytes", dimensions: [("route", Self.route)])
    private let responseBytes = Counter(label: "http_response_body_bytes_total", dimensions: [("route", Self.route)])
    private let cacheHits = Counter(label: "media_cache_requests_total", dimensions: [("result", "hit")])

    init(log: AccessLog) { self.log = log }

    /// - Parameters:
    ///   - path: what was asked for, in UTF-8.
    ///   - bytes: of the body that was sent.
    ///   - nanoseconds: from the head to the end of the answer.
    ///   - requestID: the client's; nil: it has none.
    func count(_ answer: Answer, of path: [UInt8], bytes: Int, nanoseconds: Int64, requestID: ByteBuffer?) {
        switch answer {
        case .whole:
            self.whole.increment()
            self.cacheHits.increment()
        case .loaded: self.whole.increment()
        case .head: self.head.increment()
        case .notModified: self.notModified.increment()
        case .headNotModified: self.headNotModified.increment()
        }
        self.duration.recordNanoseconds(nanoseconds)
        self.responseSize.record(bytes)
        self.responseBytes.increment(by: bytes)
        self.log.note {
            AccessLog.Answered(
                route: Self.route,
                path: String(decoding: path, as: UTF8.self),
                method: answer.method,
                status: answer.status,
                bytes: bytes,
                duration: .nanoseconds(nanoseconds),
                requestID: requestID.map { String(buffer: $0) }
            )
        }
    }

    private static func requests(_ answer: Answer) -> Counter {
        Counter(
            label: "http_requests_total",
            dimensions: [("route", Self.route), ("method", answer.method), ("status", String(answer.status))]
        )
    }
}
