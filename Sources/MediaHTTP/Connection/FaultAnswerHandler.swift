import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Says what is wrong with a request that breaks the rules of HTTP, in place of Hummingbird's empty 400.
///
/// Hummingbird writes that when it comes to the faulty request, after the answers to those before it, so the order is
/// right; here it gets its document. Place it first among Hummingbird's `additionalChannelHandlers`, but for
/// ``ExchangeMeterHandler``.
final class FaultAnswerHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let logger: Logger
    private var fault: HTTPParserError?
    /// Of the request whose body is coming.
    private var fields = HTTPFields()

    init(logger: Logger) { self.logger = logger }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // After a fault nothing is known of what comes.
        guard self.fault == nil else { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.fields = head.headerFields
        case .body: break
        case .end: self.fields = [:]
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard self.fault == nil else { return }
        self.fault = fault
        context.fireErrorCaught(fault)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let fault = self.fault, case .head(let head) = self.unwrapOutboundIn(data), Self.isBare(head) else {
            return context.write(data, promise: promise)
        }
        let problem = Problem.fault(fault)
        let id = RequestID(self.fields)
        // The edge for what comes to no responder whole: nobody else logs it.
        self.logger.of(id).log(level: problem.level, "Request refused", metadata: problem.metadata(because: fault))
        var (answer, document) = problem.parts
        answer.headerFields[.xRequestID] = id.description
        answer.headerFields[.connection] = "close"
        context.write(self.wrapOutboundOut(.head(answer)), promise: promise)
        context.write(self.wrapOutboundOut(.body(document)), promise: nil)
    }

    private static func isBare(_ head: HTTPResponse) -> Bool {
        head.status == .badRequest && head.headerFields[.contentLength] == "0"
    }
}
