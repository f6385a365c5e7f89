import FoundationEssentials
import Logging
package import MediaModel
import Metrics

/// Looks at every stored blob again and again, slowly, as ``Verify`` does, so that a disk that forgets is noticed while
/// what it forgot can still be had (RELIABILITY §3.2). It goes on after a restart where it was.
package struct Scrub: Sendable {
    /// How fast, and how often.
    package struct Policy: Sendable {
        /// Sealed bytes; 0: never.
        package let bytesPerSecond: Int
        /// From the beginning of one round to that of the next, at least.
        package let interval: Duration

        package init(bytesPerSecond: Int = 8 << 20, interval: Duration = .seconds(30 * 86_400)) {
            self.bytesPerSecond = bytesPerSecond
            self.interval = interval
        }
    }

    /// How often its place is written down: so much is looked at twice after a crash.
    static let savingInterval = Duration.seconds(60)
    /// After a failure that is not a blob's: the catalog, the key provider.
    static let retryDelay = Duration.seconds(60)
    /// The clock on the wall may be put forward; so often it is looked at.
    static let wakeInterval = Duration.seconds(3600)
    /// Damaged blobs that the gauge counts at the most.
    static let damagedMax = 10_000

    let catalog: any Catalog
    let inspection: BlobInspection
    let repair: DamageRepair
    let policy: Policy

    package init(catalog: any Catalog, vault: BlobVault, digests: any Digesting, mend: Mend, policy: Policy) {
        self.catalog = catalog
        self.inspection = BlobInspection(catalog: catalog, vault: vault, digests: digests)
        self.repair = DamageRepair(catalog: catalog, mend: mend)
        self.policy = policy
    }

    /// Scrubs until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: try await self.step())
            } catch is CancellationError {
                return
            } catch {
                Logger.current.error("Scrub interrupted", metadata: ["error": "\(String(reflecting: error))"])
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
    }

    /// Does a round, or what is left of one, if it is time for it.
    ///
    /// - Returns: how long until it is worth asking again.
    func step(now: Date = Date()) async throws -> Duration {
        guard self.policy.bytesPerSecond > 0 else { return Self.wakeInterval }
        let saved = try await self.catalog.scrubProgress()
        try await self.show(saved)
        switch Self.turn(after: saved, now: now, interval: self.policy.interval) {
        case .wait(let time): return min(time, Self.wakeInterval)
        case .round(let progress):
            try await self.round(from: progress)
            return .zero
        }
    }

    /// What comes next.
    enum Turn: Hashable {
        case round(from: ScrubProgress)
        case wait(Duration)
    }

    static func turn(after saved: ScrubProgress?, now: Date, interval: Duration) -> Turn {
        guard let saved else { return .round(from: ScrubProgress(position: nil, startedAt: now, completedAt: nil)) }
        guard let completedAt = saved.completedAt, saved.position == nil, completedAt >= saved.startedAt else {
            return .round(from: saved)
        }
        // A clock that was put back must not put the next round off beyond one interval.
        let wait = min(interval.seconds - now.timeIntervalSince(saved.startedAt), interval.seconds)
        guard wait > 0 else {
            return .round(from: ScrubProgress(position: nil, startedAt: now, completedAt: completedAt))
        }
        return .wait(.seconds(wait))
    }

    /// From `start` to the last blob.
    func round(from start: ScrubProgress) async throws {
        var round = Round(position: start.position, marked: try await BlobMarks(self.catalog))
        do {
            try await self.walk(&round, start)
        } catch {
            // Also when the service stops: the next start goes on from here.
            try? await self.catalog.setScrubProgress(start.at(round.position))
            throw error
        }
        let end = ScrubProgress(position: nil, startedAt: start.startedAt, completedAt: max(Date(), start.startedAt))
        try await self.catalog.setScrubProgress(end)
        try await self.show(end)
        Logger.current.info(
            "Scrub round complete",
            metadata: ["blobs": "\(round.blobs)", "findings": "\(round.findings)"]
        )
    }

    /// A round under way.
    private struct Round {
        /// The last blob that was looked at.
        var position: BlobID?
        let marked: BlobMarks
        var blobs = 0
        var findings = 0
        /// Keys that were logged as unusable: one line for each, not one for each blob.
        var lockedKeys: Set<EnvelopeKeyID> = []
    }

    private func walk(_ round: inout Round, _ start: ScrubProgress) async throws {
        let pace = BytePace(bytesPerSecond: self.policy.bytesPerSecond, clock: .continuous)
        var savedAt = ContinuousClock.now
        for try await page in Pages(after: start.position, { try await self.catalog.blobs(after: $0, limit: $1) }) {
            for record in page {
                try await self.look(at: record, &round) { try await pace.take($0) }
                round.position = record.id
                guard ContinuousClock.now - savedAt >= Self.savingInterval else { continue }
                let progress = start.at(round.position)
                try await self.catalog.setScrubProgress(progress)
                try await self.show(progress)
                savedAt = .now
            }
        }
    }

    private func look(at record: BlobRecord, _ round: inout Round, pace: @escaping BlobInspection.Pace) async throws {
        guard let (record, condition) = try await self.inspection.look(at: record, .contents, pace: pace) else {
            return
        }
        let meters = OriginMeters.shared
        round.blobs += 1
        meters.scrubBlobs.increment()
        meters.scrubBytes.increment(by: record.sealedBytes)
        switch condition {
        case .sound:
            guard let damage = round.marked[record.id] else { return }
            try await self.catalog.setDamage(nil, of: record.id)
            Logger.current.notice("A blob marked as damaged is sound", metadata: Self.metadata(record, damage))
        case .damaged(let damage):
            round.findings += 1
            meters.scrubFinding(damage.code)
            try await self.act(on: damage, of: record)
        case .unreadable(let error):
            // Not marked, and not made again: the whole disk may be away, and come back. `fsck --repair` does both.
            round.findings += 1
            meters.scrubFinding(Damage.unreadable.code)
            var metadata = Self.metadata(record, Damage.unreadable.code)
            metadata["error"] = "\(String(reflecting: error))"
            Logger.current.error("Scrub: a blob cannot be read", metadata: metadata)
        case .locked(let error):
            if error.code.isTransient { throw error }
            round.findings += 1
            meters.scrubFinding(error.code.description)
            guard round.lockedKeys.insert(record.envelopeKey).inserted else { return }
            var metadata = Self.metadata(record, error.code.description)
            metadata["key"] = "\(record.envelopeKey)"
            metadata["error"] = "\(String(reflecting: error))"
            Logger.current.error("Scrub: blobs cannot be looked into without their key", metadata: metadata)
        }
    }

    private func act(on damage: Damage, of record: BlobRecord) async throws {
        var metadata = Self.metadata(record, damage.code)
        switch try await self.repair(damage, of: record) {
        case .mended(let new):
            metadata["newBlob"] = "\(new.id)"
            Logger.current.error("Scrub: a damaged rendition was made again", metadata: metadata)
        case .marked(let reason):
            metadata["reason"] = "\(reason)"
            Logger.current.error("Scrub: a blob is damaged", metadata: metadata)
        }
    }

    /// The gauges: how far, and how many blobs are known to be damaged.
    private func show(_ progress: ScrubProgress?) async throws {
        let meters = OriginMeters.shared
        meters.scrubProgress.record(progress?.share ?? 0)
        if let completedAt = progress?.completedAt {
            meters.scrubCompleted.record(completedAt.timeIntervalSince1970.rounded())
        }
        meters.damagedBlobs.record(try await self.catalog.damaged(limit: Self.damagedMax).count)
    }

    private static func metadata(_ record: BlobRecord, _ code: String) -> Logger.Metadata {
        ["blob": "\(record.id)", "what": "\(record.place)", "code": "\(code)"]
    }
}

extension ScrubProgress {
    /// The same round at another place.
    func at(_ position: BlobID?) -> ScrubProgress {
        ScrubProgress(position: position, startedAt: self.startedAt, completedAt: self.completedAt)
    }

    /// How much of the round is done, 0 ... 1. Ids are random, so a place among all possible ones says how many of
    /// those that there are have been passed.
    var share: Double {
        if let position = self.position {
            return Double(position.bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }) / 0x1p64
        }
        return self.completedAt.map { $0 >= self.startedAt ? 1 : 0 } ?? 0
    }
}
