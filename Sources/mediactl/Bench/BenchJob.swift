import FoundationEssentials
import MediaBench
import MediaModel
import MediaRuntime

/// One service that is measured.
struct BenchSubject: Sendable {
    let site: BenchSite
    /// Where it is on this machine.
    let process: Int32?
}

/// One measurement from the first upload to the last deletion.
struct BenchJob: Sendable {
    /// One, or two side by side.
    let subjects: [BenchSubject]
    let pictures: BenchPictures
    /// Empty: all that there are.
    let chosen: [BenchEndpointName]
    /// A later one counts.
    let given: [BenchRate]
    let rounds: Int
    let slotSeconds: Double
    let connections: Int

    /// A subject, with connections to it.
    private struct Connected: Sendable {
        let subject: BenchSubject
        let site: BenchSite.Connected
        let assets = BenchAssets()
    }

    /// - Returns: a report for each subject.
    /// - Throws: ``BenchError``, ``OriginFailure``, `CancellationError`; what was uploaded is erased then, too.
    func callAsFunction() async throws -> [BenchReport] {
        try await self.connecting(self.subjects[...]) { connected in
            try await withClosing {
                try await Interruption.cancelling { try await self.measure(connected) }
            } close: {
                // Not in the task that ^C cancels: that one sends nothing any more.
                for one in connected { await one.assets.remove(one.site) }
            }
        }
    }

    private func connecting<Result>(
        _ waiting: ArraySlice<BenchSubject>,
        _ connected: [Connected] = [],
        _ body: ([Connected]) async throws -> Result
    ) async throws -> Result {
        guard let next = waiting.first else { return try await body(connected) }
        return try await next.site.withConnections(self.connections) { site in
            try await self.connecting(waiting.dropFirst(), connected + [Connected(subject: next, site: site)], body)
        }
    }

    private func measure(_ connected: [Connected]) async throws -> [BenchReport] {
        let startedAt = Date.now.formatted(.iso8601)
        let progress = BenchProgressLine()
        defer { progress.end() }
        var versions: [String?] = []
        var endpoints: [[BenchEndpoint]] = []
        for one in connected {
            versions.append(try await one.site.metrics()?.label("version", of: "media_build_info"))
            let targets = try await BenchTargets(one.site, self.pictures, one.assets)
            endpoints.append(try targets.endpoints(self.chosen))
        }
        guard Set(endpoints.map { $0.map(\.name) }).count == 1 else {
            throw BenchError(.usage, "the two services have other endpoints: say with --endpoint which both have")
        }
        let plan = BenchPlan(
            rounds: self.rounds,
            slotSeconds: self.slotSeconds,
            connections: self.connections,
            rates: try await self.rates(endpoints[0], progress),
            pictures: self.pictures.description
        )
        var sides: [BenchSide] = []
        for (one, endpoints) in zip(connected, endpoints) {
            sides.append(BenchSide(endpoints, account: try await Self.account(one)))
        }
        let measured = try await BenchRun(plan, sides: sides).measure { progress.show($0) }
        let pair = connected.count > 1 ? UUID().uuidString.lowercased() : nil
        return zip(versions, measured).map { version, endpoints in
            BenchReport(
                startedAt: startedAt,
                tool: "mediactl \(Product.version)",
                service: version,
                pair: pair,
                plan: plan,
                endpoints: endpoints
            )
        }
    }

    private static func account(_ connected: Connected) async throws -> CPUAccount? {
        if let process = connected.subject.process { return try CPUAccount(process: process) }
        let site = connected.site
        guard site.site.adminURL != nil else { return nil }
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
