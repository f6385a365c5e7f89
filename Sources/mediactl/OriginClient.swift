import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import MediaRuntime
import NIOCore
import NIOHTTP1

/// Talks to the service. Every error that it throws is an ``OriginFailure``.
struct OriginClient {
    /// A manifest has a few hundred bytes a preset.
    private static let answerBytesMax = 1 << 20
    /// Until there is a connection.
    private static let connectTimeout = TimeAmount.seconds(10)
    /// Silence, after the upload, while the service makes the renditions.
    private static let readTimeout = TimeAmount.minutes(5)
    /// Silence while the service takes no more of an upload.
    private static let writeTimeout = TimeAmount.minutes(2)
    /// Of one exchange; the silence above ends a dead one long before.
    private static let exchangeTimeout = TimeAmount.hours(6)

    /// A manifest as it came, and what it says.
    struct Answer {
        let text: String
        let manifest: Manifest
    }

    let origin: String
    private let token: Secret?
    private let http: HTTPClient

    /// Lends a client for the length of `body`.
    static func with<Result>(
        _ settings: Settings,
        _ body: (OriginClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: Self.connectTimeout, read: Self.readTimeout, write: Self.writeTimeout)
        // The token goes to the address that the user gave and to no other.
        configuration.redirectConfiguration = .disallow
        // A refused connection is told at once; the default tries again until the connect timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let client = OriginClient(origin: settings.originURL, token: settings.apiToken, http: http)
        do {
            let result = try await body(client)
            try await http.shutdown()
            return result
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    /// Uploads a file as the body itself; with `isAsync` the answer comes before the renditions are made.
    func upload(_ file: SourceFile, mediaType: String, isAsync: Bool) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(self.origin)/v1/assets")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: mediaType)
        if isAsync { request.headers.add(name: "Prefer", value: "respond-async") }
        request.body = .stream(FileBody(file: file), length: .known(Int64(file.bytes)))
        return try await self.execute(request)
    }

    func manifest(of asset: AssetID) async throws -> Answer {
        try await self.execute(HTTPClientRequest(url: "\(self.origin)/v1/assets/\(asset)"))
    }

    private func execute(_ request: HTTPClientRequest) async throws -> Answer {
        var request = request
        request.headers.add(name: "User-Agent", value: "mediactl/\(Product.version)")
        request.headers.add(name: "Accept", value: "application/json, application/problem+json")
        if let token = self.token { request.headers.add(name: "Authorization", value: "Bearer \(token.value)") }
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await self.http.execute(request, timeout: Self.exchangeTimeout)
            body = try await response.body.collect(upTo: Self.answerBytesMax)
        } catch {
            throw OriginFailure(error, origin: self.origin)
        }
        let bytes = Array(body.readableBytesView)
        guard (200..<300).contains(response.status.code) else {
            let retryAfter = response.headers.first(name: "Retry-After")
            throw OriginFailure(status: response.status, retryAfter: retryAfter, body: bytes)
        }
        do {
            let manifest = try JSONDecoder().decode(Manifest.self, from: Data(bytes))
            return Answer(text: JSONText.onOneLine(String(decoding: bytes, as: UTF8.self)), manifest: manifest)
        } catch {
            throw OriginFailure(
                summary: "\(self.origin) answered \(response.status.code) with something that is no manifest",
                advice: "check that --origin is the address of an image origin"
            )
        }
    }
}
