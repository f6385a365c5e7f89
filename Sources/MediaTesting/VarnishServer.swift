import FoundationEssentials
import Glibc

/// Varnish as Debian has it, with the project's own VCL in front of an origin.
///
/// When the last reference goes it is killed, and its folder removed.
package final class VarnishServer: Sendable {
    private static let program = "/usr/sbin/varnishd"
    private static let module = "libvmod_xkey.so"
    /// From the start until it takes connections; it compiles its VCL before.
    private static let startTimeout = Duration.seconds(60)

    /// Whether there are a Varnish and its vmod_xkey.
    package static var isInstalled: Bool {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        let vmods =
            folders.map { "/usr/lib/\($0)/varnish/vmods/\(Self.module)" } + ["/usr/lib/varnish/vmods/\(Self.module)"]
        return FileManager.default.isExecutableFile(atPath: Self.program)
            && vmods.contains { FileManager.default.fileExists(atPath: $0) }
    }

    package static let reason = "needs Debian's varnish and varnish-modules (scripts/install-test)"

    package let port: Int
    private let process: ChildProcess
    private let scratch: TemporaryFolder

    private init(port: Int, process: ChildProcess, scratch: TemporaryFolder) {
        self.port = port
        self.process = process
        self.scratch = scratch
    }

    /// A port that nobody listens on now: an origin has to know where it purges before there is a Varnish.
    package static func freePort() throws -> Int { try CannedServer([.hangUp]).port }

    /// Starts it and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - port: where it listens.
    ///   - originPort: what it pulls from, on 127.0.0.1.
    /// - Throws: ``ChildProcess/Failure`` with what it said.
    package static func start(port: Int, originPort: Int) async throws -> VarnishServer {
        let scratch = try TemporaryFolder()
        let source = SharedData.checkout.appending(path: "cdn/varnish/default.vcl")
        let text = try String(contentsOf: source, encoding: .utf8)
        let vcl = text.replacing(".port = \"8080\";", with: ".port = \"\(originPort)\";")
        guard vcl != text else { throw ChildProcess.Failure(description: "the VCL does not name the origin's port") }
        try Data(vcl.utf8).write(to: scratch.url.appending(path: "default.vcl"))
        let process = try ChildProcess(
            Self.program,
            [
                "-F", "-j", "none", "-f", scratch.path("default.vcl"), "-n", scratch.path("work"),
                "-a", "127.0.0.1:\(port)", "-s", "malloc,64m", "-p", "thread_pool_min=10",
            ]
        )
        let start = ContinuousClock.now
        while process.exit == nil, ContinuousClock.now - start < Self.startTimeout {
            if (try? await RawConnection.connect(port: port)) != nil {
                return VarnishServer(port: port, process: process, scratch: scratch)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let said = String(decoding: process.stderr.suffix(4000), as: UTF8.self)
        throw ChildProcess.Failure(description: "varnishd does not listen; it said: \(said)")
    }

    /// A new connection to it.
    package func connect() async throws -> RawConnection { try await RawConnection.connect(port: self.port) }

    /// SIGKILL; what it has cached is lost.
    package func kill() async throws {
        self.process.send(signal: SIGKILL)
        _ = try await self.process.exit(within: .seconds(10))
    }
}
