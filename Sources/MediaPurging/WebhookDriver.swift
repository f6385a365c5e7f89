import FoundationEssentials
package import MediaModel

/// Any service that can take a request: JSON, signed as Standard Webhooks has it
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): `webhook-id`,
/// `webhook-timestamp` and `webhook-signature`, which is `v1,` and the base64 of the HMAC-SHA-256 of
/// `{id}.{timestamp}.{body}`. One change a request; its id stays the same when it is sent again after a failure.
package struct WebhookDriver: PurgeDriver {
    private struct Event: Encodable {
        struct Data: Encodable {
            let asset: String
            let change: String
            /// Whether the old may be served once more.
            let soft: Bool
            let surrogateKeys: [String]
            let paths: [String]
        }

        var type = "asset.purge"
        /// Of the change.
        let timestamp: String
        let data: Data
    }

    package let recordsMax = 1

    private let url: String
    private let authenticator: any MessageSigning
    private let connection: PurgeConnection

    package init(url: String, authenticator: any MessageSigning, connection: PurgeConnection) {
        self.url = url
        self.authenticator = authenticator
        self.connection = connection
    }

    package func send(_ records: [PurgeRecord]) async throws {
        for record in records { try await self.post(record, at: Date()) }
    }

    private func post(_ record: PurgeRecord, at now: Date) async throws {
        // The second telling of a deletion is another message: whoever drops repetitions must not drop it.
        let id = "purge-\(record.target)-\(record.id)" + (record.sentAt == nil ? "" : "-again")
        let timestamp = String(Int(now.timeIntervalSince1970))
        let body = try PurgeJSON.encode(
            Event(
                timestamp: record.createdAt.formatted(.iso8601),
                data: Event.Data(
                    asset: record.asset.description,
                    change: record.change.rawValue,
                    soft: record.change.isSoft,
                    surrogateKeys: record.keys,
                    paths: record.paths
                )
            )
        )
        let mac = try self.authenticator.mac(of: Array("\(id).\(timestamp).".utf8) + body)
        let request = PurgeRequest(
            method: "POST",
            url: self.url,
            fields: [
                "Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp,
                "webhook-signature": "v1,\(Data(mac).base64EncodedString())",
            ],
            body: body
        )
        try await self.connection.send(request)
    }
}
