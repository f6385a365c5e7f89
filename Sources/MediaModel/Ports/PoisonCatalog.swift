package import FoundationEssentials

/// What the catalog remembers of sources that have cost codec processes, by the digest of their bytes: whoever uploads
/// the same bytes, under whatever name, does the same to the next worker.
///
/// It remembers ``PoisonRecord/recordsMax`` of them, and strikes that are not enough for
/// ``PoisonRecord/strikeLifetime``.
package protocol PoisonCatalog: Sendable {
    /// Notes that a source has cost a worker. A strike that is older than ``PoisonRecord/strikeLifetime`` and was not
    /// enough is forgotten first; where there is no room, so are those with the fewest strikes, the oldest first.
    ///
    /// - Parameter reason: a stable code.
    /// - Returns: the source's record as it is now.
    func strike(_ sha256: SHA256Digest, reason: String, at date: Date) async throws -> PoisonRecord

    /// What is known against a source; nil for nothing.
    func poison(of sha256: SHA256Digest) async throws -> PoisonRecord?

    /// All records, the newest strike first; `limit` at most.
    func poisoned(limit: Int) async throws -> [PoisonRecord]

    /// Forgets what is known against a source, or against all.
    ///
    /// - Parameter sha256: nil for all.
    /// - Returns: how many records there were.
    func clearPoison(of sha256: SHA256Digest?) async throws -> Int
}

/// A source that has cost codec processes.
package struct PoisonRecord: Hashable, Sendable {
    /// A second strike is believed: once, it may have been the machine's doing.
    package static let strikesMax = 2
    /// How long a first strike waits for the second: a day.
    package static let strikeLifetime: TimeInterval = 86_400
    /// Sources that are remembered; some 150 bytes each.
    package static let recordsMax = 2_000

    package let sha256: SHA256Digest
    /// 1 or more.
    package let strikes: Int
    package let firstAt: Date
    package let lastAt: Date
    /// The code of the last strike: `codec-crashed`, `render-deadline`.
    package let reason: String

    package init(sha256: SHA256Digest, strikes: Int, firstAt: Date, lastAt: Date, reason: String) {
        self.sha256 = sha256
        self.strikes = strikes
        self.firstAt = firstAt
        self.lastAt = lastAt
        self.reason = reason
    }

    /// Whether no codec may get the source any more.
    package var isQuarantined: Bool { self.strikes >= Self.strikesMax }

    /// Whether it says nothing any more.
    package func isExpired(at date: Date) -> Bool {
        !self.isQuarantined && date.timeIntervalSince(self.lastAt) > Self.strikeLifetime
    }
}
