import FoundationEssentials
package import MediaModel

/// Makes a catalog of what sealed blobs say of themselves, when there is none left: their headers, the mirror of the
/// envelope keys and the root keys are enough. No service may run meanwhile.
///
/// Three steps: every header is read and remembered in short (``RebuildIndex``, all that is held of the whole store);
/// the keys are opened; then each asset's blobs are proven, chunk by chunk, and given to the new catalog in one piece.
/// What cannot be opened is told and left where it is.
///
/// Headers do not know all: idempotency keys, a `latest` that was set back, deletions in their grace (those assets are
/// back), failed versions, marks of damage; nor the recipes of presets that exist no more.
package struct Rebuild: Sendable {
    /// Assets that are proven at once. Each reads one blob at a time.
    static let width = 4
    /// Headers that are read at once.
    static let headersWidth = 16

    let store: any BlobStore
    let sealing: any BlobSealing
    let mirror: any EnvelopeKeyMirror
    let provider: any KeyProvider
    let renderer: any Renderer
    let digests: any Digesting
    let limits: PictureLimits
    let presets: [Preset]
    let older: (any Catalog)?
    let addKey: @Sendable (EnvelopeKeyRecord) async throws -> Void
    let insert: @Sendable (AssetID, Tenant, [AssetVersion], VersionNumber) async throws -> Void
    let keep: @Sendable (Rendition, VersionRef) async throws -> Void

    /// - Parameters:
    ///   - renderer: measures sources.
    ///   - presets: those of today.
    ///   - older: a catalog of an earlier day, for data keys that were wrapped anew after it and whose first envelope
    ///     key was retired; nil where there is none.
    ///   - addKey: adds an envelope key to the new catalog; called before the first asset.
    ///   - insert: adds an asset with its versions, in the order of their numbers, each `ready` with all its renditions
    ///     or `processing` without any, and the last number that counts as taken. Called from several tasks at once,
    ///     once an asset. A source may come more than once, also with several assets, always with the same row.
    ///   - keep: adds a rendition that was made after the upload to a version that was inserted as `ready`, however
    ///     many it has: they are served, and their URLs were promised for ever.
    package init(
        store: any BlobStore,
        sealing: any BlobSealing,
        mirror: any EnvelopeKeyMirror,
        provider: any KeyProvider,
        renderer: any Renderer,
        digests: any Digesting,
        limits: PictureLimits,
        presets: [Preset],
        older: (any Catalog)? = nil,
        addKey: @escaping @Sendable (EnvelopeKeyRecord) async throws -> Void,
        insert:
            @escaping @Sendable (
                _ asset: AssetID,
                _ tenant: Tenant,
                _ versions: [AssetVersion],
                _ last: VersionNumber
            ) async throws -> Void,
        keep: @escaping @Sendable (_ rendition: Rendition, _ version: VersionRef) async throws -> Void
    ) {
        self.store = store
        self.sealing = sealing
        self.mirror = mirror
        self.provider = provider
        self.renderer = renderer
        self.digests = digests
        self.limits = limits
        self.presets = presets
        self.older = older
        self.addKey = addKey
        self.insert = insert
        self.keep = keep
    }

    /// - Parameter report: a `finding` for each blob, key and version that could not be used, `progress` about once a
    ///   second, then `done` with the counts `assets`, `versions`, `processing` (of the versions; the next start
    ///   finishes them), `blobs`, `bytes` (sealed), `findings` and `locked` (blobs that no key opened).
    /// - Throws: an error of a port that is not about one blob, or of `addKey`, `insert` or `keep`: the new catalog is
    ///   not whole then.
    package func callAsFunction(report: @escaping OperationReport) async throws -> Rebuilt {
        let journal = RebuildJournal(report)
        var traces: [EnvelopeKeyID: RebuildKeys.Trace] = [:]
        let index = RebuildIndex(try await self.readHeaders(&traces, journal))
        let keys = try await RebuildKeys(
            mirror: self.mirror,
            older: self.older,
            traces: traces,
            provider: self.provider
        )
        for record in keys.records { try await self.addKey(record) }
        try await self.restore(RebuildRun(self, index, keys, journal))
        await journal.tellOfLocked(keys.failures)
        let rebuilt = journal.rebuilt
        await report(OperationLine(.done, rebuilt.description, fields: rebuilt.fields))
        return rebuilt
    }

    /// The first step.
    private func readHeaders(
        _ traces: inout [EnvelopeKeyID: RebuildKeys.Trace],
        _ journal: RebuildJournal
    ) async throws -> [RebuildIndex.Entry] {
        var entries: [RebuildIndex.Entry] = []
        for try await page in Pages({ try await self.store.list(after: $0, limit: $1) }) {
            try await self.forEach(page, width: Self.headersWidth) { blob in
                try await journal.tellingOf(blob.id) { (blob, try await self.header(of: blob.id)) }
            } then: { found in
                guard let (blob, facts) = found else { return }
                entries.append(RebuildIndex.Entry(facts, modifiedAt: blob.modifiedAt))
                let created = facts.identity.createdAt
                var trace = traces[facts.envelopeKey] ?? .init(tenant: facts.identity.tenant, createdAt: created)
                trace.createdAt = min(trace.createdAt, created)
                traces[facts.envelopeKey] = trace
            }
            await journal.progress { _ in "\(entries.count) headers read" }
        }
        return entries
    }

    /// What a blob says of itself. Nothing of it is proven.
    func header(of id: BlobID) async throws -> SealedFacts {
        let handle = try await self.store.open(id)
        let prefix = try await handle.read(0..<SealedLayout.prefixBytes)
        let facts = try self.sealing.readHeader(prefix: prefix, sealedBytes: handle.sealedBytes)
        guard facts.id == id else {
            throw SealError(.identityMismatch, detail: "blob \(id) says that it is blob \(facts.id)")
        }
        return facts
    }

    /// The last step. Assets do not wait for each other, so that their commits share transactions.
    private func restore(_ run: RebuildRun) async throws {
        try await self.forEach(run.index.assets, width: Self.width) { blobs in
            try Task.checkCancellation()
            let restored = try await run.versions(of: blobs)
            // Also of versions that could not be restored; of some there may be no blob left.
            guard let tenant = restored.first?.version.tenant, let last = blobs.map(\.ref.number).max(),
                let asset = blobs.first?.ref.asset
            else { return }
            try await self.insert(asset, tenant, restored.map(\.version), last.afterLoss)
            for one in restored {
                for rendition in one.further { try await self.keep(rendition, one.version.ref) }
            }
            run.journal.count(restored, run.shared)
            await run.journal.progress { "\($0.assets) assets, \($0.versions) versions, \($0.blobs) blobs" }
        }
    }

    /// Works on `width` elements at a time; `then` gets the results, one after the other.
    private func forEach<Element: Sendable, Result: Sendable>(
        _ elements: some Sequence<Element>,
        width: Int,
        _ work: @escaping @Sendable (Element) async throws -> Result,
        then: (Result) -> Void = { _ in }
    ) async throws {
        try await withThrowingTaskGroup(of: Result.self) { group in
            for (number, element) in elements.enumerated() {
                if number >= width, let result = try await group.next() { then(result) }
                group.addTask { try await work(element) }
            }
            for try await result in group { then(result) }
        }
    }
}

