import FoundationEssentials
import Glibc

/// nginx as Debian has it, with the project's own configuration in front of an origin.
package final class NginxServer: FrontCache {
    package static let name = "nginx"
    private static let program = "/usr/sbin/nginx"
    private static let module = "/usr/lib/nginx/modules/ngx_http_cache_purge_module.so"

    /// Whether there are an nginx and its module for purges.
    package static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: Self.program)
            && FileManager.default.fileExists(atPath: Self.module)
    }

    package static let reason = "needs Debian's nginx and libnginx-mod-http-cache-purge (scripts/install-test)"

    private let server: FrontServer
    private let ports: (readers: Int, purges: Int)
    private let originPort: Int
    /// What it has cached is in there, and stays when it is killed.
    private let scratch: TemporaryFolder

    package var port: Int { self.server.port }
    /// Where it takes purges, on 127.0.0.1.
    package var purgePort: Int { self.ports.purges }

    private init(_ ports: (readers: Int, purges: Int), originPort: Int, _ scratch: TemporaryFolder) async throws {
        self.ports = ports
        self.originPort = originPort
        self.scratch = scratch
        let parts = [
            ("/var/lib/nginx/media", scratch.path("cache")), ("127.0.0.1:8080", "127.0.0.1:\(originPort)"),
            ("listen 8081;", "listen 127.0.0.1:\(ports.readers);"), ("127.0.0.1:8082", "127.0.0.1:\(ports.purges)"),
        ]
        let media = try FrontServer.configuration("nginx/media.conf", parts)
        try Data(media.utf8).write(to: scratch.url.appending(path: "media.conf"))
        try Data(Self.main(scratch).utf8).write(to: scratch.url.appending(path: "nginx.conf"))
        let arguments = ["-p", scratch.path, "-c", scratch.path("nginx.conf"), "-e", "stderr"]
        self.server = try await FrontServer(Self.program, arguments, port: ports.readers)
    }

    /// Starts it and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - port: where it listens for readers; nil: any that is free.
    ///   - purgePort: where it takes purges, likewise.
    ///   - originPort: what it pulls from, on 127.0.0.1.
    /// - Throws: ``ChildProcess/Failure`` with what it said.
    package static func start(port: Int? = nil, purgePort: Int? = nil, originPort: Int) async throws -> NginxServer {
        let ports = (readers: try port ?? FrontServer.freePort(), purges: try purgePort ?? FrontServer.freePort())
        return try await NginxServer(ports, originPort: originPort, TemporaryFolder())
    }

    /// SIGKILL to all of its processes.
    package func kill() async throws { try await self.server.kill() }

    /// Another one at the same place with what this one has cached, once this one was killed.
    package func restart() async throws -> NginxServer {
        try await NginxServer(self.ports, originPort: self.originPort, self.scratch)
    }

    /// What Debian's own nginx.conf says around it, as far as it matters, without what needs root.
    private static func main(_ scratch: TemporaryFolder) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(scratch.path($0));"
        }
        return """
            load_module \(Self.module);
            daemon off;
            worker_processes 2;
            pid \(scratch.path("pid"));
            \(geteuid() == 0 ? "user www-data;" : "")
            events { worker_connections 2048; }
            http {
                access_log off;
                tcp_nopush on;
                \(temporary.joined(separator: " "))
                include \(scratch.path("media.conf"));
            }

            """
    }
}
