import HTTPTypes
import Hummingbird
import MediaModel
import MediaOrigin

/// `GET /v1/assets/{asset}` and `GET /v1/assets?cursor=&limit=`.
struct AssetHandler: Sendable {
    let describe: Describe
    let baseURL: String

    func one(_ id: AssetID) async throws -> Response {
        self.answer(Manifest(try await self.describe.asset(id), baseURL: self.baseURL))
    }

    func page(query: String?) async throws -> Response {
        let (cursor, limit) = try self.parse(query)
        let page = try await self.describe.page(after: cursor, limit: limit)
        let assets = page.versions.map { Manifest($0, baseURL: self.baseURL) }
        return self.answer(ManifestPage(assets: assets, nextCursor: page.next?.description))
    }

    private func answer(_ value: some Encodable) -> Response {
        Response(status: .ok, headers: .json, body: .init(byteBuffer: JSON.encode(value)))
    }

    /// Both parameters may be absent or empty; anything else than these two is refused, so that a typing error is not a
    /// silent first page.
    private func parse(_ query: String?) throws -> (cursor: AssetID?, limit: Int) {
        var cursor: AssetID?
        var limit = Describe.pageLimitDefault
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1] : ""
            switch (parts[0], value.isEmpty) {
            case ("cursor", true), ("limit", true): continue
            case ("cursor", _):
                guard let id = AssetID(value) else {
                    throw Self.badQuery("'cursor' is the nextCursor of a page before.")
                }
                cursor = id
            case ("limit", _):
                guard let number = Int(value), (1...Describe.pageLimitMax).contains(number) else {
                    throw Self.badQuery("'limit' is a whole number from 1 to \(Describe.pageLimitMax).")
                }
                limit = number
            default: throw Self.badQuery("There are only 'cursor' and 'limit'.")
            }
        }
        return (cursor, limit)
    }

    static func badQuery(_ detail: String) -> Problem {
        Problem(code: "bad-query", status: .badRequest, title: "Bad query", detail: detail)
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
