import FoundationEssentials
import Logging
import MediaHTTP
import MediaModel
import MediaOrigin
import MediaTesting
import NIOCore
import ServiceLifecycle
import Testing

/// The public listener on real sockets, with use cases on fakes: what is on the wire, without a codec, a cipher or a
/// file.
struct Face: Sendable {
    let catalog: MemoryCatalog
    let store: MemoryBlobStore
    let renderer: FakeRenderer
    let port: Int

    static let uploadBytesMax = 100_000

    /// Opens it for the length of `body`.
    static func with(
        token: String? = nil,
        quota: Quota = .none,
        cacheBytesMax: Int = 1 << 20,
        _ body: (Face) async throws -> Void
    ) async throws {
        let key = FixedEnvelopeKeys.key("test-key")
        let record = EnvelopeKeyRecord(
            id: key.id,
            tenant: .default,
            createdAt: Samples.moment,
            wrapped: nil
        )
        let catalog = MemoryCatalog(keys: [record])
        let store = MemoryBlobStore()
        let renderer = FakeRenderer()
        let keys = FixedEnvelopeKeys(current: key)
        let cache = RenditionCache(bytesMax: cacheBytesMax)
        let face = Self.face(catalog, store, keys, renderer, cache, token: token, quota: quota)
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let listener = OriginServer.publicListener(
            .init(
                host: "127.0.0.1",
                port: 0,
                connectionsMax: 100,
                connectionsPerAddressMax: 100,
                patience: PeerPatience(
                    idle: .seconds(600),
                    head: .seconds(600),
                    stall: .seconds(600),
                    bytesPerSecondMin: 100
                )
            ),
            responder: face.responder,
            certificate: nil,
            logger: Logger(label: "face", factory: { _ in SwiftLogNoOpLogHandler() }),
            onListening: { listening.yield($0.port ?? 0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            let port = await ports.first { _ in true }
            try await body(
                Face(catalog: catalog, store: store, renderer: renderer, port: try #require(port))
            )
            group.cancelAll()
        }
    }

    private static func face(
        _ catalog: MemoryCatalog,
        _ store: MemoryBlobStore,
        _ keys: FixedEnvelopeKeys,
        _ renderer: FakeRenderer,
        _ cache: RenditionCache,
        token: String?,
        quota: Quota
    ) -> OriginFace {
        let vault = BlobVault(store: store, sealing: FakeSealing(), keys: keys)
        let ingest = Ingest(
            catalog: catalog,
            vault: vault,
            develop: Develop(
                catalog: catalog,
                vault: vault,
                renderer: renderer,
                limits: PictureLimits(),
                quota: quota,
                cache: cache,
                backlog: Backlog()
            ),
            room: StorageRoom(store: store, freeBytesMin: 1000),
            digests: FakeDigests(),
            policy: IngestPolicy(
                tenant: .default,
                uploadBytesMax: Self.uploadBytesMax,
                limits: PictureLimits(),
                presets: Preset.defaults,
                quota: quota
            )
        )
        return OriginFace(
            ingest: ingest,
            deliver: Deliver(
                catalog: catalog,
                vault: vault,
                cache: cache,
                developLater: DevelopLater(
                    catalog: catalog,
                    vault: vault,
                    renderer: renderer,
                    room: StorageRoom(store: store, freeBytesMin: 1000),
                    limits: PictureLimits(),
                    quota: quota,
                    oneOffsMax: 2,
                    cache: cache
                )
            ),
            describe: Describe(catalog: catalog),
            remove: Remove(catalog: catalog, vault: vault, cache: cache, grace: .seconds(3600)),
            revise: Revise(ingest: ingest),
            digests: FakeDigests(),
            publicBaseURL: "",
            profile: .portable,
            bodies: BodyFile(),
            uploadBytesMax: Self.uploadBytesMax,
            uploadTimeout: .seconds(600),
            apiToken: token,
            accessLog: AccessLog(every: 0, logger: Logger(label: "unused")),
            isEqual: ==
        )
    }

    func connect() async throws -> RawConnection { try await RawConnection.connect(port: self.port) }

    /// One request on a connection of its own.
    func ask(
        _ method: String,
        _ target: String,
        _ fields: [String] = [],
        body: [UInt8] = []
    ) async throws -> RawResponse {
        let head = RawRequest.head(method, target, fields, bodyBytes: body.count)
        return try await self.connect().exchange(head, body: body)
    }

    /// Uploads a picture that is taken.
    func asset(_ bytes: [UInt8] = Face.picture(5000), to target: String = "/v1/assets") async throws -> FaceManifest {
        let response = try await self.ask("POST", target, body: bytes)
        try #require(response.status == 201, "\(response.text)")
        return try response.json(FaceManifest.self)
    }

    /// Bytes that begin like a JPEG.
    static func picture(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
        [0xFF, 0xD8, 0xFF] + Samples.bytes(count - 3, seed: seed)
    }
}

/// A manifest as far as these tests look.
struct FaceManifest: Decodable {
    struct Entry: Decodable { let url: String }

    let id: String
    let version: Int
    let state: String
    let renditions: [String: Entry]
}

struct FaceVersions: Decodable {
    let latest: Int?
    let versions: [FaceManifest]
    let nextCursor: String?
}

extension RawResponse {
    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(self.body))
    }

    /// Checks that this is a problem as every refusal must be, and returns the last part of its type.
    func problem(_ status: Int, _ location: SourceLocation = #_sourceLocation) throws -> String {
        struct Document: Decodable {
            let type: String
            let status: Int
        }
        #expect(self.status == status, "\(self.text)", sourceLocation: location)
        #expect(self["Content-Type"] == "application/problem+json", sourceLocation: location)
        #expect(self["Cache-Control"] == "no-store", sourceLocation: location)
        let document = try self.json(Document.self)
        #expect(document.status == status, sourceLocation: location)
        return String(document.type.split(whereSeparator: { ":#".contains($0) }).last ?? "")
    }
}

extension FakeDigests {
    /// A member of `Content-Digest`.
    static func member(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) -> String {
        var digest = FakeDigests().makeDigest(algorithm)
        digest.update(bytes)
        return "\(algorithm.rawValue)=:\(Data(digest.finish()).base64EncodedString()):"
    }
}
