package import MediaModel

/// nginx with the module ngx_cache_purge, by the conventions of cdn/nginx/media.conf: `PURGE {path}` removes the object
/// of that URL (https://github.com/FRiCKLE/ngx_cache_purge). nginx knows no tags and no soft purge.
///
/// A negotiated URL (one without an extension) has an object for each kind of reader; each is purged.
package struct NginxDriver: PurgeDriver {
    /// Requests on their way at once: an asset of many versions has many URLs.
    package static let inFlightMax = 8
    /// The `Accept` of each kind of reader that cdn/nginx/media.conf tells apart.
    static let accepts = ["image/avif,image/webp", "image/webp", ""]

    package let recordsMax = 100

    private let url: String
    private let connection: PurgeConnection

    /// - Parameter url: of nginx's listener for purges; no trailing slash.
    package init(url: String, connection: PurgeConnection) {
        self.url = url
        self.connection = connection
    }

    package func send(_ records: [PurgeRecord]) async throws {
        let requests = records.flatMap(\.paths).distinct.flatMap(self.requests)
        for requests in requests.pieces(of: Self.inFlightMax) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for request in requests { group.addTask { try await self.purge(request) } }
                try await group.waitForAll()
            }
        }
    }

    private func requests(_ path: String) -> [PurgeRequest] {
        let isNegotiated = path.split(separator: "/").last?.contains(".") == false
        return (isNegotiated ? Self.accepts : [""]).map { accept in
            let fields = accept.isEmpty ? [:] : ["Accept": accept]
            return PurgeRequest(method: "PURGE", url: self.url + path, fields: fields)
        }
    }

    /// That nothing was there is as good: 404, or 412 in later versions of the module.
    private func purge(_ request: PurgeRequest) async throws {
        let answer = try await self.connection.exchange(request)
        guard (200..<300).contains(answer.status) || [404, 412].contains(answer.status) else {
            throw PurgeConnection.error(answer, of: request)
        }
    }
}
