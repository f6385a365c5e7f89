import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// A running service and what the tests say to it, byte by byte over sockets of their own.
struct Origin {
    let service: RunningService

    /// Starts a service on a fresh folder for the length of `body`, and sees to it that it stops as it should.
    static func with<Result>(
        arguments: [String] = [],
        environment: [String: String] = [:],
        _ body: (Origin) async throws -> Result
    ) async throws -> Result {
        let defaults = ["MEDIA_WORKERS": "2"]
        let service = try await RunningService.start(
            arguments: arguments,
            environment: defaults.merging(environment) { $1 }
        )
        let result = try await body(Origin(service: service))
        #expect(try await service.stop() == .code(0), "\(service.log)")
        return result
    }

    /// One request on a connection of its own.
    func ask(
        _ method: String,
        _ target: String,
        _ fields: [String] = [],
        body: [UInt8] = []
    ) async throws -> RawResponse {
        try await self.service.connect().exchange(Self.head(method, target, fields, body: body), body: body)
    }

    func get(_ target: String, _ fields: String...) async throws -> RawResponse {
        try await self.ask("GET", target, fields)
    }

    static func head(_ method: String, _ target: String, _ fields: [String], body: [UInt8]) -> String {
        RawRequest.head(method, target, fields, bodyBytes: body.count)
    }

    func upload(_ picture: [UInt8], to target: String = "/v1/assets", _ fields: String...) async throws -> RawResponse {
        try await self.ask("POST", target, fields, body: picture)
    }

    /// Uploads a picture that is taken.
    func asset(_ name: String = "gradient.png", to target: String = "/v1/assets") async throws -> AssetJSON {
        let response = try await self.upload(try Fixtures.bytes("pictures/\(name)"), to: target)
        try #require(response.status == 201, "\(response.text)")
        return try response.json(AssetJSON.self)
    }

    /// All metrics, as they are scraped.
    func metrics() async throws -> String {
        try await self.service.connectToAdmin().exchange(Self.head("GET", "/metrics", [], body: [])).text
    }

    /// Waits until the asset's newest version is in that state.
    func comesToBe(_ state: String, _ asset: String) async throws -> Bool {
        try await comesAbout(every: .milliseconds(20)) {
            try await self.get("/v1/assets/\(asset)").json(AssetJSON.self).state == state
        }
    }

    /// What is in the store, by path.
    func blobs() throws -> Set<String> {
        let root = URL(filePath: self.service.dataFolder).appending(path: "blobs")
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return Set(files.filter { $0.split(separator: "/").count == 2 })
    }
}

/// The manifest as a client reads it.
struct AssetJSON: Decodable {
    struct Source: Decodable {
        let mediaType: String
        let bytes: Int
        let width: Int?
        let height: Int?
        let sha256: String
    }

    struct Entry: Decodable {
        let url: String
        let mediaType: String
        let width: Int
        let height: Int
        let bytes: Int
        let sha256: String
    }

    let id: String
    let version: Int
    let state: String
    let createdAt: String
    let source: Source
    let renditions: [String: Entry]
    let failure: String?

    func entry(_ preset: String) throws -> Entry { try #require(self.renditions[preset]) }
}

struct VersionsJSON: Decodable {
    let latest: Int?
    let versions: [AssetJSON]
    let nextCursor: String?
}

struct PageJSON: Decodable {
    let assets: [AssetJSON]
    let nextCursor: String?
}

struct ProblemJSON: Decodable {
    let type: String
    let title: String
    let status: Int
    let detail: String
}

extension RawResponse {
    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(self.body))
    }

    /// Checks that this is a problem as every refusal must be, and returns the last part of its type.
    func problem(_ status: Int, _ location: SourceLocation = #_sourceLocation) throws -> String {
        #expect(self.status == status, "\(self.text)", sourceLocation: location)
        #expect(self["Content-Type"] == "application/problem+json", sourceLocation: location)
        #expect(self["Cache-Control"] == "no-store", sourceLocation: location)
        #expect(self["ETag"] == nil, sourceLocation: location)
        let problem = try self.json(ProblemJSON.self)
        #expect(problem.status == status, sourceLocation: location)
        for inside in ["/tmp", ".swift", "vips", "Error", "blob", "sqlite"] {
            #expect(!problem.detail.contains(inside), "the detail tells of the inside", sourceLocation: location)
        }
        return String(problem.type.split(whereSeparator: { ":#".contains($0) }).last ?? "")
    }
}
