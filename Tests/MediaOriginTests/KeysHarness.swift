import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

/// Keys, blobs and a catalog on fakes, and a clock that stands still.
struct KeysHarness {
    let catalog: MemoryCatalog
    let store = MemoryBlobStore()
    let provider: FaultyKeyProvider
    let mirror: MemoryKeyMirror
    let clock = ManualClock()

    init(
        provider: FakeKeyProvider = FakeKeyProvider(),
        keys: [EnvelopeKeyRecord] = [],
        mirrored: [EnvelopeKeyRecord] = []
    ) {
        self.catalog = MemoryCatalog(keys: keys)
        self.provider = FaultyKeyProvider(provider)
        self.mirror = MemoryKeyMirror(mirrored)
    }

    /// As a start of the service does.
    func open(
        policy: EnvelopeKeyPolicy = EnvelopeKeyPolicy(),
        for tenants: [Tenant] = [.default]
    ) async throws -> EnvelopeKeys {
        try await EnvelopeKeys.open(
            for: tenants,
            catalog: self.catalog,
            provider: self.provider,
            mirror: self.mirror,
            policy: policy,
            storageFailure: StorageFailure { Issue.record("storage failure: \($0)") },
            clock: self.clock.keyClock
        )
    }

    func vault(_ keys: EnvelopeKeys) -> BlobVault {
        BlobVault(store: self.store, sealing: FakeSealing(), keys: keys)
    }

    func rewrap(_ keys: EnvelopeKeys) -> Rewrap {
        Rewrap(catalog: self.catalog, vault: self.vault(keys), keys: keys)
    }

    func retire(_ keys: EnvelopeKeys) -> RetireKey { RetireKey(catalog: self.catalog, keys: keys) }

    func reseal(_ keys: EnvelopeKeys) -> Reseal {
        Reseal(catalog: self.catalog, vault: self.vault(keys), keys: keys, clock: self.clock.keyClock)
    }

    /// An asset with one version, whose source and renditions are sealed under the tenant's current key.
    ///
    /// - Parameters:
    ///   - bytes: of the source.
    ///   - isReady: otherwise it is still `processing`, without renditions.
    @discardableResult
    func add(
        _ keys: EnvelopeKeys,
        bytes: Int = 20_000,
        seed: UInt8 = .random(in: .min ... .max),
        isReady: Bool = true
    ) async throws -> AssetVersion {
        let vault = self.vault(keys)
        let sample = Samples.version()
        let source = try await vault.put(
            Samples.bytes(bytes, seed: seed) + sample.ref.asset.bytes,
            as: sample.source.sealedAs
        )
        let version = AssetVersion(
            ref: sample.ref,
            tenant: sample.tenant,
            state: .processing,
            createdAt: sample.createdAt,
            source: source,
            presets: sample.presets
        )
        let begun = try await self.catalog.begin(version, terms: CommitTerms())
        return isReady ? try await self.complete(begun, keys) : begun
    }

    /// Makes the renditions of a version.
    @discardableResult
    func complete(_ version: AssetVersion, _ keys: EnvelopeKeys) async throws -> AssetVersion {
        var renditions: [Rendition] = []
        for sample in Samples.renditions(of: version) {
            let blob = try await self.vault(keys).put(
                Array("\(sample.preset.name) of \(version.ref)".utf8),
                as: sample.blob.sealedAs,
                madeFrom: version.source.id
            )
            renditions.append(Rendition(preset: sample.preset, size: sample.size, blob: blob))
        }
        return try await self.catalog.complete(
            version.ref,
            sourceSize: Samples.sourceSize,
            renditions: renditions,
            quota: .none
        )
    }

    /// Opens every blob that a row names, to its last byte.
    ///
    /// - Parameter keys: nil: as a fresh start of the service has them.
    /// - Returns: what each is, by what names it.
    @discardableResult
    func readEverything(
        _ keys: EnvelopeKeys? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) async throws -> [BlobUse: SHA256Digest] {
        let vault: BlobVault
        if let keys { vault = self.vault(keys) } else { vault = self.vault(try await self.open()) }
        var digests: [BlobUse: SHA256Digest] = [:]
        for version in self.catalog.versions {
            var blobs = [(BlobUse.source(of: version.ref), version.source)]
            blobs += version.renditions.map { (.rendition(of: version.ref, preset: $0.preset.name), $0.blob) }
            for (use, blob) in blobs {
                let reader = try await vault.open(blob)
                let digest = FakeSealing.digest(try await reader.read(0..<blob.bytes))
                #expect(digest == blob.sha256, "\(use)", sourceLocation: location)
                digests[use] = digest
            }
        }
        return digests
    }
}

/// Waits for what other tasks bring about.
func eventually(_ condition: () async throws -> Bool, _ location: SourceLocation = #_sourceLocation) async throws {
    let isSo = try await comesAbout(every: .milliseconds(1), condition)
    #expect(isSo, "it never came about", sourceLocation: location)
}
