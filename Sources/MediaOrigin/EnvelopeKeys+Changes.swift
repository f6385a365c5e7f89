import FoundationEssentials
import MediaModel
import Synchronization

// Changes of the set of keys: each is in the mirror before a blob is sealed under it, and out of it before it counts as
// destroyed.

extension EnvelopeKeys {
    /// Reads the rows, and writes the mirror where it differs from them.
    ///
    /// The catalog is the truth about a key that both have. A key that only the mirror has stays there: if the catalog
    /// was lost, it is the last copy, and blobs are lost with it. It goes when it is retired.
    func load() async throws {
        let records = try await self.catalog.envelopeKeys()
        let mirrored = try await self.mirror.read()
        let known = Set(records.map(\.id))
        self.state.withLock { state in
            state.records = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
            state.strays = mirrored.filter { !known.contains($0.id) && !state.unborn.contains($0.id) }
            state.mirrored = EnvelopeKeysState.sorted(mirrored)
        }
        try await self.write(self.state.withLock { $0.mirrorable })
        self.state.withLock { state in
            state.unborn = []
            state.isInDoubt = false
        }
    }

    /// Makes one change at a time. Before the next one after a failure the rows are read: it may have been made.
    private func changing<Value>(_ work: () async throws -> Value) async throws -> Value {
        try await self.changes {
            if self.state.withLock({ $0.isInDoubt }) { try await self.load() }
            do {
                return try await work()
            } catch {
                self.state.withLock { $0.isInDoubt = true }
                throw error
            }
        }
    }

    /// Provider, mirror, catalog: a key that a blob could be sealed under is in both places. A crash on the way leaves
    /// a key in the mirror that nothing needs.
    func makeKey(for tenant: Tenant) async throws -> EnvelopeKey {
        let id = EnvelopeKeyID.make(at: self.nextMoment(for: tenant))
        let (key, wrapped) = try await self.provider.makeKey(id, for: tenant)
        try await self.changing {
            try self.checkRoot(of: wrapped)
            let record = EnvelopeKeyRecord(
                id: id,
                tenant: tenant,
                createdAt: self.nextMoment(for: tenant),
                wrapped: wrapped
            )
            // Until it is a row: a failure from here on leaves none that is needed.
            self.state.withLock { _ = $0.unborn.insert(id) }
            try await self.write(EnvelopeKeysState.sorted(self.state.withLock { $0.mirrorable } + [record]))
            try await self.catalog.add(record)
            let now = self.clock.uptime()
            self.state.withLock { state in
                state.unborn.remove(id)
                state.records[id] = record
                state.cache.insert(key, at: now)
            }
        }
        return key
    }

    /// Records that a key is wrapped under another root key now. ``writeMirror()`` belongs after it, and must have
    /// returned before the old root key goes.
    func setWrapped(_ wrapped: WrappedEnvelopeKey, of record: EnvelopeKeyRecord) async throws {
        try await self.changing {
            try self.checkRoot(of: wrapped)
            try await self.catalog.setWrapped(wrapped, of: record.id)
            let changed = EnvelopeKeyRecord(
                id: record.id,
                tenant: record.tenant,
                createdAt: record.createdAt,
                wrapped: wrapped
            )
            self.state.withLock { $0.records[record.id] = changed }
        }
    }

    /// Catalog, then mirror: the catalog refuses where a blob needs the key. It is destroyed when this returns, but for
    /// the copy in memory that reads which have begun may use for ``EnvelopeKeyPolicy/retiredGrace``.
    ///
    /// - Throws: ``CatalogError``: `.keyInUse`; ``BlobStoreError`` where the mirror has it still: then retire it again.
    func retire(_ id: EnvelopeKeyID) async throws {
        try await self.changing {
            try await self.catalog.retire(id)
            let goesAt = self.clock.uptime() + EnvelopeKeyPolicy.retiredGrace
            self.state.withLock { state in
                if let record = state.records.removeValue(forKey: id) { state.strays.append(record) }
                state.cache.forget(id, at: goesAt)
                state.outages.forget(id)
                state.blobs[id] = nil
            }
            try await self.write(self.state.withLock { $0.mirrorable.filter { $0.id != id } })
            self.state.withLock { $0.strays.removeAll { $0.id == id } }
        }
    }

    /// Destroys a root key that nothing needs any more, neither in the catalog nor in the mirror.
    ///
    /// - Returns: the envelope keys that need it; where there are some it was not destroyed.
    func retireRoot(_ root: RootKeyID) async throws -> [EnvelopeKeyRecord] {
        try await self.changing {
            let users = self.state.withLock { $0.mirrorable.filter { $0.needs(root) } }
            guard users.isEmpty else { return users }
            try await self.write(self.state.withLock { $0.mirrorable })
            self.state.withLock { _ = $0.retiredRoots.insert(root) }
            try await self.provider.retireRoot(root)
            return []
        }
    }

    /// What was wrapped just before its root key was retired must not be used: nothing could open it again.
    private func checkRoot(of wrapped: WrappedEnvelopeKey) throws {
        guard self.state.withLock({ $0.retiredRoots.contains(wrapped.rootKey) }) else { return }
        throw KeyError(
            .unavailable,
            detail: "root key '\(wrapped.rootKey)' was retired while a key was wrapped under it"
        )
    }

    /// Brings the mirror up to date; it is durable on return.
    func writeMirror() async throws {
        try await self.changing { try await self.write(self.state.withLock { $0.mirrorable }) }
    }

    private func write(_ records: [EnvelopeKeyRecord]) async throws {
        if self.state.withLock({ $0.mirrored }) == records { return }
        self.state.withLock { $0.mirrored = nil }
        do {
            try await self.mirror.write(records)
        } catch {
            self.storageFailure.inspect(error)
            throw error
        }
        self.state.withLock { $0.mirrored = records }
    }

    /// Now, in whole milliseconds, but later than the tenant's newest key: it is the newest also where the calendar was
    /// set back, by its moment and by its name.
    private func nextMoment(for tenant: Tenant) -> Date {
        let now = (self.clock.date().timeIntervalSince1970 * 1000).rounded(.down)
        let last = self.newest(of: tenant).map { ($0.createdAt.timeIntervalSince1970 * 1000).rounded() + 1 }
        return Date(timeIntervalSince1970: max(now, last ?? now) / 1000)
    }
}

// What there is.

extension EnvelopeKeys {
    /// All keys of the catalog, newest first.
    var records: [EnvelopeKeyRecord] { EnvelopeKeysState.sorted(self.state.withLock { Array($0.records.values) }) }

    /// Keys that only the mirror has.
    var strays: [EnvelopeKeyRecord] { self.state.withLock { $0.strays } }

    /// The last key that was made for a tenant; nil where none was.
    func newest(of tenant: Tenant) -> EnvelopeKeyRecord? { self.state.withLock { $0.newest[tenant] } }

    func epoch(of tenant: Tenant) -> (newest: EnvelopeKeyRecord?, standing: EpochStanding) {
        let date = self.clock.date()
        return self.state.withLock { state in
            guard let newest = state.newest[tenant] else { return (nil, .over) }
            let age = Duration.seconds(date.timeIntervalSince(newest.createdAt))
            return (newest, self.policy.standing(age: age, blobs: state.blobs[newest.id] ?? 0))
        }
    }
}

extension EnvelopeKeyRecord {
    /// Whether it cannot be opened without that root key.
    func needs(_ root: RootKeyID) -> Bool { self.root == root }
}
