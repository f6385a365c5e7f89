import FoundationEssentials
import MediaTesting
import Testing

/// The service as built, with its root key in a KMS that is not of our own making.
@Suite(
    "The service on AWS KMS, as moto has it",
    .enabled(if: MotoServer.isInstalled, "\(MotoServer.reason)"),
    .timeLimit(.minutes(5))
)
struct KMSServiceTests {
    private static let picture = Fixtures.folder.appending(path: "pictures/gradient.jpg").path(percentEncoded: false)

    private static func settings(_ moto: MotoServer, _ arn: String) -> [String: String] {
        [
            "MEDIA_KMS_KEY_ID": arn, "MEDIA_KMS_REGION": MotoServer.region, "MEDIA_KMS_ENDPOINT": moto.endpoint,
            "MEDIA_KMS_ACCESS_KEY_ID": MotoServer.accessKeyID, "MEDIA_KMS_SECRET_ACCESS_KEY": "secret",
            "MEDIA_KMS_SESSION_TOKEN": "token", "MEDIA_KMS_DEADLINE": "60s",
        ]
    }

    private static func upload(to service: RunningService) async throws -> String {
        let run = try await MediactlRun(["upload", Self.picture, "--origin", service.url])
        #expect(run.code == 0, "\(run.errors)")
        return try #require(run.output.split(separator: ": ").last?.split(separator: " ").first.map(String.init))
    }

    private static func thumbnail(_ asset: String, from service: RunningService) async throws -> RawResponse {
        let target = "/a/\(asset)/v1/thumbnail.webp"
        return try await service.connect().exchange("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }

    private static func roots(_ service: RunningService) async throws -> Set<String> {
        let run = try await MediactlRun(["keys", "list", "--data-dir", service.dataFolder])
        #expect(run.code == 0, "\(run.errors)")
        let rows = run.outputLines.filter { $0.contains("ek-") }
        return Set(rows.compactMap { row in row.split(separator: " ").map(String.init).first { $0.hasPrefix("arn:") } })
    }

    @Test func whatItSealedIsDeliveredAfterARestartAndNotWithoutTheKMS() async throws {
        let moto = try await MotoServer.start()
        let arn = try await moto.createKey()
        let first = try await RunningService.start(environment: Self.settings(moto, arn))
        let asset = try await Self.upload(to: first)
        let bytes = try await Self.thumbnail(asset, from: first)
        #expect(bytes.status == 200)
        #expect(try await Self.roots(first) == [arn])
        // No key ring was made beside it.
        #expect(!FileManager.default.fileExists(atPath: "\(first.dataFolder)/keys"))
        #expect(try await first.stop() == .code(0))

        let second = try await first.restart()
        let again = try await Self.thumbnail(asset, from: second)
        #expect(again.status == 200 && again.body == bytes.body)
        #expect(try await second.stop() == .code(0))

        try await moto.kill()
        let third = try await second.restart()
        let refused = try await Self.thumbnail(asset, from: third)
        #expect(refused.status == 503)
        #expect(refused["Retry-After"] != nil, "\(refused.text)")
        #expect(refused.text.contains("A key that this needs is not at hand") && !refused.text.contains("arn:"))
        #expect(third.log.contains("key-provider-unreachable"))
        #expect(try await third.stop() == .code(0))
    }

    @Test func aStoreOfARingGoesToTheKMS() async throws {
        let moto = try await MotoServer.start()
        let arn = try await moto.createKey()
        let scratch = try TemporaryFolder()
        let data = scratch.path("data")
        let onRing = try await RunningService.start(dataFolder: data)
        let asset = try await Self.upload(to: onRing)
        let bytes = try await Self.thumbnail(asset, from: onRing).body
        #expect(try await onRing.stop() == .code(0))
        let settings = Self.settings(moto, arn)
        await #expect(throws: ChildProcess.Failure.self) {
            _ = try await RunningService.start(environment: settings, dataFolder: data)
        }

        try FileManager.default.moveItem(atPath: "\(data)/keys", toPath: scratch.path("ring"))
        let both = try await RunningService.start(
            arguments: ["--key-ring-former-path", scratch.path("ring")],
            environment: settings,
            dataFolder: data
        )
        #expect(try await Self.thumbnail(asset, from: both).body == bytes)
        let rewrap = try await MediactlRun(["keys", "rewrap", "--data-dir", data])
        #expect(rewrap.code == 0, "\(rewrap.errors)")
        #expect(try await Self.roots(both) == [arn])
        #expect(try await both.stop() == .code(0))

        try FileManager.default.removeItem(atPath: scratch.path("ring"))
        let onKMS = try await RunningService.start(environment: settings, dataFolder: data)
        #expect(try await Self.thumbnail(asset, from: onKMS).body == bytes)
        #expect(try await onKMS.stop() == .code(0))
    }
}
