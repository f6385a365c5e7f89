import ArgumentParser
import FoundationEssentials
import MediaModel
import MediaRuntime

/// `mediactl warm`: reads URLs through the CDN, so that it has them before the readers come.
struct Warm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pull URLs through the CDN, and tell which it had.",
        discussion: "What is pulled: the renditions of assets, as their newest version and as 'latest'; those of all "
            + "assets whose newest version was made since a time; the URLs of a file. Prints a line a URL: hit, miss, "
            + "uncached (the CDN does not keep it) or unknown (it does not say), as CF-Cache-Status, X-Cache, "
            + "Cache-Status and Age have it. Only the place where this program runs is warmed: a CDN has many. Goes on "
            + "after a URL that fails; the exit code is then 1."
    )

    @Argument(help: ArgumentHelp("Assets' ids.", valueName: "asset"), transform: AssetText.asset)
    var assets: [AssetID] = []

    @Option(
        help: ArgumentHelp(
            "A file with a URL or a path a line, or '-' for standard input. Of a URL only the path counts.",
            valueName: "file"
        ),
        completion: .file()
    )
    var urls: String?

    @Option(
        help: ArgumentHelp(
            "All assets whose newest version is not older: 2h, 30d, or 2026-11-21T07:00:00Z. Asks for the list of all "
                + "assets.",
            valueName: "time"
        ),
        transform: WarmSince.moment
    )
    var since: Date?

    @Option(help: ArgumentHelp("URLs at a time, from 1 to \(Warm.jobsMax).", valueName: "n"))
    var jobs = 8

    @Flag(help: "One JSON object a line: each URL, then the summary.")
    var json = false

    @OptionGroup var warm: WarmOptions
    @OptionGroup var options: AssetOptions

    static let jobsMax = 256

    func validate() throws {
        guard (1...Self.jobsMax).contains(self.jobs) else {
            throw ValidationError("--jobs is \(self.jobs): expected 1 to \(Self.jobsMax)")
        }
        guard !self.assets.isEmpty || self.urls != nil || self.since != nil else {
            throw ValidationError("nothing to warm: name assets, or give --urls or --since")
        }
    }

    func run() async throws {
        let flags = self.warm.values.merging(self.options.client.values) { $1 }
        let settings = try await Settings.load(flags: flags, configFile: self.options.file.config, for: .client)
        guard let site = settings.warmBaseURL else {
            throw ValidationError("nothing says where the CDN is: give --through URL, or set warm.base.url")
        }
        let paths = try await self.paths(settings)
        let run = WarmRun(site: site, jobs: self.jobs)
        var summary = WarmSummary()
        try await run(paths) { result in
            summary.count(result)
            CommandExit.say(self.json ? try JSONText.line(result) : result.line)
        }
        CommandExit.say(self.json ? try JSONText.line(["summary": summary]) : summary.line)
        if summary.failed > 0 { throw CommandExit.failed }
    }

    /// All that is asked for, each once, in the order in which it was.
    private func paths(_ settings: Settings) async throws -> [String] {
        var paths = try self.urls.map { try WarmList.paths(ofFile: $0) } ?? []
        if !self.assets.isEmpty || self.since != nil {
            do {
                paths += try await OriginClient.with(settings) { try await self.paths($0) }
            } catch let failure as OriginFailure {
                CommandExit.complain("mediactl: \(failure)")
                throw CommandExit.failed
            }
        }
        var seen: Set<String> = []
        return paths.filter { seen.insert($0).inserted }
    }

    private func paths(_ client: OriginClient) async throws -> [String] {
        var paths: [String] = []
        for asset in self.assets { paths += WarmList.paths(of: try await client.manifest(of: asset).manifest) }
        guard let since = self.since else { return paths }
        var cursor: String? = ""
        while let from = cursor {
            let page = try await client.assets(from: from)
            paths += page.assets.filter { WarmSince.isMade($0, since: since) }.flatMap { WarmList.paths(of: $0) }
            cursor = page.nextCursor
        }
        return paths
    }
}
