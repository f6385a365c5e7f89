import Logging
import MediaHTTP
import MediaMetrics
import MediaModel
import MediaRuntime
import MediaSealing
import NIOCore
import ServiceLifecycle
import Synchronization

/// The three listeners, made from the settings and the assembled use cases.
struct Listeners {
    let admin: any Service
    let control: any Service
    let `public`: any Service

    init(
        _ settings: Settings,
        _ assembly: OriginAssembly,
        bodies: BodyFile?,
        drain: Drain,
        certificate: ServerCertificate?,
        logger: Logger,
        announcement: Announcement
    ) {
        let face = OriginFace(
            ingest: assembly.ingest,
            deliver: assembly.deliver,
            describe: assembly.describe,
            remove: assembly.remove,
            revise: assembly.revise,
            digests: assembly.digests,
            publicBaseURL: settings.publicBaseURL ?? "",
            profile: settings.cdnProfile,
            bodies: bodies,
            uploadBytesMax: settings.upload.bytesMax,
            uploadTimeout: settings.upload.timeout,
            apiToken: settings.apiToken?.value,
            recipeSigner: assembly.recipeSigner,
            accessLog: AccessLog(every: settings.log.requestsEvery, logger: logger),
            slowRequests: SlowRequests(threshold: settings.log.slowRequest),
            tracing: RequestTracing(
                isOn: settings.trace.endpoint != nil,
                followsParents: settings.trace.followsParents
            ),
            traceID: Telemetry.currentTraceID(settings) ?? { nil },
            isEqual: constantTimeEqual
        )
        let adminResponder = AdminResponder(
            exposition: { assembly.metrics.exposition($0 == .openMetrics100 ? .openMetrics100 : .text004) },
            dependencies: assembly.dependencies,
            indicators: { assembly.objectives.indicators() },
            version: Product.version,
            isDraining: { drain.hasBegun }
        )
        self.admin = OriginServer.adminListener(
            .init(
                host: settings.admin.host,
                port: settings.admin.port,
                connectionsMax: settings.connectionsMax,
                connectionsPerAddressMax: settings.connectionsPerAddressMax,
                patience: settings.patience
            ),
            responder: adminResponder,
            logger: logger,
            onListening: { announcement.admin(listensAt: $0) }
        )
        self.control = OriginServer.controlListener(
            path: settings.controlSocketPath,
            responder: ControlResponder(operations: assembly.operations.inService),
            logger: logger
        )
        self.public = OriginServer.publicListener(
            .init(
                host: settings.http.host,
                port: settings.http.port,
                connectionsMax: settings.connectionsMax,
                connectionsPerAddressMax: settings.connectionsPerAddressMax,
                patience: settings.patience
            ),
            responder: face.responder,
            certificate: certificate,
            logger: logger,
            onListening: { announcement.public(listensAt: $0) }
        )
    }
}

extension Settings {
    fileprivate var patience: PeerPatience {
        PeerPatience(
            idle: self.httpIdleTimeout,
            head: self.httpHeadTimeout,
            stall: self.httpStallTimeout,
            bytesPerSecondMin: self.httpBytesPerSecondMin
        )
    }
}

/// Says where the service listens, on standard output, once it listens at both places. With port 0 nothing else can.
final class Announcement: Sendable {
    private struct Addresses {
        var `public`: String?
        var admin: String?
    }

    private let addresses = Mutex(Addresses())

    func `public`(listensAt address: SocketAddress) { self.set { $0.public = Self.text(address) } }

    func admin(listensAt address: SocketAddress) { self.set { $0.admin = Self.text(address) } }

    private func set(_ change: (inout Addresses) -> Void) {
        self.addresses.withLock { addresses in
            change(&addresses)
            guard let http = addresses.public, let admin = addresses.admin else { return }
            CommandExit.say("listening http=\(http) admin=\(admin)")
        }
    }

    private static func text(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? "?"
        return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }
}
