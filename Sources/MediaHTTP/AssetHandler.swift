import HTTPTypes
import Hummingbird
import MediaModel
import MediaOrigin

/// What is read of assets: one, a page of them, the versions of one.
struct AssetHandler: Sendable {
    let describe: Describe
    let baseURL: String

    func one(_ id: AssetID) async throws -> Response {
        .json(Manifest(try await self.describe.asset(id), baseURL: self.baseURL))
    }

    func page(query: Substring?) async throws -> Response {
        let fields = try Self.page(query, cursor: AssetID.init)
        let page = try await self.describe.page(after: fields.cursor, limit: fields.limit)
        let assets = page.versions.map { Manifest($0, baseURL: self.baseURL) }
        return .json(ManifestPage(assets: assets, nextCursor: page.next?.description))
    }

    func version(_ ref: VersionRef) async throws -> Response {
        .json(Manifest(try await self.describe.version(ref), baseURL: self.baseURL))
    }

    func versions(of id: AssetID, query: Substring?) async throws -> Response {
        let fields = try Self.page(query, cursor: VersionNumber.init(text:))
        let page = try await self.describe.versions(of: id, before: fields.cursor, limit: fields.limit)
        return .json(
            VersionManifests(
                latest: page.latest?.value,
                versions: page.versions.map { Manifest($0, baseURL: self.baseURL) },
                nextCursor: page.next?.description
            )
        )
    }

    private static func page<Cursor>(
        _ query: Substring?,
        cursor: (Substring) -> Cursor?
    ) throws(Problem) -> PageFields<Cursor> {
        try PageFields(
            query,
            limitDefault: Describe.pageLimitDefault,
            limitMax: Describe.pageLimitMax,
            cursor: cursor
        )
    }
}

extension Response {
    /// An answer of the API.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: .json, body: .init(byteBuffer: JSON.encode(value)))
    }

    /// A 204 or 304. Response's initialiser adds a length: one that a 204 must not have (RFC 9110 §8.6), and that of a
    /// 304 would be wrong. NIO takes both away over HTTP/1.1, and not over HTTP/2 (PRACTICE.md §0.5).
    static func withoutContent(_ status: HTTPResponse.Status, _ headers: HTTPFields) -> Response {
        var response = Response(status: status, headers: headers)
        response.headers[.contentLength] = nil
        return response
    }
}

extension HTTPFields {
    /// Of an answer of the API: JSON that nobody keeps.
    static let json: HTTPFields = [
        .contentType: "application/json",
        .cacheControl: "no-store",
        .xContentTypeOptions: "nosniff",
    ]
}
