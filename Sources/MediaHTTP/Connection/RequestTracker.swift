import NIOCore
import NIOHTTP1

/// Right behind NIO's decoder: counts what it makes of the bytes, and what is answered.
///
/// Also the place where the bytes of a body and its data can be compared, see ``ChunkOverhead``.
final class RequestTracker: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let progress: RequestProgress
    private var overhead = ChunkOverhead()
    /// How things stood at the end of the last read, where that was within a body.
    private var mark: Mark?
    private var isFaulty = false

    private struct Mark {
        let request: Int
        let bytesReceived: Int
        let bodyBytes: Int
        let bodyParts: Int
    }

    init(_ progress: RequestProgress) { self.progress = progress }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isFaulty { return }
        switch self.unwrapInboundIn(data) {
        case .head:
            self.progress.headRead()
            self.overhead = ChunkOverhead()
        case .body(let bytes): self.progress.bodyRead(bytes.readableBytes)
        case .end: self.progress.endRead()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !self.isFaulty, self.isOverloaded() {
            self.isFaulty = true
            context.fireErrorCaught(HTTPParserError.invalidChunkSize)
        }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(let head):
            if head.headers[canonicalForm: "connection"].contains("close") { self.progress.isClosing = true }
        case .body: break
        case .end: self.progress.answered()
        }
        context.write(data, promise: promise)
    }

    /// Only reads that began and ended within one body are looked at: what a head or an end brings with it is less than
    /// one read.
    private func isOverloaded() -> Bool {
        guard self.progress.isInMessage else {
            self.mark = nil
            return false
        }
        let now = Mark(
            request: self.progress.requests,
            bytesReceived: self.progress.bytesReceived,
            bodyBytes: self.progress.bodyBytes,
            bodyParts: self.progress.bodyParts
        )
        defer { self.mark = now }
        guard let before = self.mark, before.request == now.request else { return false }
        return self.overhead.isExceeded(
            byBytes: now.bytesReceived - before.bytesReceived,
            data: now.bodyBytes - before.bodyBytes,
            parts: now.bodyParts - before.bodyParts
        )
    }
}
