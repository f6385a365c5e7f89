import FoundationEssentials
package import MediaModel

/// Cloudflare: `POST /client/v4/zones/{zone}/purge_cache` with `tags` or `files`, and an API token with the permission
/// Zone → Cache Purge (https://developers.cloudflare.com/api/resources/cache/methods/purge/).
///
/// A request takes 100 operations today (https://developers.cloudflare.com/cache/how-to/purge-cache/) and took 30 for
/// years; 30 is right on every plan and every older account. There is no soft purge.
package struct CloudflareDriver: PurgeDriver {
    package static let operationsMax = 30
    package static let standardURL = "https://api.cloudflare.com"

    package enum Scope: Sendable, Hashable {
        /// By `Cache-Tag`.
        case tags
        /// By URL.
        ///
        /// - Parameter site: what public URLs begin with; no trailing slash.
        case urls(site: String)
    }

    private struct Tags: Encodable {
        let tags: [String]
    }

    private struct Files: Encodable {
        let files: [String]
    }

    private struct Answer: Decodable {
        let success: Bool
    }

    package let recordsMax = Self.operationsMax

    private let endpoint: String
    private let token: String
    private let scope: Scope
    private let connection: PurgeConnection

    /// - Parameters:
    ///   - url: of the API, no trailing slash.
    ///   - zone: its id.
    package init(url: String, zone: String, token: String, scope: Scope, connection: PurgeConnection) {
        self.endpoint = "\(url)/client/v4/zones/\(zone)/purge_cache"
        self.token = token
        self.scope = scope
        self.connection = connection
    }

    package func send(_ records: [PurgeRecord]) async throws {
        switch self.scope {
        case .tags:
            for tags in records.flatMap(\.keys).distinct.pieces(of: Self.operationsMax) {
                try await self.post(Tags(tags: tags))
            }
        case .urls(let site):
            for paths in records.flatMap(\.paths).distinct.pieces(of: Self.operationsMax) {
                try await self.post(Files(files: paths.map { site + $0 }))
            }
        }
    }

    private func post(_ body: some Encodable) async throws {
        let request = PurgeRequest(
            method: "POST",
            url: self.endpoint,
            fields: ["Authorization": "Bearer \(self.token)", "Content-Type": "application/json"],
            body: try PurgeJSON.encode(body)
        )
        let answer = try await self.connection.send(request)
        guard let said = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)), said.success else {
            throw PurgeConnection.error(.refused, answer, of: request)
        }
    }
}
