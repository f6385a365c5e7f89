package import MediaModel

/// How purges are delivered.
package struct PurgePolicy: Sendable {
    /// Batches that are on their way to one target at once.
    package var inFlightMax = 4
    /// The pause after a first failure; each further one doubles it.
    package var retryMin = Duration.seconds(1)
    /// The longest pause.
    package var retryMax = Duration.seconds(60)
    /// After a deletion a target is told again so much later: a cache may have asked for the picture just before, and
    /// keeps what it gets just after it was told (docs/decisions/0016-purges.md). Zero: it is told once.
    package var rebound = Duration.seconds(30)
    /// How long a purge is tried.
    package var horizon = Duration.seconds(7 * 24 * 3600)
    /// When the service stops: how long what is due is still sent.
    package var drain = Duration.seconds(5)

    package init() {}

    /// The longest that a target may ask to be left alone; more is its mistake, or somebody else's.
    static let retryAfterMax = Duration.seconds(600)

    /// How long to wait after so many failures, 1 or more: a random time between the half and the whole of the pause,
    /// so that targets that failed together are not tried together for ever.
    func pause(after failures: Int) -> Duration {
        let doublings = min(max(failures, 1) - 1, 30)
        let whole = min(self.retryMax, self.retryMin * (1 << doublings))
        return whole * Double.random(in: 0.5...1)
    }
}

/// Somebody who is told of purges, and how.
package struct PurgeTarget: Sendable {
    package let name: PurgeTargetName
    package let driver: any PurgeDriver

    package init(name: PurgeTargetName, driver: any PurgeDriver) {
        self.name = name
        self.driver = driver
    }
}
