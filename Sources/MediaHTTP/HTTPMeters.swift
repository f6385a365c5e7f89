import HTTPTypes
import MediaModel
import Metrics
import NIOCore
import Synchronization

/// Counts exchanges by route template, method and status, and tells the access log of each. The table of all metrics is
/// in MediaMetrics.
final class HTTPMeters: Sendable {
    /// How an exchange ended.
    enum Ending {
        /// The last byte of the answer is with the kernel.
        case whole
        /// The connection ended before that.
        case cut
        /// Nothing of an answer was sent.
        case unanswered
    }

    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    /// Made at the start, so that a request needs no lock to find them.
    private struct RouteHandles {
        let duration: Timer
        let responseSize: Recorder
        let responseBytes: Counter
        let requestBytes: Counter
        let unanswered: Counter
        let cutByPeer: Counter
        let cutByStore: Counter

        init(_ route: String) {
            let dimensions = [("route", route)]
            self.duration = Timer(label: "http_request_duration_seconds", dimensions: dimensions)
            self.responseSize = Recorder(label: "http_response_size_bytes", dimensions: dimensions)
            self.responseBytes = Counter(label: "http_response_body_bytes_total", dimensions: dimensions)
            self.requestBytes = Counter(label: "http_request_body_bytes_total", dimensions: dimensions)
            self.unanswered = Counter(label: "http_requests_unanswered_total", dimensions: dimensions)
            let cut = { Counter(label: "http_responses_cut_total", dimensions: dimensions + [("cause", $0)]) }
            self.cutByPeer = cut("peer")
            self.cutByStore = cut("store")
        }
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .options, .patch]

    let connectionsOpen = Meter(label: "http_connections_open")
    private let log: AccessLog
    private let inFlight = Meter(label: "http_requests_in_flight")
    private let routes = Dictionary(uniqueKeysWithValues: Route.templates.map { ($0, RouteHandles($0)) })
    private let deliveries = Dictionary(
        uniqueKeysWithValues: DeliveryResult.allCases.map { result in
            (result, Timer(label: "media_delivery_duration_seconds", dimensions: [("result", result.rawValue)]))
        }
    )
    private let refusals = RefusalMeters()
    private let requests = Mutex<[Key: Counter]>([:])

    init(log: AccessLog) { self.log = log }

    /// Whether anybody will look at a request's id.
    var wantsRequestIDs: Bool { self.log.isOn }

    /// - Parameter head: nil for what was no request.
    func begin(_ head: HTTPRequest?) -> Exchange {
        self.inFlight.increment()
        let method = head.flatMap { Self.known($0.method) } ?? "other"
        return Exchange(start: .now(), method: method, target: head?.path ?? "")
    }

    /// A method that is told apart from others; nil for any other, which a client may call as it likes.
    static func known(_ method: HTTPRequest.Method) -> String? {
        Self.methods.contains(method) ? method.rawValue : nil
    }

    func end(_ exchange: Exchange, _ ending: Ending) {
        // Last of all: when nothing is in flight, everything is counted.
        defer { self.inFlight.decrement() }
        let route = RequestTarget(exchange.target).route
        guard let handles = self.routes[route.template] else {
            preconditionFailure("the route \(route.template) is not among Route.templates")
        }
        if exchange.requestBytes > 0 { handles.requestBytes.increment(by: exchange.requestBytes) }
        let time = NIODeadline.now() - exchange.start
        // Also of who got nothing: a service that hangs until everybody has given up is not fast.
        self.following(exchange.note.traceID) { handles.duration.recordNanoseconds(time.nanoseconds) }
        guard let status = exchange.status, ending != .unanswered else {
            return handles.unanswered.increment()
        }
        if ending == .cut { (exchange.note.isCutShort ? handles.cutByStore : handles.cutByPeer).increment() }
        self.counter(Key(route: route.template, method: exchange.method, status: status)).increment()
        if let problem = exchange.note.problem { self.refusals.answered(problem, status: status) }
        if let delivery = exchange.note.delivery, ending == .whole, Self.isDelivered(status) {
            self.following(exchange.note.traceID) { self.deliveries[delivery]?.recordNanoseconds(time.nanoseconds) }
        }
        handles.responseSize.record(exchange.responseBytes)
        handles.responseBytes.increment(by: exchange.responseBytes)
        self.log.note {
            AccessLog.Answered(
                route: route.template,
                path: route.deliveryPath?.description,
                method: exchange.method,
                status: status,
                bytes: exchange.responseBytes,
                duration: .nanoseconds(time.nanoseconds),
                requestID: exchange.note.requestID
            )
        }
    }

    private static func isDelivered(_ status: Int) -> Bool {
        status == HTTPResponse.Status.notModified.code || (200..<300).contains(status)
    }

    /// Counts with the request's trace at hand. Nothing is bound where there is none.
    private func following(_ traceID: String?, _ count: () -> Void) {
        guard let traceID else { return count() }
        RequestTrace.$id.withValue(traceID, operation: count)
    }

    private func counter(_ key: Key) -> Counter {
        self.requests.withLock { requests in
            if let counter = requests[key] { return counter }
            let counter = Counter(
                label: "http_requests_total",
                dimensions: [("route", key.route), ("method", key.method), ("status", String(key.status))]
            )
            requests[key] = counter
            return counter
        }
    }
}
