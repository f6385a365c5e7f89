import FoundationEssentials
import MediaTesting
import Synchronization
import Testing

/// Two services with the same content behind a real HAProxy.
extension WireTests {
    @Suite(.enabled(if: HAProxyServer.isInstalled, "\(HAProxyServer.reason)"), .timeLimit(.minutes(5)))
    struct HAProxyWireTests {
        /// Readers at work, and what they got.
        private final class Readers: Sendable {
            private struct State {
                var whole = 0
                var failures: [String] = []
                var isOver = false
            }

            private let state = Mutex(State())

            var isOver: Bool { self.state.withLock { $0.isOver } }
            var failures: [String] { self.state.withLock { $0.failures } }

            func end() { self.state.withLock { $0.isOver = true } }

            /// - Parameter failure: what is wrong with what came; nil: nothing.
            func got(_ failure: String?) {
                self.state.withLock { state in
                    if let failure { state.failures.append(failure) } else { state.whole += 1 }
                }
            }

            /// Waits until so many more pictures were read.
            func read(_ count: Int) async throws {
                let before = self.state.withLock { $0.whole }
                while self.state.withLock({ $0.whole < before + count }) {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }

        /// A service at a place that it comes back to.
        private static func start(_ data: String, at ports: (http: Int, admin: Int)) async throws -> RunningService {
            let arguments = ["--http-port", "\(ports.http)", "--admin-port", "\(ports.admin)", "--drain-lead", "3s"]
            return try await RunningService.start(
                arguments: arguments,
                environment: ["MEDIA_WORKERS": "1"],
                dataFolder: data
            )
        }

        @Test func anOriginIsRestartedAndNoReadFails() async throws {
            let scratch = try TemporaryFolder()
            var ports: [(http: Int, admin: Int)] = []
            for _ in 0..<2 { ports.append((try FrontServer.freePort(), try FrontServer.freePort())) }
            let first = try await Self.start(scratch.path("one"), at: ports[0])
            let entries = try await [
                Origin(service: first).asset(), Origin(service: first).asset("noise.png"),
                Origin(service: first).asset("alpha.png"),
            ].flatMap { Array($0.renditions.values) }
            #expect(try await first.stop() == .code(0))
            try FileManager.default.copyItem(atPath: scratch.path("one"), toPath: scratch.path("two"))
            let one = try await Self.start(scratch.path("one"), at: ports[0])
            let two = try await Self.start(scratch.path("two"), at: ports[1])
            let proxy = try await HAProxyServer.start(
                .init(port: ports[0].http, adminPort: ports[0].admin),
                .init(port: ports[1].http, adminPort: ports[1].admin)
            )
            let readers = Readers()
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { readers.end() }
                for first in 0..<4 {
                    group.addTask {
                        var count = first
                        while !readers.isOver {
                            readers.got(await Self.read(entries[count % entries.count], through: proxy))
                            count += 1
                        }
                    }
                }
                try await readers.read(50)
                #expect(try await one.stop() == .code(0))
                try await readers.read(50)
                let back = try await Self.start(scratch.path("one"), at: ports[0])
                // It has work again: half of the pictures are its own.
                let isBack = try await comesAbout {
                    try await Origin(service: back).metrics().contains("http_requests_total{route=\"/a/")
                }
                #expect(isBack)
                readers.end()
                try await group.waitForAll()
                #expect(try await back.stop() == .code(0))
            }
            #expect(readers.failures.isEmpty, "\(readers.failures.count): \(readers.failures.prefix(5))")
            #expect(try await two.stop() == .code(0))
        }

        /// - Returns: what is wrong with what came; nil: nothing.
        private static func read(_ entry: AssetJSON.Entry, through proxy: HAProxyServer) async -> String? {
            do {
                let response = try await proxy.connect().exchange(RawRequest.head("GET", entry.url))
                let isRight =
                    response.status == 200 && response["ETag"] == "\"\(entry.sha256)\""
                    && response.body.count == entry.bytes
                return isRight ? nil : "\(response.status) with \(response.body.count) bytes"
            } catch {
                return "\(error)"
            }
        }

        @Test func originalsStayInside() async throws {
            try await EdgeRules.originalsStayInside { port in
                let place = HAProxyServer.Origin(port: port, adminPort: port)
                let proxy = try await HAProxyServer.start(place, place)
                return { try await proxy.connect() }
            }
        }

        @Test func onlyDeliveriesAreForTheWorld() async throws {
            try await Origin.with { origin in
                let place = HAProxyServer.Origin(port: origin.service.port, adminPort: origin.service.adminPort)
                let proxy = try await HAProxyServer.start(place, place)
                let url = try await origin.asset().entry("preview").url
                #expect(try await proxy.connect().exchange(RawRequest.head("GET", url)).status == 200)
                #expect(try await proxy.connect().exchange(RawRequest.head("HEAD", url)).status == 200)
                #expect(try await proxy.connect().exchange(RawRequest.head("GET", "/v1/assets")).status == 404)
                let delete = try await proxy.connect().exchange(RawRequest.head("DELETE", "/a/x"))
                #expect(delete.status == 405)
                #expect(delete["Allow"] == "GET, HEAD")
            }
        }
    }
}
