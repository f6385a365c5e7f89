import Foundation
import Glibc
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// The KMS of moto (https://github.com/getmoto/moto), which stands in for AWS: a server of its own on a free port.
///
/// It checks neither signatures nor, in calls other than DescribeKey, whether a key is enabled.
final class MotoServer: Sendable {
    /// The one that the suite runs with.
    @TaskLocal static var current: MotoServer?

    static let region = "eu-central-1"
    static let credentials = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")

    static var isInstalled: Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/moto_server") }
    }

    private struct NotUp: Error, CustomStringConvertible {
        let description: String
    }

    let process: ChildProcess
    let port: Int
    var endpoint: String { "http://127.0.0.1:\(self.port)" }

    private init(process: ChildProcess, port: Int) {
        self.process = process
        self.port = port
    }

    static func start() async throws -> MotoServer {
        let process = try ChildProcess("/usr/bin/env", ["moto_server", "-H", "127.0.0.1", "-p", "0"])
        let start = ContinuousClock.now
        // With port 0 only the server knows where it listens; it says so on standard error.
        while true {
            let said = String(decoding: process.stderr, as: UTF8.self)
            if let match = said.firstMatch(of: /Running on http:\/\/127\.0\.0\.1:([0-9]+)/), let port = Int(match.1) {
                return MotoServer(process: process, port: port)
            }
            guard process.exit == nil, ContinuousClock.now - start < .seconds(60) else {
                throw NotUp(description: "moto_server did not come up; it said: \(said)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Kills the server; its port refuses connections from then on.
    func kill() async throws {
        // `moto_server` may be a script that started the interpreter: the group has both.
        Glibc.kill(-self.process.pid, SIGKILL)
        _ = try await self.process.exit(within: .seconds(10))
    }

    func provider(keyID: String, deadline: Duration = .seconds(120)) throws -> KMSKeyProvider {
        try KMSKeyProvider(
            keyID: keyID,
            region: Self.region,
            credentials: Self.credentials,
            endpoint: self.endpoint,
            deadline: deadline
        )
    }

    /// Makes a symmetric key; returns its ARN.
    func createKey() async throws -> String {
        struct Answer: Decodable {
            struct Metadata: Decodable {
                let Arn: String
            }
            let KeyMetadata: Metadata
        }
        let body = try await self.call("CreateKey", "{}")
        return try JSONDecoder().decode(Answer.self, from: Data(body)).KeyMetadata.Arn
    }

    /// Calls what the provider does not: `CreateKey`, `DisableKey`, `CreateAlias`.
    func call(_ operation: String, _ body: String) async throws -> [UInt8] {
        let now = Date()
        var fields = [
            "Host": "127.0.0.1:\(self.port)",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Date": AWSSignature.timestamp(now),
            "X-Amz-Target": "TrentService.\(operation)",
        ]
        fields["Authorization"] = try AWSSignature(
            credentials: Self.credentials,
            region: Self.region,
            service: "kms"
        ).authorization(method: "POST", path: "/", fields: fields, body: Array(body.utf8), at: now)
        let head = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        let connection = try await RawConnection.connect(port: self.port)
        let length = "Content-Length: \(body.utf8.count)\r\n"
        try await connection.send("POST / HTTP/1.1\r\n\(head)\(length)Connection: close\r\n\r\n\(body)")
        let response = try await connection.receiveResponse()
        try #require(response.status == 200, "\(operation): \(response.text)")
        return response.body
    }
}

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
    .enabled(if: MotoServer.isInstalled, "needs moto_server (PyPI: moto[server]) in PATH"),
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
