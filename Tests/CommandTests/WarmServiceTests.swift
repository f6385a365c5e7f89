import FoundationEssentials
import MediaTesting
import Testing

/// The service and `mediactl warm`, through a cache that is really there.
@Suite(.enabled(if: NginxServer.isInstalled, "\(NginxServer.reason)"), .timeLimit(.minutes(10)))
struct WarmServiceTests {
    /// A service that purges an nginx, and warms it where that is asked for.
    private struct Edge {
        let service: RunningService
        let nginx: NginxServer

        static func with(isWarming: Bool, _ body: (Edge) async throws -> Void) async throws {
            let ports = (readers: try FrontServer.freePort(), purges: try FrontServer.freePort())
            var settings = ["MEDIA_PURGE_TARGETS": "edge:nginx,url=http://127.0.0.1:\(ports.purges)"]
            if isWarming { settings["MEDIA_WARM_BASE_URL"] = "http://127.0.0.1:\(ports.readers)" }
            let service = try await RunningService.start(environment: settings)
            let nginx = try await NginxServer.start(
                port: ports.readers,
                purgePort: ports.purges,
                originPort: service.port
            )
            try await body(Edge(service: service, nginx: nginx))
            #expect(try await service.stop() == .code(0), "\(service.log)")
        }

        var site: String { "http://127.0.0.1:\(self.nginx.port)" }

        func upload(_ more: String...) async throws -> String {
            let run = try await MediactlRun(["upload", ServedOrigin.picture, "--origin", self.service.url] + more)
            #expect(run.code == 0, "\(run.errors)")
            return try #require(run.output.split(separator: ": ").last?.split(separator: " ").first.map(String.init))
        }

        func warm(_ arguments: String...) async throws -> MediactlRun {
            try await MediactlRun(["warm", "--origin", self.service.url] + arguments)
        }

        /// Paths that were pulled through nginx and not found there before.
        func pulled() async throws -> Double {
            let text = try await self.service.connectToAdmin().exchange(RawRequest.head("GET", "/metrics")).text
            let line = text.split(separator: "\n").first { $0.hasPrefix("media_warm_pulls_total{outcome=\"miss\"}") }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
        }
    }

    @Test func aPublishedPictureIsThereBeforeItsReaders() async throws {
        try await Edge.with(isWarming: true) { edge in
            let asset = try await edge.upload()
            // Two renditions, each as a version and as latest.
            let arePulled = try await comesAbout { try await edge.pulled() == 4 }
            #expect(arePulled)
            let run = try await edge.warm("--through", edge.site, asset)
            #expect(run.code == 0, "\(run.errors)")
            #expect(run.outputLines.last == "4 URLs: 4 hit, 0 miss, 0 uncached, 0 unknown, 0 failed")
        }
    }

    @Test func aColdCacheIsWarmed() async throws {
        try await Edge.with(isWarming: false) { edge in
            let asset = try await edge.upload()
            let cold = try await edge.warm("--through", edge.site, asset)
            #expect(cold.code == 0, "\(cold.errors)")
            #expect(cold.outputLines.last == "4 URLs: 0 hit, 4 miss, 0 uncached, 0 unknown, 0 failed")
            #expect(cold.outputLines.count == 5)
            // The same by time, and as JSON.
            let warm = try await edge.warm("--through", edge.site, "--since", "1h", "--json")
            #expect(warm.outputLines.last?.contains(#""hit":4"#) == true, "\(warm.output)\(warm.errors)")
            #expect(
                try await edge.warm("--through", edge.site, "--since", "2099-01-01T00:00:00Z").output.hasPrefix("0 ")
            )
        }
    }

    @Test func aListIsWarmedAndAFailureIsTold() async throws {
        try await Edge.with(isWarming: false) { edge in
            let asset = try await edge.upload()
            let list = try TemporaryFolder()
            let urls = [
                "# what matters", "", "https://elsewhere.example/a/\(asset)/v1/thumbnail.webp",
                "/a/\(asset)/v9/no.webp",
            ]
            try Data(urls.joined(separator: "\n").utf8).write(to: URL(filePath: list.path("urls")))
            let run = try await edge.warm("--through", edge.site, "--urls", list.path("urls"))
            #expect(run.code == 1)
            #expect(run.output.contains("miss ") && run.output.contains("failed ") && run.output.contains("404"))
            #expect(run.outputLines.last == "2 URLs: 0 hit, 1 miss, 0 uncached, 0 unknown, 1 failed")
        }
    }

    @Test(arguments: [
        [], ["--through", "http://127.0.0.1:1"], ["--since", "soon", "--through", "http://127.0.0.1:1"],
    ])
    func whatCannotBeUnderstoodIsAUsageError(arguments: [String]) async throws {
        #expect(try await MediactlRun(["warm"] + arguments).code == 2)
    }
}
