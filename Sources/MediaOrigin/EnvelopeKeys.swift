package import MediaModel
import Metrics
import Synchronization

/// Envelope keys, at hand for whoever seals and opens blobs: a cache over the catalog, which has them wrapped, and the
/// provider, which opens them (BLOB-FORMAT §2.4).
///
/// The provider is asked once an epoch and once a soft age, not once a blob. While it is away, reads and uploads go on
/// with the keys that are in memory, until their hard age; what no key is at hand for is refused, and never stored in
/// plain.
///
/// The rows are read once, when this is opened, and changed through here alone: one process has a data folder.
package final class EnvelopeKeys: EnvelopeKeySource {
    let catalog: any Catalog
    let provider: MeteredKeyProvider
    let mirror: any EnvelopeKeyMirror
    let policy: EnvelopeKeyPolicy
    let storageFailure: StorageFailure
    let clock: KeyClock
    /// Whose current keys must be at hand for the service to be ready.
    let tenants: [Tenant]

    let state: Mutex<EnvelopeKeysState>
    /// Changes of the set of keys write the mirror as a whole, so there is one at a time.
    let changes = OneAtATime()
    private let openings = SingleFlight<EnvelopeKeyID, EnvelopeKey>()
    private let mintings = SingleFlight<Tenant, EnvelopeKey>()

    private init(
        for tenants: [Tenant],
        catalog: any Catalog,
        provider: any KeyProvider,
        mirror: any EnvelopeKeyMirror,
        policy: EnvelopeKeyPolicy,
        storageFailure: StorageFailure,
        clock: KeyClock
    ) {
        self.tenants = tenants
        self.catalog = catalog
        self.provider = MeteredKeyProvider(provider, clock: clock)
        self.mirror = mirror
        self.policy = policy
        self.storageFailure = storageFailure
        self.clock = clock
        self.state = Mutex(EnvelopeKeysState(policy: policy))
    }

    /// Reads the rows, brings the mirror up to date and tries to have the current keys of `tenants` at hand. A provider
    /// that is away is no error here: ``checkHealth()`` tells of it, and ``run()`` goes on trying.
    ///
    /// - Parameters:
    ///   - tenants: whose current keys are kept at hand.
    ///   - storageFailure: told of a mirror that could not be made durable.
    /// - Throws: ``CatalogError``; ``KeyError/Code/badMirror``; ``BlobStoreError`` where the mirror cannot be written.
    package static func open(
        for tenants: [Tenant],
        catalog: any Catalog,
        provider: any KeyProvider,
        mirror: any EnvelopeKeyMirror,
        policy: EnvelopeKeyPolicy = EnvelopeKeyPolicy(),
        storageFailure: StorageFailure,
        clock: KeyClock = .system
    ) async throws -> EnvelopeKeys {
        let keys = EnvelopeKeys(
            for: tenants,
            catalog: catalog,
            provider: provider,
            mirror: mirror,
            policy: policy,
            storageFailure: storageFailure,
            clock: clock
        )
        try await keys.load()
        await keys.tend()
        return keys
    }

    /// The key that a tenant's new blobs are wrapped under; a new one where the last one's epoch is over.
    package func current(for tenant: Tenant) async throws -> EnvelopeKey {
        let key = try await self.currentKey(of: tenant)
        self.state.withLock { $0.blobs[key.id, default: 0] += 1 }
        return key
    }

    package func key(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        if let key = self.keyAtOnce(id) {
            OriginMeters.shared.keyHits.increment()
            return key
        }
        OriginMeters.shared.keyMisses.increment()
        try self.checkObstacle(to: .key(id))
        return try await self.reopen(id)
    }

    /// Counts nothing: whoever cannot use the key here asks ``key(_:)`` for it again.
    package func keyAtOnce(_ id: EnvelopeKeyID) -> EnvelopeKey? {
        let now = self.clock.uptime()
        return self.state.withLock { $0.cache.key(id, at: now) }
    }

    /// ``current(for:)`` without a blob that is sealed under it.
    func currentKey(of tenant: Tenant) async throws -> EnvelopeKey {
        let (newest, standing) = self.epoch(of: tenant)
        if let newest, standing == .current { return try await self.key(newest.id) }
        do {
            try self.checkObstacle(to: .epoch(tenant))
            return try await self.mint(for: tenant, after: newest?.id)
        } catch {
            guard let newest, standing == .due, !(error is CancellationError) else { throw error }
            return try await self.key(newest.id)
        }
    }

    /// Makes a key for a tenant's next epoch, whatever the last one's age. Callers at the same time get the same.
    ///
    /// - Parameter seen: the key that is to be followed; where another has taken its place meanwhile, that is the one.
    func mint(for tenant: Tenant, after seen: EnvelopeKeyID?) async throws -> EnvelopeKey {
        try await self.mintings(tenant) {
            if let newest = self.newest(of: tenant), newest.id != seen { return try await self.key(newest.id) }
            return try await self.attempting(.epoch(tenant)) { try await self.makeKey(for: tenant) }
        }
    }

    /// Has the provider open a key, also one that is in memory. Callers at the same time share one call.
    func reopen(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        try await self.openings(id) {
            guard let record = self.state.withLock({ $0.records[id] }) else {
                throw KeyError(.unavailable, detail: "the catalog has no envelope key '\(id)'")
            }
            return try await self.attempting(.key(id)) {
                let key = try await self.opened(record)
                self.keep(key)
                return key
            }
        }
    }

    private func opened(_ record: EnvelopeKeyRecord) async throws -> EnvelopeKey {
        guard let wrapped = record.wrapped else { return try await self.provider.formerEnvelopeKey(record.id) }
        return try await self.provider.unwrap(wrapped, as: record.id, for: record.tenant)
    }

    /// Not where it was retired while the provider opened it.
    private func keep(_ key: EnvelopeKey) {
        let now = self.clock.uptime()
        self.state.withLock { if $0.records[key.id] != nil { $0.cache.insert(key, at: now) } }
    }

    /// Throws what was remembered where the provider was asked in vain a moment ago.
    func checkObstacle(to scope: KeyOutages.Scope) throws {
        let now = self.clock.uptime()
        let luck = Double.random(in: 0...1)
        let part = self.part(of: scope)
        let obstacle = self.state.withLock { $0.outages.obstacle(to: scope, of: part, at: now, luck: luck) }
        if let obstacle { throw obstacle }
    }

    /// The part of the provider that is asked. New keys are the current one's.
    func part(of scope: KeyOutages.Scope) -> KeyProviderPart {
        guard case .key(let id) = scope, let record = self.state.withLock({ $0.records[id] }) else { return .current }
        return self.provider.part(opening: record)
    }
}
