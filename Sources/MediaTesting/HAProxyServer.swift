import FoundationEssentials

/// HAProxy as Debian has it, with the project's own configuration in front of two origins.
package final class HAProxyServer: Sendable {
    private static let program = "/usr/sbin/haproxy"

    package static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: Self.program) }

    package static let reason = "needs Debian's haproxy (scripts/install-test)"

    /// Where an origin listens, on 127.0.0.1.
    package struct Origin: Sendable {
        let port: Int
        let adminPort: Int

        package init(port: Int, adminPort: Int) {
            self.port = port
            self.adminPort = adminPort
        }

        var text: String { "127.0.0.1:\(self.port) port \(self.adminPort)" }
    }

    private let server: FrontServer
    private let scratch: TemporaryFolder

    private init(_ server: FrontServer, _ scratch: TemporaryFolder) {
        self.server = server
        self.scratch = scratch
    }

    /// Starts it and waits until it takes connections.
    ///
    /// - Throws: ``ChildProcess/Failure`` with what it said.
    package static func start(_ one: Origin, _ two: Origin) async throws -> HAProxyServer {
        let port = try FrontServer.freePort()
        let scratch = try TemporaryFolder()
        let parts = [
            ("bind :8083", "bind 127.0.0.1:\(port)"), ("127.0.0.1:8080 port 9090", one.text),
            ("127.0.0.1:8180 port 9190", two.text), ("127.0.0.1:8080 backup", "127.0.0.1:\(one.port) backup"),
            ("127.0.0.1:8180 backup", "127.0.0.1:\(two.port) backup"),
        ]
        let configuration = try FrontServer.configuration("haproxy/haproxy.cfg", parts)
        try Data(configuration.utf8).write(to: scratch.url.appending(path: "haproxy.cfg"))
        let arguments = ["-db", "-f", scratch.path("haproxy.cfg")]
        return HAProxyServer(try await FrontServer(Self.program, arguments, port: port), scratch)
    }

    /// A new connection to it.
    package func connect() async throws -> RawConnection { try await RawConnection.connect(port: self.server.port) }
}
