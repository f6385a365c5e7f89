import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaWorkers

/// What the origin leans on: how each is looked at, and what it is called. `/readyz` and `/healthz` ask them.
struct OriginDependencies: Sendable {
    /// From which lag on a purge target is behind: also the bound of the alert `MediaPurgeLag`.
    static let purgeLagMax = 300.0
    /// How near to what stays free the disk may come, as a multiple of that.
    static let roomFactorMin = 2

    let storage: OriginStorage
    let pool: WorkerPool
    let delivery: PurgeDelivery
    let room: StorageRoom

    var all: [Dependency] {
        [
            Dependency("catalog", isRequired: true) { try await self.catalog() },
            Dependency("store", isRequired: true) { try await self.store() },
            Dependency("keys", isRequired: true) { try self.keys() },
            Dependency("workers", isRequired: true) { try await self.workers() },
            Dependency("purges", isRequired: false) { self.purges() },
            Dependency("disk", isRequired: false) { try await self.disk() },
        ]
    }

    private func catalog() async throws -> Dependency.Finding {
        try await self.storage.catalog.checkHealth()
        return .init(.healthy, "commits")
    }

    private func store() async throws -> Dependency.Finding {
        try await self.storage.store.checkHealth()
        return .init(.healthy, "takes blobs")
    }

    private func keys() throws -> Dependency.Finding {
        try self.storage.keys.checkHealth()
        guard let refusal = self.storage.keys.degradation else { return .init(.healthy, "the current key is at hand") }
        let code = refusal.qualifiedCode ?? "unknown error"
        return .init(.degraded, "the current key is at hand, but the key provider refuses others (\(code))")
    }

    private func workers() async throws -> Dependency.Finding {
        try await self.pool.checkHealth()
        let statistics = self.pool.statistics()
        let message = "\(statistics.busy) busy, \(statistics.idle) idle, \(statistics.waiting) jobs wait"
        do {
            try self.pool.checkRoom(for: .upload)
        } catch {
            return .init(.degraded, "\(message): uploads are refused until there is room")
        }
        return .init(.healthy, message)
    }

    private func purges() -> Dependency.Finding {
        let now = Date()
        let lags = self.delivery.lags
        guard !lags.isEmpty else { return .init(.healthy, "there are no purge targets") }
        let behind = lags.compactMap { target, lag -> String? in
            guard let oldest = lag.oldest, case let age = now.timeIntervalSince(oldest), age > Self.purgeLagMax else {
                return nil
            }
            return "'\(target)' is \(Int(age)) s behind with \(lag.pending)"
        }
        guard behind.isEmpty else { return .init(.degraded, behind.joined(separator: "; ")) }
        return .init(.healthy, "\(lags.reduce(0) { $0 + $1.lag.pending }) purges wait for \(lags.count) targets")
    }

    private func disk() async throws -> Dependency.Finding {
        guard let room = try await self.storage.store.room() else { return .init(.healthy, "the store has no bound") }
        let reserve = self.room.reserve(of: room)
        let message = "\(room.free) of \(room.total) bytes are free, \(reserve) stay so"
        guard room.free > reserve else { return .init(.unhealthy, "\(message): uploads are refused") }
        let isNear = room.free / Self.roomFactorMin < reserve
        return .init(isNear ? .degraded : .healthy, message)
    }
}
