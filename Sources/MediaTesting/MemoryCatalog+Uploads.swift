package import FoundationEssentials
package import MediaModel

extension MemoryCatalog {
    package func reserveVersion(of asset: AssetID) async throws -> VersionNumber {
        try self.call { state in
            let last = try state.writable(asset).lastNumber
            guard last < .max else { throw CatalogError(.failed, detail: "\(asset) has used up its version numbers") }
            let number = VersionNumber(last.value + 1)
            state.assets[asset]?.lastNumber = number
            return number
        }
    }

    package func releaseVersion(_ ref: VersionRef) async throws {
        try self.call { $0.release(ref) }
    }

    package func skipVersions() async throws {
        try self.call { state in
            for (id, asset) in state.assets { state.assets[id]?.lastNumber = asset.lastNumber.afterLoss }
        }
    }

    package func begin(_ version: AssetVersion, terms: CommitTerms) async throws -> AssetVersion {
        precondition(version.state == .processing && version.renditions.isEmpty, "a version begins as processing")
        return try self.call { state in
            try state.addAsset(of: version)
            let source = try state.addSource(of: version)
            guard state.versions[version.ref] == nil else {
                throw CatalogError(.conflict, detail: "\(version.ref) exists")
            }
            state.versions[version.ref] = MemoryCatalogState.Version(
                ref: version.ref,
                tenant: version.tenant,
                createdAt: version.createdAt,
                presets: version.presets,
                isAnnounced: version.isAnnounced,
                source: source,
                sourceSize: version.sourceSize,
                focus: version.focus
            )
            if let key = terms.idempotencyKey { try state.take(key, for: version, target: terms.target) }
            try state.check(terms.quota, of: version.tenant)
            guard let begun = state.record(of: version.ref) else { preconditionFailure("what was written is there") }
            return begun
        }
    }

    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition],
        impression: Impression?,
        quota: Quota
    ) async throws -> AssetVersion {
        defer { self.onPurge() }
        return try self.call { state in
            var version = try state.processing(ref)
            let ordered = version.presets.compactMap { preset in renditions.first { $0.preset == preset } }
            guard ordered.count == version.presets.count, ordered.count == renditions.count else {
                throw CatalogError(.conflict, detail: "\(ref): not a rendition a preset")
            }
            for rendition in ordered { try state.insert(rendition.blob) }
            version.state = .ready
            version.sourceSize = sourceSize
            version.impression = impression
            version.renditions = ordered.map { .init($0) }
            state.versions[ref] = version
            let isNewest = !state.versions(of: ref.asset).contains { $0.state == .ready && $0.ref.number > ref.number }
            if isNewest { state.moveLatest(to: ref) }
            try state.check(quota, of: version.tenant)
            guard let ready = state.record(of: ref) else { preconditionFailure("what was written is there") }
            return ready
        }
    }

    package func fail(_ ref: VersionRef, failure: String, keepsSource: Bool) async throws -> [BlobID] {
        try self.call { state in
            var version = try state.processing(ref)
            version.state = .failed
            version.failure = failure
            version.holdsSource = keepsSource
            state.versions[ref] = version
            return state.removeUnnamed([version.source])
        }
    }

    package func announce(_ ref: VersionRef) async throws {
        try self.call { state in
            if state.versions[ref]?.state == .processing { state.versions[ref]?.isAnnounced = true }
        }
    }

    package func discard(_ ref: VersionRef) async throws -> [BlobID] {
        try self.call { state in
            guard let version = state.versions[ref], version.state == .processing, !version.isAnnounced else {
                _ = try state.processing(ref)
                throw CatalogError(.conflict, detail: "\(ref) was announced")
            }
            state.versions[ref] = nil
            state.idempotency = state.idempotency.filter { $0.value.upload.ref != ref }
            if state.versions(of: ref.asset).isEmpty {
                state.assets[ref.asset] = nil
            } else {
                state.release(ref)
            }
            return state.removeUnnamed([version.source])
        }
    }

    package func source(of tenant: Tenant, sha256: SHA256Digest, bytes: Int) async throws -> BlobRecord? {
        try self.call { $0.soundSource(of: tenant, sha256: sha256, bytes: bytes) }
    }

    package func upload(under key: IdempotencyKey, of tenant: Tenant) async throws -> IdempotentUpload? {
        try self.call { $0.idempotency[.init(tenant: tenant, key: key)]?.upload }
    }

    package func releaseIdempotencyKeys(before date: Date, limit: Int) async throws -> Int {
        precondition(limit >= 1, "at least one key")
        return try self.call { state in
            let old = state.idempotency.filter { $0.value.takenAt < date }.sorted {
                $0.value.takenAt < $1.value.takenAt
            }
            .prefix(limit)
            for (key, _) in old { state.idempotency[key] = nil }
            return old.count
        }
    }

    package func usage(of tenant: Tenant) async throws -> Usage {
        try self.call { $0.usage(of: tenant) }
    }
}

extension MemoryCatalogState {
    fileprivate mutating func addAsset(of version: AssetVersion) throws {
        let ref = version.ref
        if ref.number == .first, self.assets[ref.asset] == nil {
            self.assets[ref.asset] = Asset(tenant: version.tenant, lastNumber: .first)
            return
        }
        let asset = try self.writable(ref.asset)
        guard ref.number > .first else {
            throw CatalogError(.conflict, detail: "\(ref) exists")
        }
        guard ref.number <= asset.lastNumber, asset.tenant == version.tenant else {
            throw CatalogError(.conflict, detail: "\(ref) was not reserved, or by another tenant")
        }
    }

    /// The blob that the version is given: one that is named already, one that is the same, or its own.
    fileprivate mutating func addSource(of version: AssetVersion) throws -> BlobID {
        let source = version.source
        if let named = self.blobs[source.id] {
            guard named.isSoundSource, named.record.sealedAs.tenant == version.tenant else {
                throw CatalogError(.conflict, detail: "blob \(source.id) is no sound source of \(version.tenant)")
            }
            return source.id
        }
        if let same = self.soundSource(of: version.tenant, sha256: source.sha256, bytes: source.bytes) {
            return same.id
        }
        // A blob of another version is one that was named when the caller looked. Its file may be gone by now.
        guard source.sealedAs.asset == version.ref.asset, source.sealedAs.version == version.ref.number else {
            throw CatalogError(.conflict, detail: "blob \(source.id) is no source any more")
        }
        try self.insert(source)
        return source.id
    }

    fileprivate mutating func take(_ key: IdempotencyKey, for version: AssetVersion, target: String) throws {
        let name = TenantKey(tenant: version.tenant, key: key)
        guard self.idempotency[name] == nil else {
            throw CatalogError(.keyTaken, detail: "\(version.ref): its idempotency key is another upload's")
        }
        let source = version.source
        let upload = IdempotentUpload(ref: version.ref, target: target, sha256: source.sha256, bytes: source.bytes)
        self.idempotency[name] = TakenKey(upload: upload, takenAt: version.createdAt)
    }
}
