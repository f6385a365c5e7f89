import Hummingbird
import HummingbirdCore
package import Logging
package import MediaModel
package import MediaOrigin
package import NIOCore
package import ServiceLifecycle

/// Where the two listeners are and what a connection may do; from the settings.
package struct ListenerConfiguration: Sendable {
    package let host: String
    /// 0: any that is free.
    package let port: Int
    /// One more waits in the kernel's queue.
    package let connectionsMax: Int
    /// Of one address (IPv6: one /64). One more is closed.
    package let connectionsPerAddressMax: Int
    package let patience: PeerPatience

    package init(
        host: String,
        port: Int,
        connectionsMax: Int,
        connectionsPerAddressMax: Int,
        patience: PeerPatience
    ) {
        self.host = host
        self.port = port
        self.connectionsMax = connectionsMax
        self.connectionsPerAddressMax = connectionsPerAddressMax
        self.patience = patience
    }
}

/// What the public face needs of the use cases and the settings.
package struct OriginFace: Sendable {
    package let ingest: Ingest
    package let deliver: Deliver
    package let describe: Describe
    package let remove: Remove
    package let revise: Revise
    /// For `Content-Digest`.
    package let digests: any Digesting
    /// Prefix of the URLs in manifests; empty for relative ones.
    package let publicBaseURL: String
    package let profile: CDNProfile
    /// Where large bodies are while they are in memory; nil: with the others.
    package let bodies: BodyFile?
    package let uploadBytesMax: Int
    package let uploadTimeout: Duration
    package let apiToken: String?
    /// Knows signed recipes; nil: there are none.
    package let recipeSigner: RecipeSigner?
    package let accessLog: AccessLog
    package let slowRequests: SlowRequests
    package let tracing: RequestTracing
    /// The trace that follows the current task, where that is kept.
    package let traceID: @Sendable () -> String?
    package let isEqual: @Sendable ([UInt8], [UInt8]) -> Bool

    package init(
        ingest: Ingest,
        deliver: Deliver,
        describe: Describe,
        remove: Remove,
        revise: Revise,
        digests: any Digesting,
        publicBaseURL: String,
        profile: CDNProfile,
        bodies: BodyFile?,
        uploadBytesMax: Int,
        uploadTimeout: Duration,
        apiToken: String?,
        recipeSigner: RecipeSigner? = nil,
        accessLog: AccessLog,
        slowRequests: SlowRequests = .off,
        tracing: RequestTracing = .off,
        traceID: @escaping @Sendable () -> String? = { nil },
        isEqual: @escaping @Sendable ([UInt8], [UInt8]) -> Bool
    ) {
        self.ingest = ingest
        self.deliver = deliver
        self.describe = describe
        self.remove = remove
        self.revise = revise
        self.digests = digests
        self.publicBaseURL = publicBaseURL
        self.profile = profile
        self.bodies = bodies
        self.uploadBytesMax = uploadBytesMax
        self.uploadTimeout = uploadTimeout
        self.apiToken = apiToken
        self.recipeSigner = recipeSigner
        self.accessLog = accessLog
        self.slowRequests = slowRequests
        self.tracing = tracing
        self.traceID = traceID
        self.isEqual = isEqual
    }

    package var responder: OriginResponder {
        let hotPath = HotPath(
            table: HotTable(self.deliver, bodies: self.bodies),
            meters: HotMeters(log: self.accessLog),
            tracesHits: self.tracing.tracesHits
        )
        return OriginResponder(
            hotPath: hotPath,
            upload: UploadHandler(
                ingest: self.ingest,
                digests: self.digests,
                uploadBytesMax: self.uploadBytesMax,
                baseURL: self.publicBaseURL
            ),
            delivery: DeliveryHandler(deliver: self.deliver, hot: hotPath.table, profile: self.profile),
            original: OriginalHandler(deliver: self.deliver),
            assets: AssetHandler(describe: self.describe, baseURL: self.publicBaseURL),
            life: LifeHandler(
                describe: self.describe,
                remove: self.remove,
                revise: self.revise,
                baseURL: self.publicBaseURL
            ),
            bearer: BearerCheck(token: self.apiToken, isEqual: self.isEqual),
            recipeSigner: self.recipeSigner,
            bodyTimeout: self.uploadTimeout,
            meters: HTTPMeters(log: self.accessLog),
            slowRequests: self.slowRequests,
            tracing: self.tracing,
            traceID: self.traceID
        )
    }
}

