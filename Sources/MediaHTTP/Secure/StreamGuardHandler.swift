import HTTPTypes
import Metrics
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

/// The guards of one HTTP/2 stream, as ``PeerGuardHandler`` is of a connection: a body has a least rate while we wait
/// for it, and so has an answer that the client makes room for (a window that stays closed is a reader that does not
/// read, and TCP does not show it).
///
/// Also ends the stream after an answer that came before the end of its request: Hummingbird would read the rest,
/// however long (RFC 9113 §8.1 has NO_ERROR for that, which clients take for no fault of the answer).
final class StreamGuardHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What is written at once. NIO tells when all of a write has found room, so the pieces are what a slow reader's
    /// progress is seen by.
    private static let pieceBytes = 16 * 1024

    private let connection: RequestProgress
    private let patience: PeerPatience
    private var pace: PeerPace
    private var lastTick = NIODeadline.now()
    private var timer: Scheduled<Void>?
    private var bytesReceived = 0
    private var bytesSent = 0
    private var bytesTaken = 0
    private var isAwaited = false
    private var hasRequestEnded = false
    private var hasComplained = false

    /// - Parameter connection: counts its streams.
    init(_ connection: RequestProgress, patience: PeerPatience) {
        self.connection = connection
        self.patience = patience
        self.pace = PeerPace(patience)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.connection.streamBegan()
        self.schedule(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timer?.cancel()
        self.connection.streamEnded()
    }

    func read(context: ChannelHandlerContext) {
        self.isAwaited = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.isAwaited = false
        switch self.unwrapInboundIn(data) {
        case .head(let request): context.fireChannelRead(self.wrapInboundOut(.head(Self.withOneAuthority(request))))
        case .body(let bytes):
            self.bytesReceived += bytes.readableBytes
            context.fireChannelRead(data)
        case .end:
            self.hasRequestEnded = true
            context.fireChannelRead(data)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head: context.write(data, promise: promise)
        case .body(let bytes): self.write(bytes, context, promise)
        case .end where self.hasRequestEnded: context.write(data, promise: promise)
        case .end:
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess {
                guard !self.hasRequestEnded else { return }
                let reset = NIOHTTP2FramePayloadToHTTPEvent.reset(code: .noError)
                context.triggerUserOutboundEvent(reset, promise: nil)
            }
            context.write(data, promise: written)
        }
    }

    private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        var rest = bytes
        repeat {
            let size = min(rest.readableBytes, Self.pieceBytes)
            guard let piece = rest.readSlice(length: size) else { return }
            let isLast = rest.readableBytes == 0
            let taken = (isLast ? promise : nil) ?? context.eventLoop.makePromise(of: Void.self)
            taken.futureResult.assumeIsolated().whenSuccess { self.bytesTaken += size }
            self.bytesSent += size
            context.write(self.wrapOutboundOut(.body(piece)), promise: taken)
        } while rest.readableBytes > 0
    }

    private func schedule(_ context: ChannelHandlerContext) {
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(self.patience.tick)) {
            self.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        let sample = PeerPace.Sample(
            step: self.hasRequestEnded ? .answering : .body,
            received: self.bytesReceived,
            isAwaited: self.isAwaited,
            sent: self.bytesSent,
            acknowledged: self.bytesTaken
        )
        let verdict = self.pace.judge(sample, after: Duration(now - self.lastTick))
        self.lastTick = now
        self.schedule(context)
        switch verdict {
        case .fine, .idle, .slowHead: break
        case .slowBody where !self.hasComplained:
            // Whoever waits for the body answers 408; who has not gone after as long again is cut.
            self.hasComplained = true
            CutMeters.shared.slowBody.increment()
            context.fireErrorCaught(Problem.uploadTimeout)
        case .slowBody: context.close(promise: nil)
        case .slowReader:
            CutMeters.shared.slowReader.increment()
            context.close(promise: nil)
        }
    }

    /// A `Host` that says what `:authority` says, or stands for it, is allowed (RFC 9113 §8.3.1); one that says
    /// something else stays to be seen, and is refused.
    private static func withOneAuthority(_ request: HTTPRequest) -> HTTPRequest {
        guard let name = HTTPField.Name("host"), let host = request.headerFields[name],
            request.authority == nil || request.authority == host
        else { return request }
        var request = request
        request.authority = host
        request.headerFields[name] = nil
        return request
    }
}
