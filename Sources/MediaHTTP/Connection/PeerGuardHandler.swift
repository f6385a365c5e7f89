import Glibc
import Metrics
import NIOCore
import NIOHTTP1

/// At the very front of the pipeline, where bytes come and go: ends connections that take too long (``PeerPace``).
///
/// Looked at from time to time, by one timer a connection, so that a request costs no look at a clock.
final class PeerGuardHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let progress: RequestProgress
    private let patience: PeerPatience
    private let isEncrypted: Bool
    private var pace: PeerPace
    private var lastTick = NIODeadline.now()
    private var timer: Scheduled<Void>?
    private var isAwaited = false
    /// Bytes came after the end of a request, and made nothing new of so many parts.
    private var partsBeforeHead: Int?
    private var bytesAcknowledged = 0
    private var hasComplained = false
    /// When our half is closed; nil as long as nobody has asked for that.
    private var outputClosed: EventLoopFuture<Void>?

    /// - Parameter isEncrypted: what comes by here is TLS; ``DecryptedBytesHandler`` counts what is in it.
    init(_ progress: RequestProgress, patience: PeerPatience, isEncrypted: Bool) {
        self.progress = progress
        self.patience = patience
        self.isEncrypted = isEncrypted
        self.pace = PeerPace(patience)
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { self.start(context) } }

    func handlerRemoved(context: ChannelHandlerContext) { self.timer?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        self.start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.timer?.cancel()
        context.fireChannelInactive()
    }

    func read(context: ChannelHandlerContext) {
        self.isAwaited = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !self.isEncrypted { self.progress.bytesReceived += self.unwrapInboundIn(data).readableBytes }
        self.isAwaited = false
        let (partsBefore, bytesBefore) = (self.progress.parts, self.progress.bytesReceived)
        let wasHandshaking = self.progress.isHandshaking
        context.fireChannelRead(data)
        // The last bytes of a handshake begin no head, if none of a request come with them.
        let isBare = wasHandshaking && self.progress.bytesReceived == bytesBefore
        let isInHead = self.progress.parts == partsBefore && !self.progress.isInMessage && !isBare
        self.partsBeforeHead = isInHead ? partsBefore : nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.progress.bytesSent += self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    /// The service stops. Hummingbird closes a connection without a request at once, and what is still to be written of
    /// the last answer would be lost: so it is told when that is with the kernel.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        // Hummingbird hears of a connection when the handshake is through.
        if self.progress.isHandshaking { return context.close(promise: nil) }
        self.progress.isEnding = true
        self.afterWrites(context) { context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// As above: Hummingbird closes after the last part of an answer, or at the end of the requests, wherever the bytes
    /// of an answer are. A client that does not read them is cut in time.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all:
            self.progress.isEnding = true
            self.afterWrites(context) { context.close(mode: .all, promise: promise) }
        case .output where self.outputClosed == nil:
            self.progress.isEnding = true
            let closed = context.eventLoop.makePromise(of: Void.self)
            closed.futureResult.cascade(to: promise)
            // Once the client has closed its half, NIO takes this for a close of everything, at once.
            self.afterWrites(context) { context.close(mode: .output, promise: closed) }
            self.outputClosed = closed.futureResult
        case .output, .input: context.close(mode: mode, promise: promise)
        }
    }

    /// NIO closes the output when all writes before that are done, and takes no write from then on. Where nobody has
    /// closed it, the promise of an empty write is kept when all writes before it are done, or the connection ends.
    private func afterWrites(_ context: ChannelHandlerContext, _ then: @escaping () -> Void) {
        if let closed = self.outputClosed { return closed.assumeIsolated().whenComplete { _ in then() } }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in then() }
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: written)
    }

    private func start(_ context: ChannelHandlerContext) {
        guard self.timer == nil else { return }
        self.lastTick = .now()
        self.schedule(context)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        let tick = TimeAmount(self.patience.tick)
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: tick) {
            self.acknowledged(context) { self.look(context) }
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        let sample = PeerPace.Sample(
            step: self.step,
            received: self.progress.bytesReceived,
            isAwaited: self.isAwaited,
            sent: self.progress.bytesSent,
            acknowledged: self.bytesAcknowledged
        )
        let verdict = self.pace.judge(sample, after: Duration(now - self.lastTick))
        self.lastTick = now
        self.schedule(context)
        self.act(on: verdict, context)
    }

    private var step: PeerPace.Step {
        if self.progress.isHandshaking { return .head(-1) }
        if let streams = self.progress.streams { return streams.open > 0 ? .answering : .noStream(streams.begun) }
        if self.progress.isInMessage { return .body }
        // Whole requests that wait for their answers to be read are no head that does not come to its end.
        if self.progress.waitsForRoom { return .answering }
        if self.partsBeforeHead == self.progress.parts { return .head(self.progress.requests) }
        return self.progress.unanswered > 0 ? .answering : .idle
    }

    private func act(on verdict: PeerPace.Verdict, _ context: ChannelHandlerContext) {
        switch verdict {
        case .fine: break
        case .idle: context.close(promise: nil)
        case .slowHead:
            CutMeters.shared.slowHead.increment()
            context.close(promise: nil)
        case .slowBody where !self.hasComplained:
            // Whoever waits for the body answers 408; who has not gone after as long again is cut.
            self.hasComplained = true
            CutMeters.shared.slowBody.increment()
            context.fireErrorCaught(Problem.uploadTimeout)
        case .slowBody: context.close(promise: nil)
        case .slowReader:
            CutMeters.shared.slowReader.increment()
            self.reset(context)
        }
    }

    /// A plain close would leave the unread bytes with the kernel, for a peer that does not read, for minutes.
    private func reset(_ context: ChannelHandlerContext) {
        if let socket = context.channel as? any SocketOptionProvider {
            _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        context.close(promise: nil)
    }

    /// Asks the kernel, where something is under way, how much of it the peer has.
    private func acknowledged(_ context: ChannelHandlerContext, _ then: @escaping () -> Void) {
        guard self.progress.bytesSent > self.bytesAcknowledged,
            let socket = context.channel as? any SocketOptionProvider
        else {
            return then()
        }
        TCPProgress.bytesAcknowledged(socket).assumeIsolated().whenComplete { result in
            // A socket that does not say so (a Unix one) has all that was sent.
            self.bytesAcknowledged = (try? result.get()) ?? self.progress.bytesSent
            then()
        }
    }
}
