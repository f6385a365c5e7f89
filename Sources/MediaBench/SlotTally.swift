/// What came of the requests of one slot, or of many.
package struct SlotTally: Sendable {
    /// From the scheduled moment to the last byte, of answers as they should be.
    package private(set) var latency = LatencyRecord()
    /// From the scheduled moment to that of sending, of all.
    package private(set) var lateness = LatencyRecord()
    package private(set) var requests = 0
    /// How often which.
    package private(set) var failures: [String: Int] = [:]
    /// Of the bodies of answers as they should be.
    package private(set) var bytes = 0
    /// Answers that say whether a cache had them, and those that say that one had.
    package private(set) var cacheSaid = 0
    package private(set) var cacheHits = 0
    /// From the first scheduled moment to the last answer, at least as long as the schedule.
    package var elapsed = Duration.zero

    package init() {}

    package var failed: Int { self.failures.values.reduce(0, +) }
    package var succeeded: Int { self.requests - self.failed }

    package mutating func count(_ answer: Answer, latency: Duration, lateness: Duration) {
        self.requests += 1
        self.lateness.record(lateness)
        if let failure = answer.failure {
            self.failures[failure, default: 0] += 1
            return
        }
        self.latency.record(latency)
        self.bytes += answer.bytes
        guard let isHit = answer.isCacheHit else { return }
        self.cacheSaid += 1
        if isHit { self.cacheHits += 1 }
    }

    package mutating func add(_ other: SlotTally) {
        self.latency.add(other.latency)
        self.lateness.add(other.lateness)
        self.requests += other.requests
        self.failures.merge(other.failures, uniquingKeysWith: +)
        self.bytes += other.bytes
        self.cacheSaid += other.cacheSaid
        self.cacheHits += other.cacheHits
        self.elapsed += other.elapsed
    }

    /// `503 ×12, connection refused ×3`: the most frequent first.
    package var failureText: String {
        let sorted = self.failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.prefix(3).map { "\($0.key) ×\($0.value)" }.joined(separator: ", ")
    }
}
