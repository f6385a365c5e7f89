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

    /// What is counted of an answer once it is with the kernel.
    struct Answered {
        let answer: Answer
        let head: HotHead
        /// Of the body.
        let bytes: Int
        /// When its request was read.
        let start: NIODeadline
        /// The client's; nil: it has none.
        let requestID: ByteBuffer?
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
    private let cacheHits = Counter(
        label: "media_cache_requests_total",
        dimensions: [("tier", "memory"), ("result", "hit")]
    )
    private let hits = Self.deliveries(.hit)
    private let misses = Self.deliveries(.miss)

    init(log: AccessLog) { self.log = log }

    /// - Parameters:
    ///   - end: when the last byte was with the kernel.
    ///   - isWhole: whether it was; else the connection ended before.
    func count(_ answered: Answered, end: NIODeadline, isWhole: Bool = true) {
        let nanoseconds = (end - answered.start).nanoseconds
        switch answered.answer {
        case .whole:
            self.whole.increment()
            self.cacheHits.increment()
        case .loaded: self.whole.increment()
        case .head: self.head.increment()
        case .notModified: self.notModified.increment()
        case .headNotModified: self.headNotModified.increment()
        }
        if isWhole {
            (answered.answer == .loaded ? self.misses : self.hits).recordNanoseconds(nanoseconds)
        } else {
            Counter(label: "http_responses_cut_total", dimensions: [("route", Self.route), ("cause", "peer")])
                .increment()
        }
        self.duration.recordNanoseconds(nanoseconds)
        self.responseSize.record(answered.bytes)
        self.responseBytes.increment(by: answered.bytes)
        self.log.note {
            AccessLog.Answered(
                route: Self.route,
                path: String(decoding: answered.head.path, as: UTF8.self),
                method: answered.answer.method,
                status: answered.answer.status,
                bytes: answered.bytes,
                duration: .nanoseconds(nanoseconds),
                requestID: answered.requestID.map { String(buffer: $0) }
            )
        }
    }

    private static func deliveries(_ result: DeliveryResult) -> Timer {
        Timer(label: "media_delivery_duration_seconds", dimensions: [("result", result.rawValue)])
    }

    private static func requests(_ answer: Answer) -> Counter {
        Counter(
            label: "http_requests_total",
            dimensions: [("route", Self.route), ("method", answer.method), ("status", String(answer.status))]
        )
    }
}