/// What a rebuild came to.
package struct Rebuilt: Hashable, Sendable, CustomStringConvertible {
    package internal(set) var assets = 0
    package internal(set) var versions = 0
    /// Of the versions: those without renditions, which the service makes after its next start.
    package internal(set) var processing = 0
    /// Blobs that the new catalog names, and their bytes in the store.
    package internal(set) var blobs = 0
    package internal(set) var sealedBytes = 0
    /// Blobs, keys and versions that could not be used.
    package internal(set) var findings = 0
    /// Of the blobs that could not be used: those that no key opened.
    package internal(set) var locked = 0

    package var description: String {
        "\(self.assets) assets, \(self.versions) versions (\(self.processing) of them still to be processed), "
            + "\(self.blobs) blobs, \(self.sealedBytes) bytes; \(self.findings) findings, \(self.locked) blobs without "
            + "a key. What headers do not know is lost: idempotency keys, a `latest` that was set back by hand, "
            + "deletions in their grace (those assets are there again), failed versions; a preset that exists no more "
            + "has a recipe made up from its rendition"
    }

    var fields: [String: String] {
        [
            "assets": "\(self.assets)", "versions": "\(self.versions)", "processing": "\(self.processing)",
            "blobs": "\(self.blobs)", "bytes": "\(self.sealedBytes)", "findings": "\(self.findings)",
            "locked": "\(self.locked)",
        ]
    }
}
