import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers uploads that there is no room for where their heads come in, on the event loop.
///
/// A service that is short of processors is asked for more than it can do, and the way to the responder and back leads
/// over several threads, each of which has to get a processor first. To be refused is then what should need the fewest.
///
/// Place it last among Hummingbird's `additionalChannelHandlers`: what it writes ``LingeringCloseHandler`` sees, and
/// ends the connection after it, since the body has not come.
final class PromptRefusalHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Why a request is refused that can be refused by its head alone; nil: it goes on to the responder.
    typealias Judge = @Sendable (HTTPRequest) -> Problem?

    private let judge: Judge
    /// Requests that went on and are not answered: their answers come first.
    private var unanswered = 0
    private var hasRefused = false

    init(judge: @escaping Judge) { self.judge = judge }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.hasRefused { return }
        guard case .head(let head) = self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if self.unanswered == 0, let problem = self.judge(head) { return self.refuse(problem, context) }
        self.unanswered += 1
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = self.unwrapOutboundIn(data) { self.unanswered -= 1 }
        context.write(data, promise: promise)
    }

    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        self.hasRefused = true
        if let note = problem.note { context.triggerUserOutboundEvent(note, promise: nil) }
        let (head, document) = problem.parts
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(document)), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}
