import FoundationEssentials
import Logging
package import MediaModel
import Synchronization

/// Tells every target of every change: the purge outbox's way out. At least once, in the order of each asset's changes,
/// until the target knows or the horizon is reached.
package final class PurgeDelivery: Sendable {
    /// How often is looked for records that are too old.
    static let sweepInterval = Duration.seconds(60)
    /// Records given up in one transaction.
    static let givenUpMax = 100

    private let lanes: [PurgeLane]
    private let catalog: any Catalog
    private let policy: PurgePolicy
    private let stopping = Bell()
    private let isStopping = Mutex(false)

    /// - Parameters:
    ///   - targets: those that the catalog writes records for, each once.
    ///   - bell: the one that the catalog rings.
    ///   - onTold: called with each record that a target has taken; its lane waits for it.
    package init(
        _ targets: [PurgeTarget],
        catalog: any Catalog,
        policy: PurgePolicy,
        bell: PurgeBell,
        onTold: @escaping @Sendable (PurgeRecord) -> Void = { _ in }
    ) {
        self.lanes = targets.map { PurgeLane($0, catalog: catalog, policy: policy, onTold: onTold) }
        self.catalog = catalog
        self.policy = policy
        for lane in self.lanes { bell.add(lane.bell) }
    }

    /// What waits for each target.
    package var lags: [(target: PurgeTargetName, lag: PurgeLag)] { self.lanes.map { ($0.name, $0.lag) } }

    /// Delivers until the task is cancelled, or ``stop()`` was called and what was due is sent.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for lane in self.lanes { group.addTask { await lane.run() } }
            group.addTask { await self.sweep() }
        }
    }

    /// Ends it: what is due is still sent, for ``PurgePolicy/drain`` at the most.
    package func stop() {
        self.isStopping.withLock { $0 = true }
        for lane in self.lanes { lane.stop() }
        self.stopping.ring()
    }

    /// Tries all targets again now.
    func retry() { for lane in self.lanes { lane.retry() } }

    private func sweep() async {
        while !Task.isCancelled, !self.isStopping.withLock({ $0 }) {
            do {
                try await self.giveUp(now: Date())
            } catch {
                guard !Task.isCancelled else { return }
                Logger.current.error(
                    "Old purges could not be looked for",
                    metadata: ["error": "\(String(reflecting: error))"]
                )
            }
            await self.stopping.wait(atMost: min(Self.sweepInterval, self.policy.horizon))
        }
    }

    /// Removes records that nobody could be told of for so long. Somebody has to purge by hand now.
    func giveUp(now: Date) async throws {
        let limit = now.addingTimeInterval(-self.policy.horizon.seconds)
        while true {
            let records = try await self.catalog.giveUpPurges(before: limit, limit: Self.givenUpMax)
            for record in records where record.sentAt == nil {
                PurgeMeters.gaveUp(record.target)
                Logger.current.error(
                    "A purge was given up: its target may serve what is not right; purge it there by hand",
                    metadata: [
                        "target": "\(record.target)", "asset": "\(record.asset)", "change": "\(record.change)",
                        "keys": "\(record.keys.joined(separator: " "))", "attempts": "\(record.attempts)",
                        "error": "\(record.error ?? "no attempt: no such target is configured, or it was never due")",
                    ]
                )
            }
            if records.count < Self.givenUpMax { return }
        }
    }
}
