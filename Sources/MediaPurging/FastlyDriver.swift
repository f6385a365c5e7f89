import FoundationEssentials
package import MediaModel

/// Fastly: `POST /service/{service}/purge` with up to 256 surrogate keys and an API token of the scope `purge_select`;
/// `Fastly-Soft-Purge: 1` marks as stale instead of removing
/// (https://www.fastly.com/documentation/reference/api/purging/).
package struct FastlyDriver: PurgeDriver {
    package static let keysMax = 256
    package static let standardURL = "https://api.fastly.com"

    private struct Keys: Encodable {
        let keys: [String]

        enum CodingKeys: String, CodingKey {
            case keys = "surrogate_keys"
        }
    }

    package let recordsMax = Self.keysMax

    private let endpoint: String
    private let token: String
    private let connection: PurgeConnection

    /// - Parameters:
    ///   - url: of the API, no trailing slash.
    ///   - service: its id.
    package init(url: String, service: String, token: String, connection: PurgeConnection) {
        self.endpoint = "\(url)/service/\(service)/purge"
        self.token = token
        self.connection = connection
    }

    package func send(_ records: [PurgeRecord]) async throws {
        for isSoft in [true, false] {
            let keys = records.filter { $0.change.isSoft == isSoft }.flatMap(\.keys).distinct
            for keys in keys.pieces(of: Self.keysMax) { try await self.post(keys, isSoft: isSoft) }
        }
    }

    private func post(_ keys: [String], isSoft: Bool) async throws {
        var request = PurgeRequest(
            method: "POST",
            url: self.endpoint,
            fields: [
                "Fastly-Key": self.token, "Content-Type": "application/json", "Accept": "application/json",
            ],
            body: try PurgeJSON.encode(Keys(keys: keys))
        )
        if isSoft { request.fields["Fastly-Soft-Purge"] = "1" }
        try await self.connection.send(request)
    }
}
