import HTTPTypes
import Hummingbird
import MediaModel
import Metrics
import Synchronization

/// Counts requests by route template, method and status, and tells the access log of each. The table of all metrics is
/// in MediaMetrics.
final class HTTPMeters: Sendable {
    struct Measured: Sendable {
        let route: Route
        let method: String
        let start: ContinuousClock.Instant
        let id: RequestID
    }

    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct RouteHandles {
        let duration: Timer
        let responseSize: Recorder
        let responseBytes: Counter
        let requestBytes: Counter
    }

    private struct State {
        var requests: [Key: Counter] = [:]
        var routes: [String: RouteHandles] = [:]
    }

    private let log: AccessLog
    private let state = Mutex(State())
    private let inFlight = Meter(label: "http_requests_in_flight")

    init(log: AccessLog) { self.log = log }

    func begin(route: Route, method: HTTPRequest.Method, id: RequestID) -> Measured {
        self.inFlight.increment()
        return Measured(route: route, method: Self.known(method) ?? "other", start: .now, id: id)
    }

    /// A method that is told apart from others; nil for any other, which a client may call as it likes.
    static func known(_ method: HTTPRequest.Method) -> String? {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .options, .patch]
        return known.contains(method) ? method.rawValue : nil
    }

    /// Counts bytes of a request's body that arrived.
    func received(_ bytes: Int, by measured: Measured) {
        self.handles(of: measured.route.template).requestBytes.increment(by: bytes)
    }

    func end(_ measured: Measured, _ response: Response) {
        self.end(measured, status: response.status, bytes: response.body.contentLength ?? 0)
    }

    func end(_ measured: Measured, status: HTTPResponse.Status, bytes: Int) {
        self.inFlight.decrement()
        let route = measured.route.template
        let duration = ContinuousClock.now - measured.start
        self.counter(Key(route: route, method: measured.method, status: status.code)).increment()
        let handles = self.handles(of: route)
        handles.duration.record(duration: duration)
        handles.responseSize.record(bytes)
        handles.responseBytes.increment(by: bytes)
        self.log.note {
            AccessLog.Answered(
                route: route,
                path: measured.route.deliveryPath?.description,
                method: measured.method,
                status: status.code,
                bytes: bytes,
                duration: duration,
                requestID: measured.id.description
            )
        }
    }

    private func counter(_ key: Key) -> Counter {
        self.state.withLock { state in
            if let counter = state.requests[key] { return counter }
            let counter = Counter(
                label: "http_requests_total",
                dimensions: [("route", key.route), ("method", key.method), ("status", String(key.status))]
            )
            state.requests[key] = counter
            return counter
        }
    }

    private func handles(of route: String) -> RouteHandles {
        self.state.withLock { state in
            if let handles = state.routes[route] { return handles }
            let dimensions = [("route", route)]
            let handles = RouteHandles(
                duration: Timer(label: "http_request_duration_seconds", dimensions: dimensions),
                responseSize: Recorder(label: "http_response_size_bytes", dimensions: dimensions),
                responseBytes: Counter(label: "http_response_body_bytes_total", dimensions: dimensions),
                requestBytes: Counter(label: "http_request_body_bytes_total", dimensions: dimensions)
            )
            state.routes[route] = handles
            return handles
        }
    }
}
