import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaPurging

/// A local server that a driver speaks to.
struct Target {
    /// One client for all tests of the process, which ends with it.
    private static let client = PurgeClient(deadline: .seconds(30))

    let server: CannedServer
    private let deadline: Duration

    init(_ answers: [CannedServer.Answer], deadline: Duration = .seconds(30)) throws {
        self.server = try CannedServer(answers)
        self.deadline = deadline
    }

    func driver<Driver>(_ make: (PurgeConnection) -> Driver) -> Driver {
        make(PurgeConnection(Self.client, perSecond: 10_000, deadline: self.deadline))
    }

    var varnish: VarnishDriver {
        self.driver { VarnishDriver(url: self.server.endpoint, mode: .xkey, connection: $0) }
    }

    func send(_ records: [PurgeRecord], to driver: some PurgeDriver) async throws { try await driver.send(records) }

    var requests: [SentRequest] { self.server.requests.map { SentRequest($0) } }
}

/// A request as it came over the wire.
struct SentRequest {
    let line: String
    let body: String
    private let fields: [String: String]

    init(_ text: String) {
        let end = text.firstRange(of: "\r\n\r\n")
        let head = text[..<(end?.lowerBound ?? text.endIndex)]
        let lines = head.split(separator: "\r\n").map(String.init)
        self.line = lines.first ?? ""
        self.body = end.map { String(text[$0.upperBound...]) } ?? ""
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        self.fields = fields
    }

    /// By its name in lower case.
    subscript(name: String) -> String? { self.fields[name] }

    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(self.body.utf8))
    }
}

/// Cloudflare's request by tags.
struct Tags: Decodable {
    let tags: [String]
}

/// Cloudflare's request by URLs.
struct Files: Decodable {
    let files: [String]
}

/// Fastly's request.
struct SurrogateKeys: Decodable {
    let keys: [String]

    enum CodingKeys: String, CodingKey {
        case keys = "surrogate_keys"
    }
}

extension DriverTests {
    static func record(
        _ id: Int64,
        _ change: PurgeChange,
        of asset: AssetID = DriverTests.asset,
        paths: [String] = [],
        sentAt: Date? = nil
    ) -> PurgeRecord {
        PurgeRecord(
            id: id,
            target: CatalogContract.purgeTargets[0],
            asset: asset,
            change: change,
            paths: paths,
            createdAt: Samples.moment,
            dueAt: Samples.moment,
            sentAt: sentAt
        )
    }
}
