import MediaMetrics
import MediaOrigin

/// What `/healthz` answers.
struct HealthReport: Encodable {
    /// An objective and how it is kept.
    struct SLI: Encodable {
        /// What one window says.
        struct Window: Encodable {
            let seconds: Int
            let requests: Int
            let value: Double?

            enum CodingKeys: CodingKey { case seconds, requests, value }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(self.seconds, forKey: .seconds)
                try container.encode(self.requests, forKey: .requests)
                try container.encode(self.value, forKey: .value)
            }
        }

        let name: String
        /// Null where too few requests came to say anything.
        let current: Double?
        let target: Double
        let unit: String
        let status: String
        let trend: String
        /// Only in detail.
        let windows: [Window]?

        enum CodingKeys: CodingKey { case name, current, target, unit, status, trend, windows }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.name, forKey: .name)
            // Not `encodeIfPresent`: a field that is not there is harder to read than one that says so.
            try container.encode(self.current, forKey: .current)
            try container.encode(self.target, forKey: .target)
            try container.encode(self.unit, forKey: .unit)
            try container.encode(self.status, forKey: .status)
            try container.encode(self.trend, forKey: .trend)
            try container.encodeIfPresent(self.windows, forKey: .windows)
        }
    }

    /// A dependency and how it is.
    struct Part: Encodable {
        let status: Dependency.Status
        // Only in detail.
        let required: Bool?
        let latencyMs: Double?
        let message: String?
    }

    let status: Dependency.Status
    let version: String
    let uptimeSeconds: Int
    let slis: [SLI]
    let dependencies: [String: Part]
}

extension HealthReport {
    /// - Parameter isDetailed: with windows, latencies and messages.
    init(
        _ answers: [(dependency: Dependency, answer: DependencyProbe.Answer)],
        _ indicators: [Indicator],
        version: String,
        uptime: Duration,
        isDetailed: Bool
    ) {
        self.status = Self.status(answers, indicators)
        self.version = version
        self.uptimeSeconds = Int(uptime.components.seconds)
        self.slis = indicators.map { SLI($0, isDetailed: isDetailed) }
        let parts = answers.map { ($0.dependency.name, Part($0.dependency, $0.answer, isDetailed: isDetailed)) }
        self.dependencies = Dictionary(uniqueKeysWithValues: parts)
    }

    /// Objectives alone never make it unhealthy: a restart, which is what an orchestrator does about that, mends none
    /// of them, and costs what is in memory.
    private static func status(
        _ answers: [(dependency: Dependency, answer: DependencyProbe.Answer)],
        _ indicators: [Indicator]
    ) -> Dependency.Status {
        if answers.contains(where: { $0.dependency.isRequired && $0.answer.finding.status == .unhealthy }) {
            return .unhealthy
        }
        let isBreaching = indicators.contains { $0.status == .breaching }
        let isShort = answers.contains { $0.answer.finding.status != .healthy }
        return isBreaching || isShort ? .degraded : .healthy
    }
}

extension HealthReport.Part {
    init(_ dependency: Dependency, _ answer: DependencyProbe.Answer, isDetailed: Bool) {
        self.status = answer.finding.status
        self.required = isDetailed ? dependency.isRequired : nil
        self.latencyMs = isDetailed ? (answer.latency / .milliseconds(1)).rounded(places: 3) : nil
        self.message = isDetailed ? answer.finding.message : nil
    }
}

extension HealthReport.SLI {
    init(_ indicator: Indicator, isDetailed: Bool) {
        let objective = indicator.objective
        let shown = { (value: Double) in (value * objective.unit.scale).rounded(places: 4) }
        self.name = objective.name
        self.current = indicator.current.map(shown)
        self.target = shown(objective.target)
        self.unit = objective.unit.rawValue
        self.status = indicator.status.rawValue
        self.trend = indicator.trend.rawValue
        self.windows =
            isDetailed
            ? indicator.windows.map {
                Window(seconds: $0.seconds, requests: $0.requests, value: $0.value.map(shown))
            } : nil
    }
}

extension Double {
    fileprivate func rounded(places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
