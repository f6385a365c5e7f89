import FoundationEssentials
import Logging
import MediaModel
import Synchronization

// What goes on in the background, and how it stands.

extension EnvelopeKeys {
    /// Keeps current keys at hand and opened ones fresh, until the task is cancelled. Without it a provider that comes
    /// back is noticed by the next request, and nothing is opened again before its hard age.
    package func run() async {
        let interval = min(EnvelopeKeyPolicy.upkeepInterval, self.policy.softAge / 4)
        while !Task.isCancelled {
            await self.tend()
            try? await self.clock.sleep(interval)
        }
    }

    /// One round of ``run()``.
    func tend() async {
        let now = self.clock.uptime()
        self.state.withLock { $0.cache.dropOver(at: now) }
        // Failures were logged, and are remembered.
        for tenant in self.tenants { _ = try? await self.currentKey(of: tenant) }
        for id in self.state.withLock({ $0.cache.stale(self.policy.softAge, at: now) }) {
            _ = try? await self.refresh(id)
        }
    }

    private func refresh(_ id: EnvelopeKeyID) async throws {
        try self.checkObstacle(to: .key(id))
        _ = try await self.reopen(id)
    }

    /// Makes an attempt at what `scope` names, and remembers how it ended.
    func attempting<Value>(_ scope: KeyOutages.Scope, _ work: () async throws -> Value) async throws -> Value {
        let part = self.part(of: scope)
        do {
            let value = try await work()
            self.succeeded(scope, of: part)
            return value
        } catch {
            self.failed(scope, of: part, error)
            throw error
        }
    }

    private func succeeded(_ scope: KeyOutages.Scope, of part: KeyProviderPart) {
        let isOver = self.state.withLock { state in
            let was = state.outages.any != nil
            state.outages.succeeded(scope, of: part)
            return was && state.outages.any == nil
        }
        if isOver { Logger.current.notice("The key provider gives all that it is asked for again") }
    }

    private func failed(_ scope: KeyOutages.Scope, of part: KeyProviderPart, _ error: any Error) {
        let now = self.clock.uptime()
        let luck = Double.random(in: 0...1)
        self.state.withLock { $0.outages.failed(scope, of: part, error, at: now, luck: luck) }
        let isTransient = (error as? KeyError)?.code.isTransient == true
        let metadata: Logger.Metadata = ["for": "\(scope)", "error": "\(String(reflecting: error))"]
        Logger.current.log(
            level: isTransient ? .warning : .error,
            "Could not open or make an envelope key",
            metadata: metadata
        )
    }

    /// Throws why a current key is not at hand: new blobs can be sealed and recent ones opened exactly when it is.
    package func checkHealth() throws {
        let now = self.clock.uptime()
        for tenant in self.tenants {
            let reason: (any Error)? = self.state.withLock { state in
                let newest = state.newest[tenant]
                if let newest, state.cache.has(newest.id, at: now) { return nil }
                let ofNewest = newest.map { [.provider(self.provider.part(opening: $0)), KeyOutages.Scope.key($0.id)] }
                return state.outages.reason([.provider(.current), .epoch(tenant)] + (ofNewest ?? []))
                    ?? KeyError(.unavailable, detail: "no current envelope key of tenant '\(tenant)' is at hand yet")
            }
            if let reason { throw reason }
        }
    }

    /// What the provider refuses at the moment, also where the keys in memory will do; nil where nothing is.
    package var degradation: (any Error)? { self.state.withLock { $0.outages.any } }

    /// For the metrics.
    package struct Statistics: Sendable, Hashable {
        /// Keys in memory.
        package let cached: Int
        /// Of the first tenant's current key, since it was made; nil where there is none.
        package let currentAge: Duration?
        /// Since a call of the provider last succeeded; nil: none did yet.
        package let sinceProviderSuccess: Duration?
    }

    package var statistics: Statistics {
        let newest = self.tenants.first.flatMap { self.newest(of: $0) }
        return Statistics(
            cached: self.state.withLock { $0.cache.count },
            currentAge: newest.map { .seconds(self.clock.date().timeIntervalSince($0.createdAt)) },
            sinceProviderSuccess: self.provider.sinceSuccess
        )
    }
}
