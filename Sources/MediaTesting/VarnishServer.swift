import FoundationEssentials

/// Varnish as Debian has it, with the project's own VCL in front of an origin. Its folder is removed with it.
package final class VarnishServer: FrontCache {
    package static let name = "varnish"
    private static let program = "/usr/sbin/varnishd"
    private static let module = "libvmod_xkey.so"

    /// Whether there are a Varnish and its vmod_xkey.
    package static var isInstalled: Bool {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        let vmods =
            folders.map { "/usr/lib/\($0)/varnish/vmods/\(Self.module)" } + ["/usr/lib/varnish/vmods/\(Self.module)"]
        return FileManager.default.isExecutableFile(atPath: Self.program)
            && vmods.contains { FileManager.default.fileExists(atPath: $0) }
    }

    package static let reason = "needs Debian's varnish and varnish-modules (scripts/install-test)"

    private let server: FrontServer
    private let scratch: TemporaryFolder

    package var port: Int { self.server.port }

    private init(_ server: FrontServer, _ scratch: TemporaryFolder) {
        self.server = server
        self.scratch = scratch
    }

    /// Starts it and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - port: where it listens; nil: any that is free.
    ///   - originPort: what it pulls from, on 127.0.0.1.
    /// - Throws: ``ChildProcess/Failure`` with what it said.
    package static func start(port: Int? = nil, originPort: Int) async throws -> VarnishServer {
        let port = try port ?? FrontServer.freePort()
        let scratch = try TemporaryFolder()
        let parts = [(".port = \"8080\";", ".port = \"\(originPort)\";")]
        let vcl = try FrontServer.configuration("varnish/default.vcl", parts)
        try Data(vcl.utf8).write(to: scratch.url.appending(path: "default.vcl"))
        let arguments = [
            "-F", "-j", "none", "-f", scratch.path("default.vcl"), "-n", scratch.path("work"),
            "-a", "127.0.0.1:\(port)", "-s", "malloc,64m", "-p", "thread_pool_min=10",
        ]
        return VarnishServer(try await FrontServer(Self.program, arguments, port: port), scratch)
    }

    /// SIGKILL; what it has cached is lost.
    package func kill() async throws { try await self.server.kill() }
}
