/// How an objective is being kept.
package struct Indicator: Sendable, Hashable {
    /// How an objective stands.
    package enum Status: String, Sendable {
        case meeting
        /// Missed in one of the two windows, or nearly missed.
        case atRisk = "at_risk"
        /// Missed now, and over the hour.
        case breaching
        /// Too few requests to say anything.
        case noData = "no_data"

        /// The value of `media_objective_state`. Where nothing is asked nothing is missed.
        var level: Double {
            switch self {
            case .meeting, .noData: 0
            case .atRisk: 1
            case .breaching: 2
            }
        }
    }

    /// Where it goes.
    package enum Trend: String, Sendable {
        case improving, stable, degrading
    }

    /// What one window says.
    package struct Window: Sendable, Hashable {
        package let seconds: Int
        /// Requests (for the latency of hits: hits) in it.
        package let requests: Int
        /// A ratio or seconds; nil where there are too few requests.
        package let value: Double?
    }

    package let objective: Objective
    /// Of the short window, or of the long one where the short one has too few requests. A ratio or seconds.
    package let current: Double?
    package let status: Status
    package let trend: Trend
    /// The short one, then the long one.
    package let windows: [Window]
}

/// Readings of the last hour, one in ten seconds, and what they say of the objectives. It knows no clock and no
/// registry.
///
/// Two windows, as with alerts on the burn rate: the long one says that it matters, the short one that it still goes
/// on. Memory is bounded by ``readingsMax``, whatever comes.
package struct IndicatorRecord: Sendable {
    /// Between two readings.
    package static let interval = Duration.seconds(10)
    static let short = Duration.seconds(300)
    static let long = Duration.seconds(3600)
    /// One for each interval of the long window, and the one at its start.
    static let readingsMax = Int(Self.long / Self.interval) + 1
    /// From this share of what is allowed on, an objective is at risk.
    static let usedAtRisk = 0.8
    /// What changes by less than this share of what is allowed, and of what it was, is stable.
    static let trendOfAllowed = 0.05
    static let trendOfEarlier = 0.1

    private struct Entry {
        let at: Duration
        let reading: ObjectiveReading
    }

    /// A ring, once it is full; `oldest` is then where the next one goes.
    private var entries: [Entry] = []
    private var oldest = 0

    package init() { self.entries.reserveCapacity(Self.readingsMax) }

    /// How many readings it has.
    var count: Int { self.entries.count }

    /// - Parameter at: on a clock that only goes forward.
    package mutating func add(_ reading: ObjectiveReading, at: Duration) {
        let entry = Entry(at: at, reading: reading)
        if self.entries.count < Self.readingsMax {
            self.entries.append(entry)
        } else {
            self.entries[self.oldest] = entry
            self.oldest = (self.oldest + 1) % Self.readingsMax
        }
    }

    /// How the objectives are kept, in their order.
    ///
    /// - Parameters:
    ///   - reading: of now.
    ///   - now: on the clock of ``add(_:at:)``, and not before the last of those.
    package func indicators(_ reading: ObjectiveReading, at now: Duration) -> [Indicator] {
        let shortStart = self.reading(at: now - Self.short)
        let longStart = self.reading(at: now - Self.long)
        let earlierStart = self.reading(at: now - Self.short - Self.short)
        return Objective.all.map { objective in
            let short = objective.assess(from: shortStart, to: reading)
            let long = objective.assess(from: longStart, to: reading)
            let earlier = objective.assess(from: earlierStart, to: shortStart)
            return Indicator(
                objective: objective,
                current: (short ?? long)?.value,
                status: Self.status(short, long),
                trend: Self.trend(from: earlier, to: short),
                windows: [
                    objective.window(Self.short, from: shortStart, to: reading, short),
                    objective.window(Self.long, from: longStart, to: reading, long),
                ]
            )
        }
    }

    /// The last reading that is not younger than `moment`: a window is rather a little longer than it says. The oldest
    /// one where all are younger: the process is, too.
    private func reading(at moment: Duration) -> ObjectiveReading {
        let count = self.entries.count
        var found: Entry?
        for offset in 0..<count {
            let entry = self.entries[(self.oldest + offset) % count]
            if found != nil, entry.at > moment { break }
            found = entry
        }
        return found?.reading ?? ObjectiveReading()
    }

    private static func status(_ short: Objective.Assessment?, _ long: Objective.Assessment?) -> Indicator.Status {
        guard let long else { return .noData }
        // Who does not ask any more does not get anything wrong.
        guard let short else { return long.isMissed ? .atRisk : .meeting }
        if short.isMissed, long.isMissed { return .breaching }
        return short.isMissed || long.isMissed || short.isNear ? .atRisk : .meeting
    }

    private static func trend(
        from earlier: Objective.Assessment?,
        to now: Objective.Assessment?
    ) -> Indicator.Trend {
        guard let earlier, let now, earlier.isSignificant || now.isSignificant else { return .stable }
        let change = now.used - earlier.used
        guard abs(change) > max(Self.trendOfAllowed, Self.trendOfEarlier * earlier.used) else { return .stable }
        return change < 0 ? .improving : .degrading
    }
}

extension Objective.Assessment {
    fileprivate var isMissed: Bool { self.isSignificant && self.used > 1 }
    fileprivate var isNear: Bool { self.isSignificant && self.used > IndicatorRecord.usedAtRisk }
}

extension Objective {
    fileprivate func window(
        _ length: Duration,
        from start: ObjectiveReading,
        to end: ObjectiveReading,
        _ assessment: Assessment?
    ) -> Indicator.Window {
        let requests =
            switch self.measure {
            case .availability, .serverErrors: end.requests - start.requests
            case .latency: end.durations.count - start.durations.count
            case .hitLatency: end.hitDurations.count - start.hitDurations.count
            }
        return Indicator.Window(seconds: Int(length / .seconds(1)), requests: requests, value: assessment?.value)
    }
}
