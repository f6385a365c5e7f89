import FoundationEssentials
import Logging
import MediaModel
import MediaOrigin
import MediaTesting
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

@testable import MediaHTTP
@testable import MediaMetrics

/// `/healthz` and `/readyz`, as who asks the admin listener sees them.
@Suite(.timeLimit(.minutes(5))) struct HealthTests {
    static let healthy: @Sendable () async throws -> Dependency.Finding = { .init(.healthy, "is well") }

    /// An admin listener over dependencies of the test's, for the length of `body`.
    static func with(
        _ dependencies: [Dependency],
        indicators: [Indicator] = [],
        _ body: (@escaping Ask) async throws -> Void
    ) async throws {
        let responder = AdminResponder(
            exposition: { _ in [] },
            dependencies: dependencies,
            indicators: { indicators },
            version: "1.2.3",
            isDraining: { false }
        )
        let patience = PeerPatience(
            idle: .seconds(600),
            head: .seconds(600),
            stall: .seconds(600),
            bytesPerSecondMin: 1
        )
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let listener = OriginServer.adminListener(
            .init(
                host: "127.0.0.1",
                port: 0,
                connectionsMax: 100,
                connectionsPerAddressMax: 100,
                patience: patience
            ),
            responder: responder,
            logger: Logger(label: "admin", factory: { _ in SwiftLogNoOpLogHandler() }),
            onListening: { listening.yield($0.port ?? 0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            let first = await ports.first { _ in true }
            let port = try #require(first)
            try await body { method, target, document in
                let fields = document.isEmpty ? [] : ["Content-Type: application/json"]
                let head = RawRequest.head(method, target, fields, bodyBytes: document.utf8.count)
                return try await RawConnection.connect(port: port).exchange(head, body: Array(document.utf8))
            }
            group.cancelAll()
        }
    }

    typealias Ask = (_ method: String, _ target: String, _ document: String) async throws -> RawResponse

    struct Report: Decodable {
        struct Part: Decodable {
            let status: String
            let required: Bool?
            let latencyMs: Double?
            let message: String?
        }

        struct SLI: Decodable {
            let name: String
            let current: Double?
            let target: Double
            let unit: String
            let status: String
            let trend: String
        }

        let status: String
        let version: String
        let uptimeSeconds: Int
        let slis: [SLI]
        let dependencies: [String: Part]
    }

    static func report(_ response: RawResponse) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(response.body))
    }

    static func type(_ response: RawResponse) throws -> String {
        struct Document: Decodable { let type: String }
        #expect(response["Content-Type"] == "application/problem+json")
        let document = try JSONDecoder().decode(Document.self, from: Data(response.body))
        return String(document.type.split(separator: ":").last ?? "")
    }

    @Test func theShortAnswerHasNoDetail() async throws {
        try await Self.with([Dependency("catalog", isRequired: true, look: Self.healthy)]) { ask in
            let response = try await ask("GET", "/healthz", "")
            #expect(response.status == 200)
            #expect(response["Cache-Control"] == "no-store")
            let report = try Self.report(response)
            #expect(report.status == "healthy" && report.version == "1.2.3" && report.uptimeSeconds >= 0)
            let part = try #require(report.dependencies["catalog"])
            #expect(part.status == "healthy" && part.required == nil && part.latencyMs == nil && part.message == nil)
        }
    }

    @Test func headIsGetWithoutItsBody() async throws {
        try await Self.with([Dependency("catalog", isRequired: true, look: Self.healthy)]) { ask in
            let response = try await ask("HEAD", "/healthz", "")
            #expect(response.status == 200 && response.body.isEmpty)
            #expect(response["Content-Type"] == "application/json")
        }
    }

    @Test(arguments: ["PUT", "DELETE", "PATCH", "OPTIONS"])
    func otherMethodsAreRefusedWithThoseThereAre(method: String) async throws {
        try await Self.with([]) { ask in
            let response = try await ask(method, "/healthz", "")
            #expect(response.status == 405 && response["Allow"] == "GET, HEAD, POST")
            #expect(try await ask("POST", "/readyz", "")["Allow"] == "GET, HEAD")
        }
    }

    @Test func detailIsOfWhatWasAskedFor() async throws {
        let asked = Mutex<[String]>([])
        let dependencies = ["catalog", "store", "disk"].map { name in
            Dependency(name, isRequired: true) {
                asked.withLock { $0.append(name) }
                return .init(name == "disk" ? .degraded : .healthy, "\(name) is there")
            }
        }
        try await Self.with(dependencies) { ask in
            let all = try Self.report(try await ask("POST", "/healthz", #"{"includeDetails": true}"#))
            #expect(all.status == "degraded" && all.dependencies.count == 3)
            asked.withLock { $0 = [] }
            let question = #"{"includeDetails": true, "services": ["store", "store"]}"#
            let response = try await ask("POST", "/healthz", question)
            let report = try Self.report(response)
            #expect(response.status == 200 && report.status == "healthy")
            #expect(Array(report.dependencies.keys) == ["store"])
            #expect(report.dependencies["store"]?.message == "store is there")
            #expect(report.dependencies["store"]?.required == true)
            #expect(try #require(report.dependencies["store"]?.latencyMs) >= 0)
            #expect(asked.withLock { $0 } == ["store"], "what was not asked for was looked at")
            let short = try Self.report(try await ask("POST", "/healthz", "{}"))
            #expect(short.dependencies["store"]?.message == nil)
        }
    }

    @Test(arguments: [
        (#"{"services": ["katalog"]}"#, 400, "unknown-service"),
        (#"{"services": "catalog"}"#, 400, "bad-json"),
        (#"{"includeDetails": "yes"}"#, 400, "bad-json"),
        (#"{"includeDetail": true}"#, 400, "bad-json"),
        (#"[]"#, 400, "bad-json"),
        (#"{"services": ["#, 400, "bad-json"),
        (#"{"services": [""# + String(repeating: "a", count: 5000) + #""]}"#, 413, "content-too-large"),
    ])
    func whatIsNoQuestionIsRefused(document: String, status: Int, type: String) async throws {
        try await Self.with([Dependency("catalog", isRequired: true, look: Self.healthy)]) { ask in
            let response = try await ask("POST", "/healthz", document)
            #expect(response.status == status)
            #expect(try Self.type(response) == type)
            #expect(!response.text.contains("katalog"), "it repeats what it was sent")
        }
    }

    @Test func aQuestionSaysThatItIsJSON() async throws {
        try await Self.with([]) { ask in
            let response = try await ask("POST", "/healthz", "")
            #expect(response.status == 415)
            #expect(try Self.type(response) == "json-required")
        }
    }

    @Test func whatTheServiceCannotDoWithoutMakesItUnhealthy() async throws {
        let dependencies = [
            Dependency("store", isRequired: true) {
                throw BlobStoreError(.failed, detail: "open /secret/path: Input/output error")
            },
            Dependency("disk", isRequired: false, look: Self.healthy),
        ]
        try await Self.with(dependencies) { ask in
            let response = try await ask("POST", "/healthz", #"{"includeDetails": true}"#)
            let report = try Self.report(response)
            #expect(response.status == 503 && report.status == "unhealthy")
            #expect(report.dependencies["store"]?.message == "cannot be used (store.failed); see the log")
            #expect(!response.text.contains("secret"))
            let ready = try await ask("GET", "/readyz", "")
            #expect(ready.status == 503)
            #expect(ready.text.contains(#""checks":{"store":"failed"},"status":"unready""#))
        }
    }

    @Test func whatItCanDoWithoutDegradesIt() async throws {
        let dependencies = [
            Dependency("catalog", isRequired: true, look: Self.healthy),
            Dependency("disk", isRequired: false) { .init(.unhealthy, "is full") },
        ]
        try await Self.with(dependencies) { ask in
            let response = try await ask("GET", "/healthz", "")
            #expect(response.status == 200)
            #expect(try Self.report(response).status == "degraded")
            #expect(try await ask("GET", "/readyz", "").status == 200)
        }
    }

    @Test func aBreachDegradesItAndIsTold() async throws {
        let indicators = Self.breaching
        try await Self.with([], indicators: indicators) { ask in
            let response = try await ask("GET", "/healthz", "")
            let report = try Self.report(response)
            #expect(response.status == 200 && report.status == "degraded")
            let sli = try #require(report.slis.first { $0.name == "availability" })
            #expect(sli.current == 50 && sli.target == 99.9 && sli.unit == "percent" && sli.status == "breaching")
            #expect(sli.trend == "stable")
            let slow = try #require(report.slis.first { $0.name == "latency-p95" })
            #expect(slow.current == nil && slow.target == 500 && slow.unit == "ms" && slow.status == "no_data")
            #expect(response.text.contains(#""current":null,"name":"latency-p95""#))
        }
    }

    /// Half of 200 requests failed, and nobody took their time.
    private static var breaching: [Indicator] {
        var record = IndicatorRecord()
        var reading = ObjectiveReading()
        record.add(reading, at: .zero)
        reading.requests = 200
        reading.unavailable = 100
        return record.indicators(reading, at: .seconds(1))
    }
}

/// A look that hangs holds nobody up for longer than the deadline, and is alone.
@Suite(.timeLimit(.minutes(5))) struct DependencyProbeTests {
    /// A dependency that answers once the test lets it.
    final class Stuck: Sendable {
        private struct State {
            var looks = 0
            var isFree = false
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        var looks: Int { self.state.withLock { $0.looks } }

        /// Not even cancellation ends it.
        func look() async throws -> Dependency.Finding {
            await withCheckedContinuation { continuation in
                let isFree = self.state.withLock { state in
                    state.looks += 1
                    if !state.isFree { state.waiting.append(continuation) }
                    return state.isFree
                }
                if isFree { continuation.resume() }
            }
            return .init(.healthy, "is there again")
        }

        func letGo() {
            let waiting = self.state.withLock { state in
                defer { state.waiting = [] }
                state.isFree = true
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    @Test func whoeverAsksGetsAnAnswerInTime() async throws {
        let stuck = Stuck()
        let dependency = Dependency("store", isRequired: true) { try await stuck.look() }
        let probes = DependencyProbes(
            [dependency, Dependency("disk", isRequired: false, look: HealthTests.healthy)],
            deadline: .seconds(1)
        )
        for _ in 0..<2 {
            let answers = await probes.ask()
            #expect(answers.map { $0.answer.finding.status } == [.unhealthy, .healthy])
            #expect(answers.first?.answer.finding.message == "did not answer within 1.0 s")
            #expect(try #require(answers.first).answer.latency >= .seconds(1))
        }
        #expect(stuck.looks == 1, "each question has begun another look")
        stuck.letGo()
        let isBack = try await comesAbout { await probes.ask().first?.answer.finding.status == .healthy }
        #expect(isBack)
    }

    @Test func manyAskersShareOneLook() async throws {
        let stuck = Stuck()
        let probe = DependencyProbe(
            Dependency("store", isRequired: true) { try await stuck.look() },
            deadline: Patience.timeMax
        )
        try await withThrowingTaskGroup(of: Dependency.Status.self) { group in
            for _ in 0..<20 { group.addTask { await probe.ask().finding.status } }
            let areWaiting = try await comesAbout { probe.waiting == 20 && stuck.looks > 0 }
            #expect(areWaiting && stuck.looks == 1)
            stuck.letGo()
            for try await status in group { #expect(status == .healthy) }
        }
    }

    /// None of them ends before all have begun.
    @Test func dependenciesAreAskedSideBySide() async throws {
        let begun = Mutex(0)
        let together = (0..<5).map { index in
            Dependency("d\(index)", isRequired: true) {
                begun.withLock { $0 += 1 }
                let areAll = try await comesAbout { begun.withLock { $0 } == 5 }
                return .init(areAll ? .healthy : .unhealthy, "")
            }
        }
        let answers = await DependencyProbes(together, deadline: Patience.timeMax * 2).ask()
        #expect(answers.map(\.dependency.name) == ["d0", "d1", "d2", "d3", "d4"])
        #expect(answers.allSatisfy { $0.answer.finding.status == .healthy })
    }

    @Test func theDeadlineIsTwoSeconds() { #expect(DependencyProbe.deadline == .seconds(2)) }
}
