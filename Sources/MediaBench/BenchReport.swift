/// What was measured; the JSON file of `mediactl bench`. Seconds, bytes, and ratios from 0 to 1.
package struct BenchReport: Codable, Sendable {
    /// Of this layout.
    package static let formatNow = 1

    package var format = Self.formatNow
    /// RFC 3339, UTC.
    package var startedAt: String
    /// What measured, and what was measured; the latter nil where no admin URL was given.
    package var tool: String
    package var service: String?
    /// Of two services that were measured side by side, the same in both reports; else nil.
    package var pair: String?
    package var plan: BenchPlan
    package var endpoints: [EndpointReport]

    package init(
        startedAt: String,
        tool: String,
        service: String?,
        pair: String? = nil,
        plan: BenchPlan,
        endpoints: [EndpointReport]
    ) {
        self.startedAt = startedAt
        self.tool = tool
        self.service = service
        self.pair = pair
        self.plan = plan
        self.endpoints = endpoints
    }
}

/// How it is measured. Only what was measured by equal plans can be compared.
package struct BenchPlan: Codable, Sendable, Equatable {
    /// After the warm-up, which is one more.
    package var rounds: Int
    /// Of each endpoint in each round.
    package var slotSeconds: Double
    package var connections: Int
    /// Requests a second, by endpoint.
    package var rates: [String: Double]
    /// The pictures it was measured with: their number and bytes, or the one of its own.
    package var pictures: String

    package init(rounds: Int, slotSeconds: Double, connections: Int, rates: [String: Double], pictures: String) {
        self.rounds = rounds
        self.slotSeconds = slotSeconds
        self.connections = connections
        self.rates = rates
        self.pictures = pictures
    }
}

/// One endpoint.
package struct EndpointReport: Codable, Sendable {
    package var name: String
    /// Requests a second that were sent.
    package var rate: Double
    package var requests: Int
    /// How many were not answered as they should be, by what came instead.
    package var failures: [String: Int]
    package var successRate: Double
    /// Answers as they should be a second.
    package var requestsPerSecond: Double
    /// From the scheduled moment to the last byte.
    package var latency: LatencySummary
    /// From the scheduled moment to the sending: this program's own part, which is in the latency, too.
    package var lateness: LatencySummary
    /// Of the body of an answer, on average.
    package var responseBytes: Double
    /// Nil where nobody says.
    package var cacheHitRatio: Double?
    /// Of the service's process without its workers; that of the lower quarter of the rounds. Nil without an admin URL.
    package var cpuSecondsPerRequest: Double?
    package var rounds: [RoundReport]

    package init(name: String, rate: Double, tally: SlotTally, rounds: [RoundReport]) {
        self.name = name
        self.rate = rate
        self.requests = tally.requests
        self.failures = tally.failures
        self.successRate = Double(tally.succeeded) / Double(max(1, tally.requests))
        self.requestsPerSecond = Double(tally.succeeded) / (tally.elapsed / .seconds(1))
        self.latency = tally.latency.summary
        self.lateness = tally.lateness.summary
        self.responseBytes = Double(tally.bytes) / Double(max(1, tally.succeeded))
        self.cacheHitRatio = tally.cacheSaid > 0 ? Double(tally.cacheHits) / Double(tally.cacheSaid) : nil
        let cpu = rounds.compactMap(\.cpuSecondsPerRequest)
        self.cpuSecondsPerRequest = cpu.isEmpty ? nil : Statistics.lowerQuartile(cpu)
        self.rounds = rounds
    }
}

/// One endpoint in one round.
package struct RoundReport: Codable, Sendable {
    package var requestsPerSecond: Double
    package var latency: LatencySummary
    package var cpuSecondsPerRequest: Double?
    /// Before and after, on average; seconds.
    package var yardstick: Yardstick.Length

    package init(tally: SlotTally, cpuSecondsPerRequest: Double?, yardstick: Yardstick.Length) {
        self.requestsPerSecond = Double(tally.succeeded) / (tally.elapsed / .seconds(1))
        self.latency = tally.latency.summary
        self.cpuSecondsPerRequest = cpuSecondsPerRequest
        self.yardstick = yardstick
    }
}
