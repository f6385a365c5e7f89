package import MediaModel

extension MemoryCatalog {
    package func known(among blobs: [BlobID]) async throws -> Set<BlobID> {
        try self.call { state in Set(blobs.filter { state.blobs[$0]?.isRemoved == false }) }
    }

    package func blobs(after: BlobID?, limit: Int) async throws -> [BlobRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { Array($0.named(after: after).prefix(limit)) }
    }

    package func blobTotals() async throws -> BlobTotals {
        try self.call { state in
            let named = state.named(after: nil)
            return BlobTotals(blobs: named.count, sealedBytes: named.reduce(0) { $0 + $1.sealedBytes })
        }
    }

    package func uses(of blob: BlobID) async throws -> [BlobUse] { try self.call { $0.uses(of: blob) } }

    package func setDamage(_ damage: String?, of blob: BlobID) async throws {
        try self.call { state in
            if state.blobs[blob]?.isRemoved == false { state.blobs[blob]?.damage = damage }
        }
    }

    package func damaged(limit: Int) async throws -> [DamagedBlob] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            state.named(after: nil).compactMap { record in
                state.blobs[record.id]?.damage.map { DamagedBlob(blob: record, damage: $0) }
            }.prefix(limit) + []
        }
    }

    package func replace(_ old: BlobID, with new: BlobRecord, of use: BlobUse) async throws -> [BlobID] {
        try self.call { state in
            guard let use = state.uses(of: old).first(where: { $0 == use }), let record = state.blobs[old]?.record,
                record.sha256 == new.sha256, record.bytes == new.bytes
            else { throw CatalogError(.conflict, detail: "\(use) has not blob \(old), or one of other bytes") }
            switch use {
            case .source: throw CatalogError(.conflict, detail: "\(use): a source is never replaced")
            case .rendition(let ref, _), .further(let ref, _):
                try state.insert(new)
                state.versions[ref]?.move(old, to: new.id)
            }
            return state.removeUnnamed([old])
        }
    }

    package func replace(_ old: BlobID, with new: BlobRecord) async throws {
        try self.call { state in
            guard let record = state.blobs[old]?.record, !state.uses(of: old).isEmpty, record.sealedAs == new.sealedAs,
                record.sha256 == new.sha256, record.bytes == new.bytes
            else {
                throw CatalogError(.conflict, detail: "nothing names blob \(old), or it is not the same as \(new.id)")
            }
            try state.insert(new)
            for (ref, version) in state.versions {
                if version.source == old { state.versions[ref]?.source = new.id }
                state.versions[ref]?.move(old, to: new.id)
            }
            state.blobs[old] = nil
        }
    }

    /// Nothing is kept twice here, hence nothing can contradict the rest.
    package func audit(repairs: Bool) async throws -> [CatalogFinding] { try self.call { _ in [] } }

    package func scrubProgress() async throws -> ScrubProgress? { try self.call { $0.scrub } }

    package func setScrubProgress(_ progress: ScrubProgress) async throws {
        try self.call { $0.scrub = progress }
    }
}

extension MemoryCatalogState.Version {
    /// Gives what has a blob another one.
    fileprivate mutating func move(_ old: BlobID, to new: BlobID) {
        for index in self.renditions.indices where self.renditions[index].blob == old {
            self.renditions[index].blob = new
        }
        for index in self.further.indices where self.further[index].blob == old { self.further[index].blob = new }
    }
}
