import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers `Expect: 100-continue` (RFC 9110 §10.1.1), which Hummingbird does not: curl then waits a second.
///
/// Only when somebody wants the body: whoever answers the request sends ``BodyWanted`` down the pipeline, once, before
/// it waits for the first bytes. A request that is refused before that gets its answer alone, the client never sends
/// its body, and ``LingeringCloseHandler`` ends the connection. Refusing so costs no body, whatever the decision needs.
///
/// An HTTP/1.0 request has no expectation here: ``RequestHeadHandler`` has taken it away. Another expectation than
/// `100-continue` is `RequestGuard`'s to refuse.
final class ExpectContinueHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The body of the request that is being answered is waited for.
    struct BodyWanted: Sendable {}

    /// Requests whose last answer part has not been written. The answer to the first of them is what may be on the
    /// wire, and a 100 in the middle of it would be read as its body.
    private var unanswered = 0
    /// The newest request waits for a 100.
    private var isAwaited = false
    /// An answer to the oldest request has begun; a 100 comes before it or not at all.
    private var isAnswering = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let request):
            self.unanswered += 1
            self.isAwaited = Self.expectsContinue(request)
        case .body, .end:
            // The client did not wait, so the 100 may be left out.
            self.isAwaited = false
        }
        context.fireChannelRead(data)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed()
        // With more than one unanswered, the oldest is wanted and the newest waits.
        guard self.isAwaited, self.unanswered == 1, !self.isAnswering else { return }
        self.isAwaited = false
        context.writeAndFlush(self.wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head: self.isAnswering = true
        case .body: break
        case .end:
            self.isAnswering = false
            self.unanswered -= 1
        }
        context.write(data, promise: promise)
    }

    /// A request without content expects nothing that a 100 could tell.
    private static func expectsContinue(_ request: HTTPRequest) -> Bool {
        let fields = request.headerFields
        guard fields[.expect]?.lowercased() == "100-continue" else { return false }
        return fields[.transferEncoding] != nil || fields[.contentLength].map { $0 != "0" } ?? false
    }
}
