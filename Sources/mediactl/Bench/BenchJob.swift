import FoundationEssentials
import MediaBench
import MediaModel
import MediaRuntime

/// One measurement from the first upload to the last deletion.
struct BenchJob: Sendable {
    let site: BenchSite
    let pictures: BenchPictures
    /// Empty: all that there are.
    let chosen: [BenchEndpointName]
    /// A later one counts.
    let given: [BenchRate]
    let rounds: Int
    let slotSeconds: Double
    let connections: Int
    /// Of the service, where it is on this machine.
    let process: Int32?

    /// - Throws: ``BenchError``, ``OriginFailure``, `CancellationError`; what was uploaded is erased then, too.
    func callAsFunction() async throws -> BenchReport {
        let assets = BenchAssets()
        return try await self.site.withConnections(self.connections) { site in
            try await withClosing {
                try await Interruption.cancelling { try await self.measure(site, assets) }
            } close: {
                // Not in the task that ^C cancels: that one sends nothing any more.
                await assets.remove(site)
            }
        }
    }

    private func measure(_ site: BenchSite.Connected, _ assets: BenchAssets) async throws -> BenchReport {
        let startedAt = Date.now.formatted(.iso8601)
        let progress = BenchProgressLine()
        defer { progress.end() }
        let service = try await site.metrics()?.label("version", of: "media_build_info")
        let targets = try await BenchTargets(site, self.pictures, assets)
        let endpoints = try targets.endpoints(self.chosen)
        let plan = BenchPlan(
            rounds: self.rounds,
            slotSeconds: self.slotSeconds,
            connections: self.connections,
            rates: try await self.rates(endpoints, progress),
            pictures: self.pictures.description
        )
        let run = try BenchRun(plan, endpoints, account: try await self.account(site))
        let reports = try await run { progress.show($0) }
        return BenchReport(
            startedAt: startedAt,
            tool: "mediactl \(Product.version)",
            service: service,
            plan: plan,
            endpoints: reports
        )
    }

    private func account(_ site: BenchSite.Connected) async throws -> CPUAccount? {
        if let process = self.process { return try CPUAccount(process: process) }
        guard self.site.adminURL != nil else { return nil }
        return try await CPUAccount { try await site.processSeconds() }
    }

    /// Those given, and for the others what a calibration finds.
    private func rates(_ endpoints: [BenchEndpoint], _ progress: BenchProgressLine) async throws -> [String: Double] {
        var rates: [String: Double] = [:]
        for endpoint in endpoints {
            if let rate = self.given.last(where: { $0.endpoint.map { $0.rawValue == endpoint.name } ?? true }) {
                rates[endpoint.name] = rate.value
                continue
            }
            progress.say("calibrating \(endpoint.name)")
            rates[endpoint.name] = try await Calibration(connections: self.connections)(endpoint)
            try Task.checkCancellation()
        }
        return rates
    }
}
