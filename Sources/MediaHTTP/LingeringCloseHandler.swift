import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Ends an HTTP/1.1 connection so that the client still gets the answer.
///
/// Hummingbird reads and discards the rest of a request that was answered early, however long: a 413 after 10 MiB of a
/// 200 MiB upload took all of it. And a plain close with unread bytes makes the kernel send RST, which destroys the
/// answer on its way. So, as nginx does: announce `Connection: close`, send the answer, close our half, discard what
/// still arrives for a while, then close.
///
/// What ends a connection is decided by ``LingeringClose``; this is its I/O. HTTP/1.1 only: `Connection` is forbidden
/// in HTTP/2. Place it among Hummingbird's `additionalChannelHandlers`, behind ``ExpectContinueHandler``.
final class LingeringCloseHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How much is discarded before the connection is cut without more ado. A client that has sent so much after our
    /// answer does not read it.
    static let discardBytesMax = 8 * 1024 * 1024

    private var state: LingeringClose
    private let linger: TimeAmount
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - linger: from the moment the answer is with the kernel to the close.
    ///   - discardBytesMax: bytes of body discarded in that time.
    init(linger: TimeAmount, discardBytesMax: Int = LingeringCloseHandler.discardBytesMax) {
        self.linger = linger
        self.state = LingeringClose(discardBytesMax: discardBytesMax)
    }

    /// Adds ``RequestHeadHandler`` where the decoder's output is still in NIO's own types. Without a decoder, as in
    /// tests of this handler alone, there is nothing to put right.
    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        guard let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self) else { return }
        do {
            try pipeline.addHandler(RequestHeadHandler(), position: .after(decoder))
        } catch {
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        self.deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state.received(self.unwrapInboundIn(data)) {
        case .pass: context.fireChannelRead(data)
        case .discard: break
        case .close: context.close(promise: nil)
        }
    }

    /// Nobody behind this handler asks for more once it discards; unread bytes would make the close an RST.
    func channelReadComplete(context: ChannelHandlerContext) {
        if self.state.isEnding { context.read() }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = self.unwrapOutboundIn(data)
        switch self.state.willSend(part) {
        case .pass: context.write(data, promise: promise)
        case .announceClose:
            guard case .head(var head) = part else { return context.write(data, promise: promise) }
            head.headerFields[.connection] = "close"
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            context.writeAndFlush(data, promise: promise)
            self.closeOutput(context)
        case .refuse: promise?.fail(ChannelError.outputClosed)
        }
    }

    /// Once the output is closed, this handler alone closes the rest, and does so in time: Hummingbird's own close of
    /// the output would be the second, and its close of everything (when it shuts down) would come too early and be an
    /// RST. Until then an answer may hang on a client that does not read, and whoever closes that is right.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard self.deadline != nil, mode != .input else { return context.close(mode: mode, promise: promise) }
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if self.state.isEnding, event as? ChannelEvent == .inputClosed {
            // Both have said all they had to say.
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// What is wrong with bytes that are discarded anyway concerns nobody.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.state.isEnding, error is HTTPParserError { return }
        context.fireErrorCaught(error)
    }

    /// NIO closes the output when all pending writes are with the kernel; the time to linger begins then.
    private func closeOutput(_ context: ChannelHandlerContext) {
        let closed = context.eventLoop.makePromise(of: Void.self)
        closed.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: self.linger) {
                    context.close(promise: nil)
                }
            case .failure: context.close(promise: nil)
            }
        }
        context.close(mode: .output, promise: closed)
        context.read()
    }
}
