package import FoundationEssentials
package import MediaModel

extension MemoryCatalog {
    package func purges(to target: PurgeTargetName, due date: Date, limit: Int) async throws -> [PurgeRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            let all = state.purges.values.filter { $0.target == target }
            let due = all.filter { record in
                record.dueAt <= date
                    && !all.contains {
                        $0.asset == record.asset && $0.id < record.id && $0.sentAt == nil
                    }
            }
            return Array(due.sorted { ($0.dueAt, $0.id) < ($1.dueAt, $1.id) }.prefix(limit))
        }
    }

    package func nextPurge(to target: PurgeTargetName) async throws -> Date? {
        try self.call { state in state.purges.values.filter { $0.target == target }.map(\.dueAt).min() }
    }

    package func settle(_ purges: [PurgeSettlement]) async throws {
        try self.call { state in for purge in purges { state.settle(purge) } }
    }

    package func purgeLag(of target: PurgeTargetName) async throws -> PurgeLag {
        try self.call { state in
            let waiting = state.purges.values.filter { $0.target == target && $0.sentAt == nil }
            return PurgeLag(pending: waiting.count, oldest: waiting.map(\.createdAt).min())
        }
    }

    package func purges(after: Int64?, limit: Int) async throws -> [PurgeRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            let rest = state.purges.values.filter { $0.id > after ?? 0 }
            return Array(rest.sorted { $0.id < $1.id }.prefix(limit))
        }
    }

    package func requestPurge(of asset: AssetID, at date: Date) async throws -> Int {
        defer { self.onPurge() }
        return try self.call { state in
            guard state.assets[asset] != nil else { throw CatalogError(.unknownAsset, detail: "no asset \(asset)") }
            state.notePurge(.requested, of: asset, at: date)
            return state.purgeTargets.count
        }
    }

    package func hastenPurges(to target: PurgeTargetName?, at date: Date) async throws -> Int {
        defer { self.onPurge() }
        return try self.call { state in
            let late = state.purges.values.filter { record in
                record.dueAt > date && record.attempts > 0
                    && (target.map { $0 == record.target } ?? state.purgeTargets.contains(record.target))
            }
            for record in late { state.purges[record.id] = record.with(dueAt: date) }
            return late.count
        }
    }

    package func giveUpPurges(before date: Date, limit: Int) async throws -> [PurgeRecord] {
        precondition(limit >= 1, "at least one record")
        return try self.call { state in
            let old = state.purges.values.filter { $0.createdAt < date }
                .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }.prefix(limit)
            for record in old { state.purges[record.id] = nil }
            return Array(old)
        }
    }
}

extension MemoryCatalogState {
    /// Makes a version that is ready the latest; to the caches that is a change only where it was another.
    mutating func moveLatest(to ref: VersionRef) {
        let before = self.assets[ref.asset]?.latest
        self.assets[ref.asset]?.latest = ref.number
        guard before != ref.number else { return }
        self.notePurge(.latest, of: ref.asset, at: Date(), versions: [before, ref.number])
    }

    /// Writes a record for each target.
    ///
    /// - Parameter versions: those concerned; nil for all.
    mutating func notePurge(
        _ change: PurgeChange,
        of asset: AssetID,
        at date: Date,
        versions: Set<VersionNumber?>? = nil
    ) {
        let concerned = self.versions(of: asset).filter { versions?.contains($0.ref.number) ?? true }
        let renditions = concerned.flatMap { version in
            version.renditions.map { (version.ref.number, $0.preset.name, $0.preset.recipe.formats) }
        }
        let oneOffs = concerned.flatMap { version in
            version.further.map { (version.ref.number, RenditionName($0.preset)) }.filter(\.1.preset.isOneOff)
        }
        // Times are kept in milliseconds.
        let date = Date(timeIntervalSince1970: (date.timeIntervalSince1970 * 1000).rounded() / 1000)
        for target in self.purgeTargets {
            self.lastPurge += 1
            self.purges[self.lastPurge] = PurgeRecord(
                id: self.lastPurge,
                target: target,
                asset: asset,
                change: change,
                paths: PurgeRecord.paths(of: asset, renditions, oneOffs: oneOffs, for: change),
                createdAt: date,
                dueAt: date
            )
        }
    }

    fileprivate mutating func settle(_ purge: PurgeSettlement) {
        switch purge {
        case .done(let id): self.purges[id] = nil
        case .again(let id, let sentAt, let dueAt):
            self.purges[id] = self.purges[id]?.with(dueAt: dueAt, attempts: 0, sentAt: sentAt)
        case .failed(let id, let error, let dueAt):
            guard let record = self.purges[id] else { return }
            self.purges[id] = record.with(
                dueAt: dueAt,
                attempts: record.attempts + 1,
                sentAt: record.sentAt,
                error: error
            )
        }
    }
}

extension PurgeRecord {
    fileprivate func with(dueAt: Date) -> PurgeRecord {
        self.with(dueAt: dueAt, attempts: self.attempts, sentAt: self.sentAt, error: self.error)
    }

    fileprivate func with(dueAt: Date, attempts: Int, sentAt: Date?, error: String? = nil) -> PurgeRecord {
        PurgeRecord(
            id: self.id,
            target: self.target,
            asset: self.asset,
            change: self.change,
            paths: self.paths,
            createdAt: self.createdAt,
            dueAt: dueAt,
            attempts: attempts,
            sentAt: sentAt,
            error: error
        )
    }
}
