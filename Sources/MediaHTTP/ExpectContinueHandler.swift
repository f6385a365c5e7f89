import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers `Expect: 100-continue` (RFC 9110 §10.1.1), which Hummingbird does not: curl then waits a second.
///
/// Only where the head's checks pass. Otherwise nothing is written: the final answer follows from the application, the
/// client never sends its body, and ``LingeringCloseHandler`` ends the connection. Refusing so costs no body.
///
/// An HTTP/1.0 request has no expectation here: ``RequestHeadHandler`` has taken it away. Another expectation than
/// `100-continue` is `RequestGuard`'s to refuse.
final class ExpectContinueHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let admits: @Sendable (HTTPRequest) -> Bool
    /// Requests whose last answer part has not been written. The answer to the first of them is what may be on the
    /// wire, and a 100 in the middle of it would be read as its body.
    private var unanswered = 0
    /// The newest request wants a 100 and has not got one.
    private var isAwaited = false

    /// - Parameter admits: whether the body of this request is wanted, from its head alone. Called on the event loop:
    ///   it must not block.
    init(admits: @escaping @Sendable (HTTPRequest) -> Bool) { self.admits = admits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let request):
            self.unanswered += 1
            self.isAwaited = Self.expectsContinue(request) && self.admits(request)
            // First the 100, then the head: the application may answer within the call.
            self.sendIfDue(context)
        case .body, .end:
            // The client did not wait, so the 100 may be left out.
            self.isAwaited = false
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = self.unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        context.write(data, promise: promise)
        self.unanswered -= 1
        self.sendIfDue(context)
    }

    private func sendIfDue(_ context: ChannelHandlerContext) {
        guard self.isAwaited, self.unanswered == 1 else { return }
        self.isAwaited = false
        context.writeAndFlush(self.wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    /// A request without content expects nothing that a 100 could tell.
    private static func expectsContinue(_ request: HTTPRequest) -> Bool {
        let fields = request.headerFields
        guard fields[.expect]?.lowercased() == "100-continue" else { return false }
        return fields[.transferEncoding] != nil || fields[.contentLength].map { $0 != "0" } ?? false
    }
}