/// The listeners as services, each with its guards.
package enum OriginServer {
    /// Header fields of a request, and their bytes. Hummingbird's own limits (1000 fields, 80 KiB) are an attack's.
    static let headerFieldsMax = 100
    static let headerBytesMax = 32 * 1024
    /// How long a refused connection may go on sending before it is cut.
    static let linger = TimeAmount.seconds(2)

    /// - Parameters:
    ///   - certificate: what it speaks TLS with; nil: it speaks in clear.
    ///   - onListening: called with the bound address once connections are accepted.
    package static func publicListener(
        _ configuration: ListenerConfiguration,
        responder: OriginResponder,
        certificate: ServerCertificate?,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) async -> Void
    ) -> any Service {
        let server = Self.guarded(
            configuration,
            hotPath: responder.hotPath,
            meters: responder.meters,
            refusing: responder.promptRefusal,
            certificate: certificate,
            logger: logger
        )
        return Self.application(configuration, responder: responder, server: server, logger: logger, onListening)
    }

    package static func adminListener(
        _ configuration: ListenerConfiguration,
        responder: AdminResponder,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) async -> Void
    ) -> any Service {
        let server = Self.guarded(configuration, logger: logger)
        return Self.application(configuration, responder: responder, server: server, logger: logger, onListening)
    }

    /// The operators' listener, on a Unix domain socket that only the user of this process may connect to.
    ///
    /// - Parameters:
    ///   - path: of the socket, at most 103 bytes. The service throws ``ControlSocketError`` when it starts where the
    ///     path is longer, another process answers there, or there is something else than a socket.
    ///   - onListening: called once connections are accepted.
    package static func controlListener(
        path: String,
        responder: ControlResponder,
        logger: Logger,
        onListening: @escaping @Sendable () async -> Void = {}
    ) -> any Service {
        ControlListener(path: path, responder: responder, logger: logger, onListening: onListening)
    }

    private static func application<Responder: HTTPResponder>(
        _ configuration: ListenerConfiguration,
        responder: Responder,
        server: HTTPServerBuilder,
        logger: Logger,
        _ onListening: @escaping @Sendable (SocketAddress) async -> Void
    ) -> any Service where Responder.Context == OriginContext {
        var application = Application(
            responder: responder,
            server: server,
            configuration: .init(address: .hostname(configuration.host, port: configuration.port)),
            onServerRunning: { channel in
                if let address = channel.localAddress { await onListening(address) }
            },
            logger: logger
        )
        application.configuration.availableConnectionsDelegate = .maximum(configuration.connectionsMax, logger: logger)
        return application
    }

    private static func guarded(
        _ configuration: ListenerConfiguration,
        hotPath: HotPath? = nil,
        meters: HTTPMeters? = nil,
        refusing judge: @escaping PromptRefusalHandler.Judge = { _ in nil },
        certificate: ServerCertificate? = nil,
        logger: Logger
    ) -> HTTPServerBuilder {
        let addresses = ConnectionsByAddress(connectionsMax: configuration.connectionsPerAddressMax)
        let guards = ConnectionGuards(
            patience: configuration.patience,
            addresses: addresses,
            openMeter: meters?.connectionsOpen
        )
        return .init { responder in
            let base = HTTP1Channel(responder: responder, configuration: Self.http1(meters, judge, logger))
            let channel = GuardedChannel(base: base, guards: guards, hotPath: hotPath)
            guard let certificate else { return channel }
            return SecureChannel(certificate: certificate, http1: channel, meters: meters)
        }
    }

    /// What counts requests, where they are counted.
    static func counting(_ meters: HTTPMeters?) -> [any RemovableChannelHandler] {
        meters.map { [ExchangeMeterHandler($0)] } ?? []
    }

    /// Without Hummingbird's idle timeout: it knows nothing of what `PeerGuardHandler` does better.
    private static func http1(
        _ meters: HTTPMeters?,
        _ judge: @escaping PromptRefusalHandler.Judge,
        _ logger: Logger
    ) -> HTTP1Channel.Configuration {
        .init(
            additionalChannelHandlers: Self.counting(meters) + [
                FaultAnswerHandler(logger: logger), ExpectContinueHandler(),
                LingeringCloseHandler(linger: Self.linger), PromptRefusalHandler(judge: judge),
            ],
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Self.headerBytesMax,
                maxHeaderListSize: Self.headerBytesMax,
                maxHeaderFieldCount: Self.headerFieldsMax
            )
        )
    }
}
