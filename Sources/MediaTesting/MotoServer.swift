import FoundationEssentials
import Glibc

/// The KMS of moto (https://github.com/getmoto/moto), which stands in for AWS: a server of its own on a free port.
///
/// It checks neither signatures nor, in calls other than DescribeKey, whether a key is enabled.
package final class MotoServer: Sendable {
    /// The one that the suite runs with.
    @TaskLocal package static var current: MotoServer?

    package static let region = "eu-central-1"
    package static let accessKeyID = "AKIDEXAMPLE"
    /// Why a test that needs it is skipped.
    package static let reason = "needs moto_server, which scripts/install-test installs"

    package static var isInstalled: Bool { Self.program != nil }

    /// That of scripts/install-test, or one in PATH.
    private static var program: String? {
        let own = SharedData.checkout.appending(path: ".build/moto-venv/bin").path(percentEncoded: false)
        let folders = [own] + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return folders.map { "\($0)/moto_server" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private struct NotUp: Error, CustomStringConvertible {
        let description: String
    }

    package let process: ChildProcess
    package let port: Int
    package var endpoint: String { "http://127.0.0.1:\(self.port)" }

    private init(process: ChildProcess, port: Int) {
        self.process = process
        self.port = port
    }

    /// Starts it and waits until it listens.
    package static func start() async throws -> MotoServer {
        guard let program = Self.program else { throw NotUp(description: Self.reason) }
        let process = try ChildProcess(program, ["-H", "127.0.0.1", "-p", "0"])
        let start = ContinuousClock.now
        // With port 0 only the server knows where it listens; it says so on standard error.
        while true {
            let said = String(decoding: process.stderr, as: UTF8.self)
            if let match = said.firstMatch(of: /Running on http:\/\/127\.0\.0\.1:([0-9]+)/), let port = Int(match.1) {
                return MotoServer(process: process, port: port)
            }
            guard process.exit == nil, ContinuousClock.now - start < Patience.timeMax else {
                throw NotUp(description: "moto_server did not come up; it said: \(said)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Kills the server; its port refuses connections from then on.
    package func kill() async throws {
        // `moto_server` may be a script that started the interpreter: the group has both.
        Glibc.kill(-self.process.pid, SIGKILL)
        _ = try await self.process.exit(within: Patience.timeMax)
    }

    /// Makes a symmetric key; returns its ARN.
    package func createKey() async throws -> String {
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
    package func call(_ operation: String, _ body: String) async throws -> [UInt8] {
        // Of all that a signature says, moto reads the region.
        let scope = "\(Self.accessKeyID)/20260101/\(Self.region)/kms/aws4_request"
        let head = [
            "POST / HTTP/1.1", "Host: 127.0.0.1:\(self.port)", "Content-Type: application/x-amz-json-1.1",
            "X-Amz-Target: TrentService.\(operation)", "Content-Length: \(body.utf8.count)", "Connection: close",
            "Authorization: AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature=0",
        ]
        let connection = try await RawConnection.connect(port: self.port)
        try await connection.send(head.joined(separator: "\r\n") + "\r\n\r\n\(body)")
        let response = try await connection.receiveResponse()
        guard response.status == 200 else {
            throw ChildProcess.Failure(description: "moto's \(operation): \(response.status) \(response.text)")
        }
        return response.body
    }
}
