package import MediaModel
import Metrics

/// Makes a rendition again whose blob is damaged: from its version's source, with its version's recipes, under a new
/// blob id. It is taken only when its bytes are those of the row: what a versioned URL means never changes.
package struct Mend: Sendable {
    let catalog: any Catalog
    let vault: BlobVault
    let renderer: any Renderer
    let limits: PictureLimits
    let digests: any Digesting
    let cache: RenditionCache

    package init(
        catalog: any Catalog,
        vault: BlobVault,
        renderer: any Renderer,
        limits: PictureLimits,
        digests: any Digesting,
        cache: RenditionCache
    ) {
        self.catalog = catalog
        self.vault = vault
        self.renderer = renderer
        self.limits = limits
        self.digests = digests
        self.cache = cache
    }

    /// How an attempt ended.
    package enum Outcome: Sendable {
        /// The rendition's blob is another one now: this attempt made it, or an earlier one had.
        case mended(BlobRecord)
        /// Another attempt would end the same. The reason is a stable code.
        case impossible(reason: String)
        /// It is we who are short: another attempt may succeed.
        case failed(any Error)
    }

    /// - Parameters:
    ///   - damaged: the blob as its row was when it was found damaged.
    ///   - priority: who waits for it.
    package func callAsFunction(_ damaged: BlobRecord, priority: RenderPriority = .background) async -> Outcome {
        let outcome: Outcome
        do {
            outcome = try await self.mend(damaged, priority)
        } catch {
            outcome = Self.outcome(of: error)
        }
        OriginMeters.shared.mended(outcome)
        return outcome
    }

    private func mend(_ damaged: BlobRecord, _ priority: RenderPriority) async throws -> Outcome {
        let uses = try await self.catalog.uses(of: damaged.id)
        guard !uses.isEmpty else { return try await self.successor(of: damaged) }
        if case .source = uses[0] { return .impossible(reason: Reason.source) }
        guard let order = try await self.order(for: uses[0]) else { return .impossible(reason: Reason.gone) }
        let version = order.version
        let bytes = try await self.render(order, priority)
        guard bytes.count == damaged.bytes, self.sha256(bytes) == damaged.sha256 else {
            return .impossible(reason: Reason.otherBytes)
        }
        do {
            let new = try await self.replace(damaged, with: bytes, madeFrom: version.source.id, of: uses[0])
            self.cache.insert(bytes, for: new.id, of: new.sealedAs.asset)
            return .mended(new)
        } catch let error as CatalogError where error.code == .conflict {
            return try await self.successor(of: damaged)
        }
    }

    /// What to render so that the same bytes come out.
    private struct Order {
        let version: AssetVersion
        let presets: [Preset]
        /// One of `presets`.
        let wanted: Preset
    }

    /// - Returns: nil where what it was is not there any more.
    private func order(for use: BlobUse) async throws -> Order? {
        switch use {
        case .source: return nil
        case .rendition(let ref, let name):
            guard let version = try await self.catalog.version(ref),
                let wanted = version.presets.first(where: { $0.name == name })
            else { return nil }
            // All recipes of the version, though one is wanted: a rendition may be made of a larger one, so alone it
            // could come out otherwise.
            return Order(version: version, presets: version.presets, wanted: wanted)
        case .further(let ref, let name):
            let further = try await self.catalog.furtherRendition(of: ref.asset, version: ref.number, named: name)
            guard let wanted = further?.rendition.preset, let version = try await self.catalog.version(ref) else {
                return nil
            }
            // It was made alone (``DevelopLater``).
            return Order(version: version, presets: [wanted], wanted: wanted)
        }
    }

    private func render(_ order: Order, _ priority: RenderPriority) async throws -> [UInt8] {
        let version = order.version
        guard let format = PictureFormat(mediaType: version.source.sealedAs.mediaType) else {
            throw RenderError(.unsupported, detail: "source of type \(version.source.sealedAs.mediaType)")
        }
        let job = RenderJob(format: format, limits: self.limits, presets: order.presets, aim: version.aim)
        let source = SealedPicture(vault: self.vault, record: version.source)
        let outcome: RenderOutcome
        do {
            outcome = try await Quarantine(catalog: self.catalog).rendering(version.source.sha256) {
                try await self.renderer.render(job, source: source, priority: priority)
            }
        } catch {
            if let damage = Damage(error) { try await self.catalog.setDamage(damage.code, of: version.source.id) }
            throw error
        }
        guard let rendered = outcome.renditions.first(where: { $0.preset == order.wanted }) else {
            throw RenderError(.crashed, detail: "no rendition '\(order.wanted.name)' of \(version.ref)")
        }
        return rendered.bytes
    }

    /// The new blob is durable before the row names it, and the old one is put aside after.
    private func replace(
        _ damaged: BlobRecord,
        with bytes: [UInt8],
        madeFrom source: BlobID,
        of use: BlobUse
    ) async throws -> BlobRecord {
        let new = try await self.vault.put(bytes, as: damaged.sealedAs, madeFrom: source)
        let unnamed: [BlobID]
        do {
            unnamed = try await self.catalog.replace(damaged.id, with: new, of: use)
        } catch {
            await self.vault.remove([new.id])
            throw error
        }
        self.vault.settle([new.id])
        // What will not go aside has no row any more: the collection takes it.
        for blob in unnamed { try? await self.vault.store.quarantine(blob) }
        return new
    }

    /// What a rendition has now whose old blob nothing names: somebody else was quicker.
    private func successor(of old: BlobRecord) async throws -> Outcome {
        let identity = old.sealedAs
        let ref = VersionRef(asset: identity.asset, number: identity.version)
        var renditions = try await self.catalog.version(ref)?.renditions ?? []
        if let name = RenditionName(identity.variant) {
            let further = try await self.catalog.furtherRendition(of: ref.asset, version: ref.number, named: name)
            if let further { renditions.append(further.rendition) }
        }
        let now = renditions.first { $0.blob.sealedAs.variant == identity.variant && $0.blob.sha256 == old.sha256 }
        return now.map { .mended($0.blob) } ?? .impossible(reason: Reason.gone)
    }

    private func sha256(_ bytes: [UInt8]) -> SHA256Digest {
        var digest = self.digests.makeDigest(.sha256)
        digest.update(bytes)
        return SHA256Digest(bytes: digest.finish())
    }

    private static func outcome(of error: any Error) -> Outcome {
        switch error {
        case let error as RenderError where !error.code.isRetryable: .impossible(reason: error.code.description)
        case let error as CatalogError where error.code == .gone: .impossible(reason: Reason.gone)
        default: Damage(error) == nil ? .failed(error) : .impossible(reason: Reason.sourceDamaged)
        }
    }

    /// Why a blob cannot be made again, beyond what the renderer says.
    enum Reason {
        /// It is an uploaded picture.
        static let source = "source"
        /// The version's source is damaged as well.
        static let sourceDamaged = "source-damaged"
        /// The codec makes other bytes today than it did then.
        static let otherBytes = "other-bytes"
        /// The asset was deleted, or the version is not there any more.
        static let gone = "gone"
    }
}
