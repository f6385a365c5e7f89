import Logging
package import MediaModel
import Metrics

/// Makes the renditions of a version whose source is durable, as one develops a film: decode once, every preset, seal
/// and publish each, commit 2. An upload that waits, one that does not, and the recovery after a crash all come through
/// here.
package struct Develop: Sendable {
    let catalog: any Catalog
    let vault: BlobVault
    let renderer: any Renderer
    let limits: PictureLimits
    let quota: Quota
    let cache: RenditionCache
    let backlog: Backlog
    let onReady: @Sendable (AssetVersion) -> Void

    /// - Parameters:
    ///   - backlog: takes over what cannot be ended at once.
    ///   - onReady: called after commit 2, which waits for it.
    package init(
        catalog: any Catalog,
        vault: BlobVault,
        renderer: any Renderer,
        limits: PictureLimits,
        quota: Quota = .none,
        cache: RenditionCache,
        backlog: Backlog,
        onReady: @escaping @Sendable (AssetVersion) -> Void = { _ in }
    ) {
        self.catalog = catalog
        self.vault = vault
        self.renderer = renderer
        self.limits = limits
        self.quota = quota
        self.cache = cache
        self.backlog = backlog
        self.onReady = onReady
    }

    /// Who wants the renditions, and so what becomes of a version that fails.
    package enum Asker: Sendable, Hashable {
        /// A client waits: there is no other attempt.
        case client
        /// Nobody waits: the backlog can try again. Attempts count from 1.
        case backlog(attempt: Int)

        var priority: RenderPriority { self == .client ? .upload : .background }
    }

    /// - Returns: the version, `ready`.
    /// - Throws: why there are no renditions. Then the version is ended (`Develop+End.swift`), unless the backlog is to
    ///   try again.
    package func callAsFunction(_ version: AssetVersion, for asker: Asker) async throws -> AssetVersion {
        do {
            let outcome = try await self.render(version, for: asker)
            let renditions = try await Stage.storeRenditions.measure {
                try await self.store(outcome.renditions, of: version)
            }
            let ready = try await Stage.commitRenditions.measure {
                try await self.commit(renditions, outcome, of: version)
            }
            self.warm(outcome.renditions, of: ready)
            self.onReady(ready)
            return ready
        } catch {
            if Self.isOver(for: asker, error) { await self.end(version, because: error) }
            throw error
        }
    }

    private func render(_ version: AssetVersion, for asker: Asker) async throws -> RenderOutcome {
        guard let format = PictureFormat(mediaType: version.source.sealedAs.mediaType) else {
            throw RenderError(.unsupported, detail: "source of type \(version.source.sealedAs.mediaType)")
        }
        let job = RenderJob(
            format: format,
            limits: self.limits,
            presets: version.presets,
            aim: version.aim,
            wantsImpression: true
        )
        let meters = OriginMeters.shared
        do {
            let source = SealedPicture(vault: self.vault, record: version.source)
            let outcome = try await Quarantine(catalog: self.catalog).rendering(version.source.sha256) {
                try await self.renderer.renderTraced(job, source: source, priority: asker.priority)
            }
            meters.rendered(outcome, of: version.source, asker.priority)
            return outcome
        } catch {
            meters.rendersFailed.increment()
            throw error
        }
    }

    /// Seals and publishes every rendition at once: their fsyncs share the file system's journal commits.
    private func store(_ pictures: [RenderedPicture], of version: AssetVersion) async throws -> [Rendition] {
        try await withThrowingTaskGroup(of: (Int, Result<Rendition, any Error>).self) { group in
            for (index, picture) in pictures.enumerated() {
                group.addTask {
                    do {
                        let identity = version.identity(of: picture.preset)
                        let source = version.source.id
                        let blob = try await self.vault.put(picture.bytes, as: identity, madeFrom: source)
                        return (index, .success(Rendition(picture, blob: blob)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [(Int, Result<Rendition, any Error>)] = []
            for try await result in group { results.append(result) }
            let stored = results.sorted { $0.0 < $1.0 }.map(\.1)
            do {
                return try stored.map { try $0.get() }
            } catch {
                await self.vault.remove(stored.compactMap { try? $0.get().blob.id })
                throw error
            }
        }
    }

    private func commit(
        _ renditions: [Rendition],
        _ outcome: RenderOutcome,
        of version: AssetVersion
    ) async throws -> AssetVersion {
        do {
            let ready = try await OriginMeters.shared.measuring(.commit) {
                try await self.catalog.complete(
                    version.ref,
                    sourceSize: outcome.facts.size,
                    renditions: renditions,
                    impression: outcome.impression,
                    quota: self.quota
                )
            }
            self.vault.settle(renditions.map(\.blob.id))
            return ready
        } catch {
            await self.vault.remove(renditions.map(\.blob.id))
            throw error
        }
    }

    /// The bytes are at hand and the CDN will ask for them first.
    private func warm(_ pictures: [RenderedPicture], of version: AssetVersion) {
        for (picture, rendition) in zip(pictures, version.renditions) {
            self.cache.insert(picture.bytes, for: rendition.blob.id, of: version.ref.asset, as: .published)
        }
    }
}

extension Rendition {
    /// What was rendered, as the catalog is to know it.
    init(_ picture: RenderedPicture, blob: BlobRecord) {
        self.init(preset: picture.preset, size: picture.size, blob: blob, choice: picture.choice)
    }
}

extension AssetVersion {
    /// What the header of a rendition's blob says.
    func identity(of preset: Preset) -> BlobIdentity {
        BlobIdentity(
            tenant: self.tenant,
            version: self.ref,
            variant: RenditionName(preset).description,
            mediaType: preset.recipe.format.mediaType,
            createdAt: self.createdAt
        )
    }
}
