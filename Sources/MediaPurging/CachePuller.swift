import AsyncHTTPClient
package import MediaModel
import NIOCore
import NIOHTTP1

/// Pulls through the caches before the origin with a GET, and reads what they tell of themselves.
package struct CachePuller: CachePulling {
    /// Of one URL: a cache may have to wait for a rendition that is being made.
    package static let deadline = Duration.seconds(30)

    private let site: String
    private let client: PurgeClient

    /// - Parameters:
    ///   - site: what public URLs begin with; no trailing slash.
    ///   - client: shared with whoever likes.
    package init(site: String, client: PurgeClient) {
        self.site = site
        self.client = client
    }

    package func pull(_ path: String) async throws -> CacheOutcome {
        var request = HTTPClientRequest(url: self.site + path)
        // For errors: a query is a signature.
        let place = request.url.prefix { $0 != "?" }
        request.headers.add(name: "User-Agent", value: "image-origin-warm/\(Product.version)")
        do {
            let response = try await self.client.http.execute(request, deadline: .now() + TimeAmount(Self.deadline))
            // All of it: some caches keep nothing of what nobody waited for.
            for try await _ in response.body {}
            guard response.status == .ok else {
                throw CachePullError(
                    "GET \(request.url.prefix { $0 != "?" }): \(response.status.code) \(response.status.reasonPhrase)"
                )
            }
            return CacheOutcome { response.headers[$0].joined(separator: ", ") }
        } catch let error as CachePullError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw CachePullError("GET \(place): \(error)")
        }
    }
}

extension CacheOutcome {
    /// The words that caches have for it: Cloudflare, nginx, Varnish, Fastly, CloudFront (`RefreshHit`), Akamai.
    private static let words: [(outcome: CacheOutcome, words: Set<String>)] = [
        (.hit, ["hit", "stale", "updating", "revalidated", "refreshhit"]), (.miss, ["miss", "expired"]),
        (.uncached, ["bypass", "dynamic", "pass"]),
    ]

    /// From the fields of an answer: the cache's own first, then RFC 9211's, then `Age`.
    ///
    /// - Parameter field: all values of a name, joined by commas; empty where there is none.
    init(_ field: (String) -> String) {
        // Each cache adds to the end: the last one is nearest to the reader.
        func last(_ name: String) -> String { field(name).split(separator: ",").last.map { $0.lowercased() } ?? "" }
        let own = [last("CF-Cache-Status"), last("X-Cache")].first { !$0.isEmpty }
        let age = field("Age")
        if let own {
            self = Self.ofWords(own)
        } else if !last("Cache-Status").isEmpty {
            self = Self.ofMember(last("Cache-Status"))
        } else {
            self = age.isEmpty ? .unknown : age == "0" ? .miss : .hit
        }
    }

    /// `HIT`, `Hit from cloudfront`, `TCP_HIT from …`: the first word that is known.
    private static func ofWords(_ text: String) -> CacheOutcome {
        for word in text.split(whereSeparator: { !$0.isLetter }) {
            if let known = Self.words.first(where: { $0.words.contains(String(word)) }) { return known.outcome }
        }
        return .unknown
    }

    /// `name; hit`, `name; fwd=uri-miss; stored` (RFC 9211 §2).
    private static func ofMember(_ text: String) -> CacheOutcome {
        let parameters = text.split(separator: ";").dropFirst().map { $0.filter { $0 != " " } }
        if parameters.contains("hit") { return .hit }
        guard let forward = parameters.first(where: { $0.hasPrefix("fwd=") }) else { return .unknown }
        return forward == "fwd=bypass" ? .uncached : .miss
    }
}
