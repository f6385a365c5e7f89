import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// Runs a suite with one moto server for all of it.
struct MotoServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await MotoServer.$current.withValue(try await MotoServer.start()) { try await function() }
    }
}

extension Trait where Self == MotoServerTrait {
    static var motoServer: MotoServerTrait { MotoServerTrait() }
}

/// What is tested with moto. A machine without it skips the suite.
@Suite(
    "AWS KMS, as moto has it",
    .enabled(if: MotoServer.isInstalled, "\(MotoServer.reason)"),
    .motoServer
)
struct KMSTests {
    /// Runs `body` with a provider, which is shut down however it ends.
    static func withProvider<Result>(
        _ provider: KMSKeyProvider,
        _ body: (KMSKeyProvider) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body(provider)
            try await provider.shutdown()
            return result
        } catch {
            try await provider.shutdown()
            throw error
        }
    }
}

extension MotoServer {
    static let credentials = AWSCredentials(accessKeyID: MotoServer.accessKeyID, secretAccessKey: "secret")

    func provider(keyID: String, deadline: Duration = .seconds(120)) throws -> KMSKeyProvider {
        try KMSKeyProvider(
            keyID: keyID,
            region: Self.region,
            credentials: Self.credentials,
            endpoint: self.endpoint,
            deadline: deadline
        )
    }
}
