import FoundationEssentials
import MediaBench
import MediaTesting
import Testing

/// `mediactl bench` as built, against a service as built.
@Suite(.timeLimit(.minutes(10))) struct BenchServiceTests {
    private static let short = ["--slot", "100ms", "--rate", "20", "--connections", "4"]

    private static func bench(_ service: RunningService, _ more: [String]) async throws -> MediactlRun {
        try await MediactlRun(["bench", "--origin", service.url, "--admin-url", service.adminURL] + Self.short + more)
    }

    private static func report(_ path: String) throws -> BenchReport {
        try JSONDecoder().decode(BenchReport.self, from: try Data(contentsOf: URL(filePath: path)))
    }

    @Test func everyEndpointIsMeasuredAndNothingIsLeftBehind() async throws {
        let service = try await RunningService.start()
        let folder = try TemporaryFolder()
        let run = try await Self.bench(service, ["--rounds", "2", "--out", folder.path("a.json")])
        #expect(run.code == 0, "\(run.errors)")
        let names = ["thumbnail", "preview", "latest", "not-modified", "range", "upload", "manifest", "livez"]
        #expect(
            run.outputLines.dropFirst().prefix(names.count).map { $0.prefix { $0 != " " } } == names.map { $0[...] }
        )
        // There is no terminal here: no bar, a line a round.
        #expect(run.errors.contains("warm-up\nround 1 of 2\nround 2 of 2\n") && !run.errors.contains("\u{1B}"))

        let report = try Self.report(folder.path("a.json"))
        #expect(report.endpoints.map(\.name) == names)
        for endpoint in report.endpoints {
            let latency = endpoint.latency
            #expect(
                endpoint.requests == 4 && endpoint.successRate == 1 && endpoint.failures.isEmpty,
                "\(endpoint.name)"
            )
            #expect(latency.minimum > 0 && latency.minimum <= latency.median && latency.median <= latency.maximum)
            #expect((endpoint.cpuSecondsPerRequest ?? 0) > 0, "\(endpoint.name)")
            #expect(endpoint.rounds.count == 2)
        }
        #expect(report.endpoints[0].cacheHitRatio == 1)
        #expect(report.endpoints.first { $0.name == "range" }?.responseBytes == 1024)
        #expect(report.endpoints.first { $0.name == "not-modified" }?.responseBytes == 0)

        let list = try await service.connect().exchange(RawRequest.head("GET", "/v1/assets"))
        #expect(list.text.contains(#""assets":[]"#), "\(list.text)")
        #expect(try await service.stop() == .code(0), "\(service.log)")
    }

    @Test func twoRunsAreComparedAndASlowerOneIsFound() async throws {
        let service = try await RunningService.start()
        let folder = try TemporaryFolder()
        let (before, after, slower) = (folder.path("before"), folder.path("after"), folder.path("slower"))
        let chosen = ["--endpoint", "thumbnail", "--rounds", "8", "--pid", "\(service.process.pid)"]
        #expect(try await Self.bench(service, chosen + ["--out", before]).code == 0)
        let like = [
            "bench", "--origin", service.url, "--pid", "\(service.process.pid)", "--like", before, "--out", after,
        ]
        #expect(try await MediactlRun(like).code == 0)
        #expect(try Self.report(before).plan == (try Self.report(after).plan))

        var report = try Self.report(before)
        let same = try await MediactlRun(["bench", "compare", before, before])
        #expect(same.code == 0 && same.outputLines.last?.hasPrefix("verdict: no regression") == true, "\(same.output)")
        for round in report.endpoints[0].rounds.indices {
            report.endpoints[0].rounds[round].cpuSecondsPerRequest? *= 30
        }
        try JSONEncoder().encode(report).write(to: URL(filePath: slower))
        let worse = try await MediactlRun(["bench", "compare", before, slower])
        #expect(worse.code == 3 && worse.output.contains("regression"), "\(worse.output)")
        let lines = try await MediactlRun(["bench", "compare", "--json", slower, before])
        #expect(lines.code == 0 && lines.output.contains(#""verdict":"improvement""#), "\(lines.output)")

        report.plan.rates["thumbnail"] = 21
        try JSONEncoder().encode(report).write(to: URL(filePath: slower))
        let unlike = try await MediactlRun(["bench", "compare", before, slower])
        #expect(unlike.code == 2 && unlike.errors.contains("--like"), "\(unlike.errors)")
    }

    @Test func twoServicesAreMeasuredSideBySide() async throws {
        let one = try await RunningService.start()
        let other = try await RunningService.start()
        let folder = try TemporaryFolder()
        let (before, after) = (folder.path("before"), folder.path("after"))
        let run = try await MediactlRun(
            ["bench", "--origin", one.url, "--pid", "\(one.process.pid)", "--out", before] + Self.short
                + ["--against", other.url, "--against-pid", "\(other.process.pid)", "--against-out", after]
                + ["--endpoint", "thumbnail", "--endpoint", "upload", "--rounds", "9"]
        )
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.outputLines.contains("\(one.url):") && run.outputLines.contains("\(other.url):"))
        var reports = [try Self.report(before), try Self.report(after)]
        #expect(reports[0].pair != nil && reports[0].pair == reports[1].pair)
        for report in reports {
            #expect(report.endpoints.map(\.name) == ["thumbnail", "upload"])
            #expect(report.endpoints.allSatisfy { $0.rounds.allSatisfy { ($0.cpuSecondsPerRequest ?? 0) > 0 } })
        }
        // However different the rounds are among each other.
        for round in reports[1].endpoints[0].rounds.indices {
            let disturbance = Double(round % 3 + 1)
            let cpu = reports[0].endpoints[0].rounds[round].cpuSecondsPerRequest ?? 0
            reports[0].endpoints[0].rounds[round].cpuSecondsPerRequest = cpu * disturbance
            reports[1].endpoints[0].rounds[round].cpuSecondsPerRequest = cpu * disturbance * 1.3
        }
        for (report, path) in zip(reports, [before, after]) {
            try JSONEncoder().encode(report).write(to: URL(filePath: path))
        }
        let worse = try await MediactlRun(["bench", "compare", before, after])
        #expect(worse.code == 3 && worse.output.contains("+30.0 %"), "\(worse.output)")
        #expect(try await one.stop() == .code(0), "\(one.log)")
        #expect(try await other.stop() == .code(0), "\(other.log)")
    }

    @Test(arguments: [
        (["--against-pid", "1"], "--against URL"), (["--against-out", "x"], "--against URL"),
        (["--against", "http://127.0.0.1:1", "--pid", "1"], "--against-pid"),
        (["--against", "http://127.0.0.1:1", "--admin-url", "http://127.0.0.1:2"], "--admin-url"),
        (["--against", "here"], "is no URL"),
    ])
    func halfASecondServiceIsUsage(arguments: [String], advice: String) async throws {
        let run = try await MediactlRun(["bench"] + arguments)
        #expect(run.code == 2)
        #expect(run.errors.contains(advice), "\(run.errors)")
    }

    @Test func aServiceThatIsNotThereIsToldOf() async throws {
        let port = try FrontServer.freePort()
        let run = try await MediactlRun(["bench", "--origin", "http://127.0.0.1:\(port)"])
        #expect(run.code == 1)
        #expect(run.errors.contains("cannot reach http://127.0.0.1:\(port)") && run.errors.contains("mediad serve"))
    }

    @Test func aServiceThatEndsInTheMiddleIsToldOf() async throws {
        let service = try await RunningService.start()
        let folder = try TemporaryFolder()
        async let measured = Self.bench(
            service,
            ["--endpoint", "thumbnail", "--rounds", "9999", "--out", folder.path("a.json")]
        )
        let isUnderWay = try await comesAbout {
            let list = try await service.connect().exchange(RawRequest.head("GET", "/v1/assets")).text
            return list.contains(#""state":"ready""#)
        }
        #expect(isUnderWay)
        try await service.kill()
        let run = try await measured
        #expect(run.code == 1 && !run.errors.isEmpty, "\(run.errors)")
        #expect(try folder.files().isEmpty)
    }

    @Test(arguments: [
        ["--rounds", "0"], ["--connections", "0"], ["--slot", "1ms"], ["--rate", "0"], ["--rate", "none=5"],
        ["--endpoint", "none"], ["--endpoint", "livez"], ["--admin-url", "here"], ["--picture", "/none"],
        ["--like", "/none"], ["--out", "/none/a.json"], ["compare", "/none", "/none"], ["compare", "/none"],
        ["--pid", "0"],
    ])
    func whatCannotBeUnderstoodIsAUsageError(arguments: [String]) async throws {
        #expect(try await MediactlRun(["bench"] + arguments).code == 2)
    }
}
