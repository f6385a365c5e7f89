import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1 channel with our handlers around its decoder.
///
/// From the socket to the responder: ``PeerGuardHandler``, TLS where there is any (``SecureChannel``),
/// ``HotPathHandler``, NIO's encoder and decoder, ``RequestTracker``, ``RequestHeadHandler``, then what has its place
/// among Hummingbird's own (``OriginServer``).
struct GuardedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let base: HTTP1Channel
    let guards: ConnectionGuards
    /// Nil: all requests go to the responder.
    var hotPath: HotPath?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let progress = RequestProgress()
        do {
            try self.guards.add(to: channel, progress, isEncrypted: false)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return self.addHTTP(to: channel, progress, isEncrypted: false, logger: logger)
    }

    /// Adds what speaks HTTP/1, behind what is there.
    func addHTTP(
        to channel: any Channel,
        _ progress: RequestProgress,
        isEncrypted: Bool,
        logger: Logger
    ) -> EventLoopFuture<Value> {
        let progress = NIOLoopBound(progress, eventLoop: channel.eventLoop)
        return self.base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(RequestTracker(progress.value), position: .after(decoder))
            if let hotPath = self.hotPath {
                let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
                let handler = HotPathHandler(hotPath, progress: progress.value, isEncrypted: isEncrypted)
                try pipeline.addHandler(handler, position: .before(encoder))
            }
            // A connection that comes while the listener closes is handed to nobody, and NIO ends the process when the
            // value is let go of before its channel has ended ("Deinited NIOAsyncWriter without calling finish()").
            channel.closeFuture.whenComplete { _ in withExtendedLifetime(value) {} }
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await self.base.handle(value: value, logger: logger) }
}
