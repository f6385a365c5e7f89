import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOHTTP2
import NIOSSL
import NIOTLS

/// TLS, and behind it HTTP/1.1 or HTTP/2 as the client has chosen (ALPN).
///
/// Hummingbird's own channel for that keeps the certificate it was made with, and lets nothing stand before TLS; so it
/// is put together here from its two channels for what is within.
///
/// HTTP/1.1 is what it is in clear, hot path and guards included. Over HTTP/2 all requests go to the responder. Its
/// limits on floods are NIO's: 100 streams at a time, 200 resets, 200 stream errors and 200 PING, SETTINGS or PRIORITY
/// frames in 30 seconds, 5 CONTINUATION frames in a row, 16 KiB of header fields (`NIOHTTP2Handler.Configuration`).
struct SecureChannel: ServerChildChannel {
    enum Negotiated: Sendable {
        case http1(HTTP1Channel.Value)
        case http2(HTTP2Channel, HTTP2Channel.Value)
    }

    struct Value: ServerChildChannelValue {
        /// Fails where the handshake does.
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
    }

    /// How long the streams of a connection that is ending may take.
    private static let gracefulCloseTimeout = Duration.seconds(30)

    let certificate: ServerCertificate
    /// Its guards are the connection's.
    let http1: GuardedChannel
    /// Of the requests in HTTP/2 streams; nil: nobody counts them.
    let meters: HTTPMeters?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let progress = RequestProgress()
            progress.handshakeBegins()
            let pipeline = channel.pipeline.syncOperations
            try self.http1.guards.add(to: channel, progress, isEncrypted: true)
            try pipeline.addHandler(NIOSSLServerHandler(context: self.certificate.context))
            try pipeline.addHandler(DecryptedBytesHandler(progress))
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result in
                progress.handshakeEnded()
                return result == .negotiated("h2")
                    ? self.addHTTP2(to: channel, progress, logger: logger)
                    : self.http1.addHTTP(to: channel, progress, isEncrypted: true, logger: logger).map { .http1($0) }
            }
            try pipeline.addHandler(negotiation)
            return Value(negotiated: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http1(let connection): await self.http1.handle(value: connection, logger: logger)
            case .http2(let http2, let connection): await http2.handle(value: connection, logger: logger)
            }
        } catch {
            // Port scans, clients that do not trust us, plain HTTP: nothing for the operator to do.
            logger.debug("TLS handshake failed", metadata: ["error": "\(error)"])
        }
    }

    private func addHTTP2(
        to channel: any Channel,
        _ progress: RequestProgress,
        logger: Logger
    ) -> EventLoopFuture<Negotiated> {
        progress.isMultiplexed()
        let connection = NIOLoopBound(progress, eventLoop: channel.eventLoop)
        let patience = self.http1.guards.patience
        let meters = self.meters
        let http2 = HTTP2Channel(
            responder: self.http1.base.responder,
            configuration: .init(
                idleTimeout: patience.idle,
                gracefulCloseTimeout: Self.gracefulCloseTimeout,
                streamConfiguration: .init(
                    additionalChannelHandlers: OriginServer.counting(meters) + [
                        StreamGuardHandler(connection.value, patience: patience), ExpectContinueHandler(),
                    ]
                )
            )
        )
        return http2.setup(channel: channel, logger: logger).map { value in
            // As in GuardedChannel.
            channel.closeFuture.whenComplete { _ in withExtendedLifetime(value) {} }
            return .http2(http2, value)
        }
    }
}

/// Right behind TLS: counts the bytes that ``PeerGuardHandler`` cannot see. A record of one byte has twenty of its own,
/// which would be a body's least rate without a body.
final class DecryptedBytesHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let progress: RequestProgress

    init(_ progress: RequestProgress) { self.progress = progress }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.progress.bytesReceived += self.unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
    }
}
