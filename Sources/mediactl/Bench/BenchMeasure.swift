import ArgumentParser
import FoundationEssentials
import MediaBench
import MediaModel
import MediaRuntime

/// `mediactl bench` itself: measures, prints a table and writes the JSON file.
struct BenchMeasure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure a running service; the subcommand that needs no naming.",
        discussion: "Uploads a picture of its own, asks for it in many ways, and erases what it uploaded. Requests are "
            + "sent at a constant rate whatever becomes of those before, and latency counts from the moment a request "
            + "was due, so that a service that hangs does not hide it. Endpoints take turns in rounds. With "
            + "--pid or --admin-url also the service's own CPU for a request is told, which a busy machine disturbs "
            + "least. Two builds are best measured in one run, --against each other: all that a machine does meanwhile "
            + "falls on both, and 'bench compare' judges round by round. The exit code is 1 where the service is not "
            + "there, ends, or answers otherwise than it should."
    )

    @Option(
        name: .customLong("endpoint"),
        help: ArgumentHelp(
            "What to measure; once for each (default: all that the service has). One of: "
                + BenchEndpointName.allCases.map(\.rawValue).joined(separator: ", ") + ".",
            valueName: "name"
        )
    )
    var endpoints: [BenchEndpointName] = []

    @Option(
        name: .customLong("rate"),
        help: ArgumentHelp(
            "Requests a second, for all endpoints or for one of them: 200, upload=5. Without it a short calibration "
                + "finds a rate for each, about a quarter of what the service can do.",
            valueName: "rate"
        ),
        transform: { try BenchRate($0) }
    )
    var rates: [BenchRate] = []

    @Option(help: ArgumentHelp("Rounds, from 1 to \(Self.roundsMax), after one to warm up.", valueName: "n"))
    var rounds = 20

    @Option(
        help: ArgumentHelp("How long each endpoint is measured in each round, as in 500ms.", valueName: "time"),
        transform: Self.slot
    )
    var slot = Duration.milliseconds(500)

    @Option(help: ArgumentHelp("Connections at most, from 1 to \(Self.connectionsMax).", valueName: "n"))
    var connections = 16

    @Option(
        name: .customLong("picture"),
        help: ArgumentHelp("A picture to measure with instead; more than once for more.", valueName: "file"),
        completion: .file()
    )
    var pictures: [String] = []

    @Option(
        help: ArgumentHelp("The service's admin listener: for its CPU, and for the endpoint livez.", valueName: "url"),
        transform: Self.url
    )
    var adminUrl: String?

    @Option(
        help: ArgumentHelp(
            "The service's process, where it is on this machine: its CPU is then read from the kernel, which is finer.",
            valueName: "id"
        )
    )
    var pid: Int32?

    @Option(
        help: ArgumentHelp("Measure as it was measured for this file: what is to be compared.", valueName: "file"),
        completion: .file()
    )
    var like: String?

    @Option(help: ArgumentHelp("Write all figures to this file, as JSON.", valueName: "file"), completion: .file())
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Measure another service side by side: what two builds are by each other, whatever the machine does.",
            valueName: "url"
        ),
        transform: Self.url
    )
    var against: String?

    @Option(help: ArgumentHelp("The process of that one; goes with --pid.", valueName: "id"))
    var againstPid: Int32?

    @Option(
        help: ArgumentHelp("Write the figures of that one to this file, as JSON.", valueName: "file"),
        completion: .file()
    )
    var againstOut: String?

    @Flag(help: "Print all figures as one line of JSON instead of the table.")
    var json = false

    @OptionGroup var options: AssetOptions

    static let roundsMax = 10_000
    static let connectionsMax = 1024
    static let slotMax = Duration.seconds(3600)

    func validate() throws {
        guard (1...Self.roundsMax).contains(self.rounds) else {
            throw ValidationError("--rounds is \(self.rounds): expected 1 to \(Self.roundsMax)")
        }
        guard (1...Self.connectionsMax).contains(self.connections) else {
            throw ValidationError("--connections is \(self.connections): expected 1 to \(Self.connectionsMax)")
        }
        if let pid = self.pid, pid < 1 { throw ValidationError("--pid is \(pid): expected the id of a process") }
        if self.like != nil, !self.endpoints.isEmpty || !self.rates.isEmpty {
            throw ValidationError("--like takes endpoints and rates from its file: leave --endpoint and --rate out")
        }
        if self.against == nil, self.againstPid != nil || self.againstOut != nil {
            throw ValidationError("--against-pid and --against-out say of which service: give --against URL")
        }
        if self.against != nil, (self.pid == nil) != (self.againstPid == nil) {
            throw ValidationError("CPU is measured of both services: give --pid and --against-pid, or neither")
        }
        if self.against != nil, self.adminUrl != nil {
            throw ValidationError("--admin-url is of one service: leave it out, or --against")
        }
        if self.endpoints.contains(.livez), self.adminUrl == nil {
            throw ValidationError("--endpoint livez: it is on the admin listener: say where with --admin-url URL")
        }
    }

    func run() async throws {
        let job = try await self.job()
        let files = [self.out, self.againstOut]
        for file in files.compactMap(\.self) { try BenchFile.demandFolder(of: file) }
        let reports: [BenchReport]
        do {
            reports = try await job()
        } catch let error as BenchError {
            CommandExit.complain("mediactl: \(error)")
            throw CommandExit.failed
        } catch let failure as OriginFailure {
            CommandExit.complain("mediactl: \(failure)")
            throw CommandExit.failed
        } catch is CancellationError {
            CommandExit.complain("mediactl: interrupted; nothing is written")
            throw CommandExit.failed
        }
        for ((report, file), subject) in zip(zip(reports, files), job.subjects) {
            if let file { try await BenchFile.write(report, to: file) }
            if reports.count > 1, !self.json { CommandExit.say("\(subject.site.origin):") }
            let lines = self.json ? [try JSONText.line(report)] : BenchTable.lines(report)
            for line in lines { CommandExit.say(line) }
            for line in BenchTable.complaints(report) { CommandExit.complain(line) }
        }
        let failed = reports.contains { $0.endpoints.contains { !$0.failures.isEmpty } }
        if failed { throw CommandExit.failed }
    }

    private func job() async throws -> BenchJob {
        let settings = try await Settings.load(
            flags: self.options.client.values,
            configFile: self.options.file.config,
            for: .client
        )
        let pictures = try BenchPictures(files: self.pictures)
        let like = try self.like.map { try BenchFile.read($0).plan }
        if let like, like.pictures != pictures.description {
            throw ValidationError(
                "--like: that was measured with \(like.pictures), not with \(pictures): give --picture"
            )
        }
        return BenchJob(
            subjects: self.subjects(settings),
            pictures: pictures,
            chosen: like.map { Self.names($0) } ?? self.endpoints,
            given: like.map { $0.rates.map { BenchRate(endpoint: BenchEndpointName(rawValue: $0), value: $1) } }
                ?? self.rates,
            rounds: like?.rounds ?? self.rounds,
            slotSeconds: like?.slotSeconds ?? self.slot / .seconds(1),
            connections: like?.connections ?? self.connections
        )
    }

    private func subjects(_ settings: Settings) -> [BenchSubject] {
        let first = BenchSubject(site: BenchSite(settings, adminURL: self.adminUrl), process: self.pid)
        let second = self.against.map { origin in
            BenchSubject(site: BenchSite(settings, at: origin), process: self.againstPid)
        }
        return [first, second].compactMap(\.self)
    }

    private static func names(_ plan: BenchPlan) -> [BenchEndpointName] {
        BenchEndpointName.allCases.filter { plan.rates[$0.rawValue] != nil }
    }

    private static func slot(_ text: String) throws -> Duration {
        if let slot = TimeSpan.parse(text), (.milliseconds(50)...Self.slotMax).contains(slot) { return slot }
        throw ValidationError("'\(Printable.text(text))' is no time from 50ms to 1h")
    }

    private static func url(_ text: String) throws -> String {
        let isURL = ["http://", "https://"].contains(where: text.hasPrefix) && text.utf8.allSatisfy { $0 > 0x20 }
        guard isURL else {
            throw ValidationError("'\(Printable.text(text))' is no URL: expected as in http://127.0.0.1:9090")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

/// What `--rate` says.
struct BenchRate: Sendable {
    /// Nil: all.
    let endpoint: BenchEndpointName?
    /// Requests a second.
    let value: Double

    static let max = 1_000_000.0

    init(endpoint: BenchEndpointName?, value: Double) {
        self.endpoint = endpoint
        self.value = value
    }

    /// `200`, `upload=5`, `upload=0.5`.
    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count == 2 ? BenchEndpointName(rawValue: String(parts[0])) : nil
        guard let value = parts.last.flatMap({ Double($0) }), value > 0, value <= Self.max,
            parts.count == 1 || name != nil
        else {
            throw ValidationError("'\(Printable.text(text))' is no rate: expected as in 200 or upload=5")
        }
        self.init(endpoint: name, value: value)
    }
}
