import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import MediaRuntime
import NIOCore
import NIOHTTP1

/// Talks to the service. Every error that it throws is an ``OriginFailure``.
struct OriginClient {
    /// A manifest has a few hundred bytes a preset, and a page a hundred of them.
    private static let answerBytesMax = 16 << 20
    /// Until there is a connection.
    private static let connectTimeout = TimeAmount.seconds(10)
    /// Silence, after the upload, while the service makes the renditions.
    private static let readTimeout = TimeAmount.minutes(5)
    /// Silence while the service takes no more of an upload.
    private static let writeTimeout = TimeAmount.minutes(2)
    /// Of one exchange; the silence above ends a dead one long before.
    private static let exchangeTimeout = TimeAmount.hours(6)
    /// From a connection that broke to the next attempt: a service that restarts needs a moment.
    private static let retryDelay = Duration.milliseconds(500)
    /// Versions asked for at a time: as many as the service gives.
    private static let pageLimit = 100

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

    /// Uploads a file as the body itself. Where the connection breaks, it is sent once more under the same key: the
    /// service then answers with what the first attempt made, if it made anything.
    func upload(_ upload: UploadRequest) async throws -> Answer {
        do {
            return try await self.attempt(upload)
        } catch  where error.isBrokenConnection {
            try? await Task.sleep(for: Self.retryDelay)
            return try await self.attempt(upload)
        }
    }

    func manifest(of asset: AssetID) async throws -> Answer { try await self.answer(to: self.request(.GET, asset)) }

    /// - Parameter immediately: without a grace.
    func delete(_ asset: AssetID, immediately: Bool) async throws {
        _ = try await self.execute(self.request(.DELETE, asset, immediately ? "?immediate=true" : ""))
    }

    func undelete(_ asset: AssetID) async throws -> Answer {
        try await self.answer(to: self.request(.POST, asset, "/undelete"))
    }

    /// - Parameters:
    ///   - focus: what matters most in the picture; nil: as the version before says.
    ///   - isAsync: whether the answer comes before the renditions are made.
    func reprocess(_ asset: AssetID, focus: FocalPoint?, isAsync: Bool) async throws -> Answer {
        var request = self.request(.POST, asset, "/reprocess" + (focus.map { "?focus=\($0)" } ?? ""))
        if isAsync { request.headers.add(name: "Prefer", value: "respond-async") }
        return try await self.answer(to: request)
    }

    func setLatest(_ ref: VersionRef) async throws -> Answer {
        var request = self.request(.PUT, ref.asset, "/latest")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: #"{"version": \#(ref.number)}"#))
        return try await self.answer(to: request)
    }

    /// All versions of an asset, newest first, and the number of the one that `latest` is.
    func versions(of asset: AssetID) async throws -> (versions: [Manifest], latest: Int?) {
        var versions: [Manifest] = []
        var cursor = ""
        while true {
            let query = "?limit=\(Self.pageLimit)" + (cursor.isEmpty ? "" : "&cursor=\(cursor)")
            let body = try await self.execute(self.request(.GET, asset, "/versions\(query)"))
            let page = try self.decode(VersionPage.self, body, "no page of versions")
            versions += page.versions
            guard let next = page.nextCursor else { return (versions, page.latest) }
            cursor = next
        }
    }

    /// A page of all assets, each as its newest version, in the order of their making.
    ///
    /// - Parameter cursor: where it begins, from the page before; empty: at the first.
    func assets(from cursor: String) async throws -> AssetPage {
        let query = "?limit=\(Self.pageLimit)" + (cursor.isEmpty ? "" : "&cursor=\(cursor)")
        let body = try await self.execute(HTTPClientRequest(url: "\(self.origin)/v1/assets\(query)"))
        return try self.decode(AssetPage.self, body, "no page of assets")
    }

    private func attempt(_ upload: UploadRequest) async throws(OriginFailure) -> Answer {
        var request = HTTPClientRequest(url: "\(self.origin)\(upload.path)")
        request.method = .POST
        for (name, value) in upload.fields { request.headers.add(name: name, value: value) }
        request.body = .stream(FileBody(file: upload.file), length: .known(Int64(upload.file.bytes)))
        return try await self.answer(to: request)
    }

    /// - Parameter below: what follows the asset's own path; a query too.
    private func request(_ method: HTTPMethod, _ asset: AssetID, _ below: String = "") -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(self.origin)/v1/assets/\(asset)\(below)")
        request.method = method
        return request
    }

    private func answer(to request: HTTPClientRequest) async throws(OriginFailure) -> Answer {
        let body = try await self.execute(request)
        let manifest = try self.decode(Manifest.self, body, "no manifest")
        return Answer(text: JSONText.onOneLine(String(decoding: body, as: UTF8.self)), manifest: manifest)
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type,
        _ body: [UInt8],
        _ otherwise: String
    ) throws(OriginFailure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw OriginFailure(
                summary: "\(self.origin) answered with something that is \(otherwise)",
                advice: "check that --origin is the address of an image origin"
            )
        }
    }

    /// - Returns: the body of an answer that is a success.
    private func execute(_ request: HTTPClientRequest) async throws(OriginFailure) -> [UInt8] {
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
        return bytes
    }
}
