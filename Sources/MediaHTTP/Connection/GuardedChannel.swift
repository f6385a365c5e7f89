import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1 channel with our handlers around its decoder.
///
/// From the socket to the responder: ``PeerGuardHandler``, ``HotPathHandler``, NIO's encoder and decoder,
/// ``RequestTracker``, ``RequestHeadHandler``, then what has its place among Hummingbird's own (``OriginServer``).
struct GuardedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    /// Beyond the high mark whoever writes waits until the low one. Of a hit nothing is copied, and one of 100 KB does
    /// not reach it.
    private static let bufferedBytes = ChannelOptions.Types.WriteBufferWaterMark(low: 64 * 1024, high: 256 * 1024)

    let base: HTTP1Channel
    let patience: PeerPatience
    let addresses: ConnectionsByAddress
    /// Nil: all requests go to the responder.
    var hotPath: HotPath?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        self.base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let progress = RequestProgress()
            try pipeline.addHandler(RequestTracker(progress), position: .after(decoder))
            if let hotPath = self.hotPath {
                let handler = HotPathHandler(
                    hotPath.table,
                    meters: hotPath.meters,
                    progress: progress,
                    sendsFiles: true
                )
                try pipeline.addHandler(handler, position: .first)
            }
            try pipeline.addHandler(PeerGuardHandler(progress, patience: self.patience), position: .first)
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: Self.bufferedBytes)
            try self.admit(channel)
            // A connection that comes while the listener closes is handed to nobody, and NIO ends the process when the
            // value is let go of before its channel has ended ("Deinited NIOAsyncWriter without calling finish()").
            channel.closeFuture.whenComplete { _ in withExtendedLifetime(value) {} }
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await self.base.handle(value: value, logger: logger) }

    /// A set-up that fails would be taken for a fault of the listener, so one that is too many is set up, too.
    private func admit(_ channel: any Channel) throws {
        guard let origin = ConnectionsByAddress.Origin(channel.remoteAddress) else { return }
        guard self.addresses.admit(origin) else {
            return try channel.pipeline.syncOperations.addHandler(TurnAwayHandler(), position: .first)
        }
        channel.closeFuture.whenComplete { [addresses] _ in addresses.leave(origin) }
    }
}
