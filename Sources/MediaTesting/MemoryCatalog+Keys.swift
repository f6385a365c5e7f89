package import MediaModel

extension MemoryCatalog {
    package func envelopeKeys() async throws -> [EnvelopeKeyRecord] {
        try self.call { state in
            state.keys.values.sorted { ($0.createdAt, $0.id.description) > ($1.createdAt, $1.id.description) }
        }
    }

    package func add(_ key: EnvelopeKeyRecord) async throws {
        try self.call { state in
            guard state.keys[key.id] == nil else {
                throw CatalogError(.conflict, detail: "there is an envelope key \(key.id)")
            }
            state.keys[key.id] = key
        }
    }

    package func setWrapped(_ wrapped: WrappedEnvelopeKey, of key: EnvelopeKeyID) async throws {
        try self.call { state in
            guard let old = state.keys[key] else { throw CatalogError(.conflict, detail: "no envelope key \(key)") }
            state.keys[key] = EnvelopeKeyRecord(
                id: key,
                tenant: old.tenant,
                createdAt: old.createdAt,
                wrapped: wrapped
            )
        }
    }

    package func retire(_ key: EnvelopeKeyID) async throws {
        try self.call { state in
            guard state.counts[key] == nil else { throw CatalogError(.keyInUse, detail: "blobs need \(key)") }
            state.keys[key] = nil
        }
    }

    package func blobCounts() async throws -> [EnvelopeKeyID: Int] { try self.call { $0.counts } }

    package func blobs(under key: EnvelopeKeyID, after: BlobID?, limit: Int) async throws -> [BlobRecord] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { $0.named(after: after).filter { $0.envelopeKey == key }.prefix(limit) + [] }
    }

    package func rewrap(_ changes: [DataKeyChange]) async throws -> Int {
        try self.call { state in
            var changed = 0
            for change in changes {
                guard let old = state.blobs[change.blob], !old.isRemoved, old.record.envelopeKey == change.from else {
                    continue
                }
                guard state.keys[change.to] != nil else {
                    throw CatalogError(.keyRetired, detail: "no envelope key \(change.to)")
                }
                state.blobs[change.blob]?.record = BlobRecord(
                    id: old.record.id,
                    sealedAs: old.record.sealedAs,
                    bytes: old.record.bytes,
                    sealedBytes: old.record.sealedBytes,
                    sha256: old.record.sha256,
                    envelopeKey: change.to,
                    rewrapped: change.wrapped
                )
                changed += 1
            }
            return changed
        }
    }
}

extension MemoryCatalogState {
    fileprivate var counts: [EnvelopeKeyID: Int] {
        self.named(after: nil).reduce(into: [:]) { $0[$1.envelopeKey, default: 0] += 1 }
    }

    func named(after: BlobID?) -> [BlobRecord] {
        self.blobs.values.filter { !$0.isRemoved }.map(\.record)
            .filter { record in after.map { $0 < record.id } ?? true }
            .sorted { $0.id < $1.id }
    }
}
