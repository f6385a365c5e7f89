import AsyncHTTPClient
import FoundationEssentials
import MediaBench
import MediaModel
import MediaRuntime
import NIOCore
import NIOHTTP1

/// The service that is measured.
struct BenchSite: Sendable {
    /// Of one request, from its sending on: what takes longer has failed.
    private static let deadline = TimeAmount.seconds(10)
    /// Until there is a connection.
    private static let connectTimeout = TimeAmount.seconds(5)
    /// Of an answer that is read: a manifest, a page of metrics.
    private static let textBytesMax = 16 << 20

    let origin: String
    /// Without a slash at its end; nil: not given.
    let adminURL: String?
    private let token: Secret?

    init(_ settings: Settings, adminURL: String?) {
        self.origin = settings.originURL
        self.adminURL = adminURL
        self.token = settings.apiToken
    }

    /// Another service, with the same token.
    init(_ settings: Settings, at origin: String) {
        self.origin = origin
        self.adminURL = nil
        self.token = settings.apiToken
    }

    var hasToken: Bool { self.token != nil }

    /// Lends connections for the length of `body`.
    ///
    /// - Parameter count: of those for pictures, and of those for all else.
    func withConnections<Result>(_ count: Int, _ body: (Connected) async throws -> Result) async throws -> Result {
        let pictures = Self.client(count)
        let others = Self.client(count)
        return try await withClosing {
            try await body(Connected(site: self, pictures: pictures, others: others))
        } close: {
            try await pictures.shutdown()
            try await others.shutdown()
        }
    }

    private static func client(_ connections: Int) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: Self.connectTimeout)
        configuration.redirectConfiguration = .disallow
        // A connection that is refused is a failure of the request that needed it.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// The service, and connections to it.
    struct Connected: Sendable {
        let site: BenchSite
        /// A CDN pulls pictures on connections that carry nothing else. The service answers those in fewer steps: once
        /// there was an upload on a connection, it reads all that follows there the long way (docs/decisions/0017).
        let pictures: HTTPClient
        let others: HTTPClient

        /// One exchange as it is measured.
        ///
        /// - Parameters:
        ///   - isPicture: whether a CDN would ask so.
        ///   - wanted: any other status is a failure.
        ///   - body: is handed the whole body of an answer as it should be.
        func answer(
            to request: HTTPClientRequest,
            isPicture: Bool = false,
            _ wanted: HTTPResponseStatus,
            body: (@Sendable (ByteBuffer) -> Void)? = nil
        ) async -> Answer {
            do {
                let client = isPicture ? self.pictures : self.others
                let response = try await client.execute(request, deadline: .now() + BenchSite.deadline)
                var bytes = 0
                var whole = ByteBuffer()
                for try await part in response.body {
                    bytes += part.readableBytes
                    if body != nil { whole.writeImmutableBuffer(part) }
                }
                guard response.status == wanted else { return Answer(failure: "\(response.status.code)") }
                body?(whole)
                let cache = response.headers["Cache-Status"].joined(separator: ", ")
                return Answer(bytes: bytes, isCacheHit: CacheStatus.isHit(cache))
            } catch {
                return Answer(failure: OriginFailure(error, origin: self.site.origin).summary)
            }
        }

        /// One exchange that is not measured.
        ///
        /// - Throws: ``OriginFailure`` for an answer that is no success, or none.
        func text(_ request: HTTPClientRequest) async throws -> String {
            do {
                let response = try await self.others.execute(request, deadline: .now() + BenchSite.deadline * 6)
                let body = try await response.body.collect(upTo: BenchSite.textBytesMax)
                guard (200..<300).contains(response.status.code) else {
                    let retryAfter = response.headers.first(name: "Retry-After")
                    throw OriginFailure(
                        status: response.status,
                        retryAfter: retryAfter,
                        body: Array(body.readableBytesView)
                    )
                }
                return String(decoding: body.readableBytesView, as: UTF8.self)
            } catch let failure as OriginFailure {
                throw failure
            } catch {
                try Task.checkCancellation()
                throw OriginFailure(
                    error,
                    origin: request.url.hasPrefix(self.site.origin) ? self.site.origin : request.url
                )
            }
        }

        /// The fields of the answer to a HEAD.
        ///
        /// - Throws: ``OriginFailure``.
        func head(_ path: String) async throws -> HTTPHeaders {
            do {
                let request = self.request(.HEAD, path, isPrivate: false)
                return try await self.others.execute(request, deadline: .now() + BenchSite.deadline).headers
            } catch {
                try Task.checkCancellation()
                throw OriginFailure(error, origin: self.site.origin)
            }
        }

        /// A request as it goes over the wire; nil where that is not plain HTTP/1.1 to an address of this machine's:
        /// CPU of a service elsewhere is measured at the constant rate.
        func wire(_ request: HTTPClientRequest, _ wanted: HTTPResponseStatus) -> WireRequest? {
            guard let url = URL(string: request.url), url.scheme == "http", let port = url.port, let host = url.host(),
                ["127.0.0.1", "localhost"].contains(host)
            else { return nil }
            let path = request.url.dropFirst("http://\(host):\(port)".count)
            let fields = request.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
            return WireRequest(
                host: "127.0.0.1",
                port: UInt16(clamping: port),
                bytes: Array("GET \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\n\(fields)\r\n".utf8),
                status: Int(wanted.code)
            )
        }

        /// A request to the origin.
        ///
        /// - Parameter isPrivate: whether the token goes with it. Pictures are public, and a CDN sends none.
        func request(_ method: HTTPMethod, _ path: String, isPrivate: Bool) -> HTTPClientRequest {
            var request = HTTPClientRequest(url: self.site.origin + path)
            request.method = method
            if isPrivate, let token = self.site.token {
                request.headers.add(name: "Authorization", value: "Bearer \(token.value)")
            }
            return request
        }

        /// The service's page of metrics; nil without an admin URL.
        func metrics() async throws -> MetricsText? {
            guard let adminURL = self.site.adminURL else { return nil }
            return MetricsText(try await self.text(HTTPClientRequest(url: "\(adminURL)/metrics")))
        }

        /// CPU that the service has used.
        ///
        /// - Throws: ``BenchError`` where the page does not say.
        func processSeconds() async throws -> Double {
            if let seconds = try await self.metrics()?.sum(of: "process_cpu_seconds_total") { return seconds }
            throw BenchError(
                .service,
                """
                \(self.site.adminURL ?? "")/metrics says nothing of process_cpu_seconds_total
                  give the address of the service's admin listener with --admin-url
                """
            )
        }
    }
}
