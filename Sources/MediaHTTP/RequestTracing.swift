import HTTPTypes
import Hummingbird
import MediaModel
import Tracing

/// The span of a request that takes the long way, by OpenTelemetry's conventions for HTTP servers.
package struct RequestTracing: Sendable {
    private let isOn: Bool
    /// Whether a hit that the caller traces goes the long way, to have a span.
    let tracesHits: Bool

    /// Nothing is traced.
    package static let off = RequestTracing(isOn: false, followsParents: false)

    /// - Parameters:
    ///   - isOn: whether there is a tracer.
    ///   - followsParents: whether what the caller records is recorded here.
    package init(isOn: Bool, followsParents: Bool) {
        self.isOn = isOn
        self.tracesHits = isOn && followsParents
    }

    /// Does `respond` in the request's span; the span ends with the answer's last byte.
    func serve(
        _ request: Request,
        _ target: RequestTarget,
        _ id: RequestID,
        _ respond: (_ span: (any Span)?) async throws -> Response
    ) async throws -> Response {
        guard self.isOn else { return try await respond(nil) }
        var context = ServiceContext.topLevel
        InstrumentationSystem.instrument.extract(request.headers, into: &context, using: FieldExtractor())
        let span = startSpan(Self.name(request.method, target), context: context, ofKind: .server)
        return try await ServiceContext.$current.withValue(span.context) {
            guard span.isRecording else { return try await respond(nil) }
            span.describe(request, target, id)
            do {
                var response = try await respond(span)
                span.describe(response)
                guard request.method != .head, response.body.contentLength ?? 1 > 0 else {
                    span.end()
                    return response
                }
                response.body = ResponseBody(response.body, endOf: span)
                return response
            } catch {
                span.recordError(error)
                span.end()
                throw error
            }
        }
    }

    /// `{method} {route}`; the method alone where there is no route.
    private static func name(_ method: HTTPRequest.Method, _ target: RequestTarget) -> String {
        let method = HTTPMeters.known(method) ?? "HTTP"
        return target.route == .unknown ? method : "\(method) \(target.route.template)"
    }
}

extension Span {
    fileprivate func describe(_ request: Request, _ target: RequestTarget, _ id: RequestID) {
        self.updateAttributes { attributes in
            attributes["http.request.method"] = HTTPMeters.known(request.method) ?? "_OTHER"
            attributes["url.scheme"] = request.head.scheme
            attributes["media.request.id"] = id.description
            if target.route != .unknown { attributes["http.route"] = target.route.template }
            // Public, and of our own spelling; any other may have what is nobody's business.
            if let path = target.route.deliveryPath { attributes["url.path"] = path.description }
        }
    }

    fileprivate func describe(_ response: Response) {
        self.updateAttributes { attributes in
            attributes["http.response.status_code"] = response.status.code
            attributes["http.response.body.size"] = response.body.contentLength
        }
    }

    /// What the edge has made of an error. What is the client's fault is none of the server's span.
    func refused(_ problem: Problem, because error: any Error) {
        self.attributes["error.type"] = problem.code
        guard problem.status.kind == .serverError else { return }
        self.recordError(error)
        self.setStatus(SpanStatus(code: .error))
    }
}

extension ResponseBody {
    /// The same body; the span ends with it. A reader who leaves in the middle is no failure of ours.
    init(_ body: ResponseBody, endOf span: any Span) {
        self.init(contentLength: body.contentLength) { writer in
            try await ServiceContext.$current.withValue(span.context) {
                defer { span.end() }
                do {
                    try await body.write(writer)
                } catch {
                    if ProblemTable.isOfClientGone(error) {
                        span.attributes["error.type"] = ProblemTable.clientGone.code
                    } else {
                        span.recordError(error)
                        span.setStatus(SpanStatus(code: .error))
                    }
                    throw error
                }
            }
        }
    }
}

/// Reads `traceparent` and its like. Two lines of one are joined, which makes no traceparent, as it must not.
private struct FieldExtractor: Extractor {
    func extract(key: String, from fields: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { fields[$0] }
    }
}
