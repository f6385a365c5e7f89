import FoundationEssentials
import MediaTesting
import Testing

/// The purge outbox of the service as built, told by a target that is not always there.
@Suite(.timeLimit(.minutes(10))) struct PurgeServiceTests {
    private struct Purger {
        let port: Int
        var settings: [String] {
            [
                "--purge-targets", "edge:varnish,url=http://127.0.0.1:\(self.port)", "--purge-retry-max", "1s",
                "--purge-rebound", "0ms",
            ]
        }

        init() throws { self.port = try FrontServer.freePort() }

        func answer() throws -> CannedServer { try CannedServer([.said(200, "")], port: self.port) }
    }

    private static func metric(_ name: String, of service: RunningService) async throws -> Double? {
        let response = try await service.connectToAdmin().exchange(RawRequest.head("GET", "/metrics"))
        // One series, or one a reason.
        let lines = response.text.split(separator: "\n").filter { $0.hasPrefix("\(name){target=\"edge\"") }
        let values = lines.compactMap { $0.split(separator: " ").last }.compactMap { Double($0) }
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    private static func until(_ isSo: () async throws -> Bool) async throws {
        while try await !isSo() { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// The fields that name tags, in the order of the requests.
    private static func told(_ server: CannedServer) -> [String] {
        server.requests.flatMap { request in
            request.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("xkey-") }.map(String.init)
        }
    }

    @Test func aTargetThatWasDownIsToldAfterAKillAndARestart() async throws {
        let purger = try Purger()
        let scratch = try TemporaryFolder()
        let service = try await RunningService.start(arguments: purger.settings, dataFolder: scratch.path("data"))
        let asset = try await Self.upload(to: service)
        let delete = RawRequest.head("DELETE", "/v1/assets/\(asset)")
        #expect(try await service.connect().exchange(delete).status == 204)
        try await Self.until { try await Self.metric("media_purge_failures_total", of: service) ?? 0 >= 2 }
        try await Self.until { try await Self.metric("media_purges_pending", of: service) == 2 }
        #expect(try await Self.metric("media_purge_lag_seconds", of: service) ?? 0 > 0)
        try await service.kill()
        #expect(service.log.contains("A purge target was not told"), "\(service.log)")

        let back = try await service.restart()
        let listed = try await MediactlRun(["purges", "list", "--data-dir", scratch.path("data")])
        #expect(listed.outputLines.last == "2 purges wait, 0 were sent and will be sent once more", "\(listed.errors)")
        #expect(listed.output.contains("unreachable"))
        let server = try purger.answer()
        try await Self.until { try await Self.metric("media_purges_pending", of: back) == 0 }
        #expect(try await Self.metric("media_purges_sent_total", of: back) == 2)
        #expect(Self.told(server) == ["xkey-softpurge: a.\(asset).latest", "xkey-purge: a.\(asset)"])
        #expect(try await back.stop() == .code(0))
    }

    @Test func anOperatorAsksForAPurgeAndForAnotherTry() async throws {
        let purger = try Purger()
        var server: CannedServer? = try purger.answer()
        var origin = try await ServedOrigin(arguments: purger.settings)
        let asset = try await origin.upload()
        let service = try #require(origin.service)
        try await Self.until { Self.told(try #require(server)).count == 1 }
        let asked = try await origin.operate("purges", "send", asset)
        #expect(asked.output == "1 targets will be told of \(asset)\n", "\(asked.errors)")
        try await Self.until { Self.told(try #require(server)).contains("xkey-purge: a.\(asset)") }
        #expect(try await origin.operate("purges", "send", "rubbish").code == 2)
        let unknown = try await origin.operate("purges", "send", "01jd3m8m9x0000000000000000")
        #expect(unknown.code == 1, "\(unknown.output)")

        server = nil
        _ = try await origin.operate("purges", "send", asset)
        try await Self.until { try await Self.metric("media_purge_failures_total", of: service) ?? 0 >= 1 }
        let again = try purger.answer()
        let retried = try await origin.operate("purges", "retry")
        #expect(retried.code == 0, "\(retried.errors)")
        try await Self.until { Self.told(again).contains("xkey-purge: a.\(asset)") }
        try await origin.stop()
    }

    @Test func aMissingSecretStopsTheStart() async throws {
        let scratch = try TemporaryFolder()
        let path = scratch.path("token")
        let error = await #expect(throws: ChildProcess.Failure.self) {
            _ = try await RunningService.start(
                arguments: ["--purge-targets", "cdn:fastly,service=S1,token-file=\(path)"],
                dataFolder: scratch.path("data")
            )
        }
        #expect(error?.description.contains("token-file of cdn is '\(path)'") == true, "\(error?.description ?? "")")
        try Data("two words\n".utf8).write(to: URL(filePath: path))
        let other = await #expect(throws: ChildProcess.Failure.self) {
            _ = try await RunningService.start(
                arguments: ["--purge-targets", "cdn:fastly,service=S1,token-file=\(path)"],
                dataFolder: scratch.path("data")
            )
        }
        #expect(other?.description.contains("expected one secret in it") == true)
        #expect(other?.description.contains("two words") == false)
    }

    private static func upload(to service: RunningService) async throws -> String {
        let run = try await MediactlRun(["upload", ServedOrigin.picture, "--origin", service.url])
        #expect(run.code == 0, "\(run.errors)")
        return try #require(run.output.split(separator: ": ").last?.split(separator: " ").first.map(String.init))
    }
}
