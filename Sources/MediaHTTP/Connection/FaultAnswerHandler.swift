import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Says what is wrong with a request that breaks the rules of HTTP, in place of Hummingbird's empty 400.
///
/// Hummingbird writes that when it comes to the faulty request, after the answers to those before it, so the order is
/// right; here it gets its document. Place it first among Hummingbird's `additionalChannelHandlers`.
final class FaultAnswerHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var fault: HTTPParserError?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // After a fault nothing is known of what comes.
        if self.fault == nil { context.fireChannelRead(data) }
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
        var (answer, document) = Problem.fault(fault).parts
        answer.headerFields[.connection] = "close"
        context.write(self.wrapOutboundOut(.head(answer)), promise: promise)
        context.write(self.wrapOutboundOut(.body(document)), promise: nil)
    }

    private static func isBare(_ head: HTTPResponse) -> Bool {
        head.status == .badRequest && head.headerFields[.contentLength] == "0"
    }
}
