/// What became of sending a batch.
enum ExportAnswer: Sendable, Hashable {
    /// Taken, but for so many spans, as the collector says: any number. ``rejected(_:of:)`` is what to make of it.
    case taken(rejected: Int, String)
    /// Not taken, and it may be later: 429, 502, 503, 504 (OTLP specification, "Failures"), or nobody was there.
    case later(String, retryAfter: Duration?)
    /// Never to be taken.
    case refused(String)

    /// How many of `sent` spans were rejected, where a collector says that `said` were.
    static func rejected(_ said: Int, of sent: Int) -> Int { min(max(0, said), sent) }
}

/// How a batch is tried again. Time is the caller's.
struct ExportBackoff {
    /// Before the second try; each further one waits twice as long.
    static let pauseMin = Duration.seconds(1)
    static let pauseMax = Duration.seconds(30)
    /// From the first try to the last. Meanwhile the queue fills, and then drops.
    static let timeMax = Duration.seconds(120)

    private var pause = Self.pauseMin

    /// - Parameters:
    ///   - retryAfter: what the collector asked for.
    ///   - elapsed: since the first try.
    ///   - part: of the pause, at random from 0.5 to 1: replicas that failed together do not come back together.
    /// - Returns: how long to wait; nil: the batch is given up.
    mutating func next(after retryAfter: Duration?, elapsed: Duration, part: Double) -> Duration? {
        let own = self.pause * part
        self.pause = min(self.pause * 2, Self.pauseMax)
        let wait = max(own, min(retryAfter ?? .zero, Self.timeMax))
        return elapsed + wait <= Self.timeMax ? wait : nil
    }
}
