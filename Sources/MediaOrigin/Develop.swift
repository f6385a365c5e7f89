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

    package init(
        catalog: any Catalog,
        vault: BlobVault,
        renderer: any Renderer,
        limits: PictureLimits,
        quota: Quota = .none,
        cache: RenditionCache
    ) {
        self.catalog = catalog
        self.vault = vault
        self.renderer = renderer
        self.limits = limits
        self.quota = quota
        self.cache = cache
    }

    /// Who wants the renditions, and so what becomes of a version that fails.
    package enum Asker: Sendable, Hashable {
        /// A client waits: there is no other attempt.
        case client
        /// Nobody waits: the backlog can try again. Attempts count from 1.
        case backlog(attempt: Int)
    }

    /// - Returns: the version, `ready`.
    /// - Throws: why there are no renditions; `giveUp` says what becomes of the version.
    package func callAsFunction(_ version: AssetVersion, for asker: Asker) async throws -> AssetVersion {
        do {
            let outcome = try await self.render(version)
            let renditions = try await self.store(outcome.renditions, of: version)
            let ready = try await self.commit(renditions, sourceSize: outcome.facts.size, of: version)
            self.warm(outcome.renditions, of: ready)
            return ready
        } catch {
            await self.giveUp(version, for: asker, because: error)
            throw error
        }
    }

    /// Whether another attempt would end the same: the picture's fault, or the source's.
    ///
    /// A codec that dies or takes too long is most likely the picture's doing, but a machine that is short of memory or
    /// time looks the same: that takes two attempts to believe.
    static func isFinal(_ error: any Error, attempt: Int) -> Bool {
        switch error {
        case let error as RenderError where error.code == .crashed || error.code == .deadline: attempt >= 2
        case let error as RenderError: !error.code.isRetryable
        // The asset was deleted, or may have no more.
        case let error as CatalogError: [.conflict, .gone, .quotaExceeded].contains(error.code)
        default: Damage(error) != nil
        }
    }

    private func render(_ version: AssetVersion) async throws -> RenderOutcome {
        guard let format = PictureFormat(mediaType: version.source.sealedAs.mediaType) else {
            throw RenderError(.unsupported, detail: "source of type \(version.source.sealedAs.mediaType)")
        }
        let job = RenderJob(format: format, limits: self.limits, presets: version.presets)
        let meters = OriginMeters.shared
        do {
            let source = SealedPicture(vault: self.vault, record: version.source)
            let outcome = try await self.renderer.render(job, source: source)
            meters.rendered(outcome)
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
                        return (index, .success(Rendition(preset: picture.preset, size: picture.size, blob: blob)))
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
        sourceSize: PictureSize,
        of version: AssetVersion
    ) async throws -> AssetVersion {
        do {
            let ready = try await self.catalog.complete(
                version.ref,
                sourceSize: sourceSize,
                renditions: renditions,
                quota: self.quota
            )
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
            self.cache.insert(picture.bytes, for: rendition.blob.id)
        }
    }

    /// - A picture that is refused leaves nothing behind, unless a client was told of its version: then that stays, to
    ///   be seen as `failed`.
    /// - A failure of ours undoes the upload that waits for it; on the backlog the version stays for another attempt.
    /// - Whoever is cancelled (the service stops) leaves the version to the next start.
    private func giveUp(_ version: AssetVersion, for asker: Asker, because error: any Error) async {
        if error is CancellationError { return }
        if case .backlog(let attempt) = asker, !Self.isFinal(error, attempt: attempt) { return }
        do {
            let unnamed =
                if version.isAnnounced {
                    try await self.fail(version, because: error)
                } else {
                    try await self.catalog.discard(version.ref)
                }
            await self.vault.remove(unnamed)
        } catch let error as CatalogError where error.code == .conflict {
            // The asset was erased meanwhile, and the version with it.
            Logger.current.debug("A version went away", metadata: ["version": "\(version.ref)"])
        } catch {
            // The version stays `processing`; the next start finishes it.
            Logger.current.error(
                "Could not undo a version",
                metadata: ["version": "\(version.ref)", "error": "\(String(reflecting: error))"]
            )
        }
    }
}

extension Develop {
    /// A damaged source stays, as evidence and for whoever may still save it; one that a codec refuses does not.
    private func fail(_ version: AssetVersion, because error: any Error) async throws -> [BlobID] {
        let damage = Damage(error)
        if let damage { try await self.catalog.setDamage(damage.code, of: version.source.id) }
        return try await self.catalog.fail(
            version.ref,
            failure: Self.failureCode(of: error),
            keepsSource: damage != nil
        )
    }

    /// What a failed version shows for a reason: the code of a problem.
    private static func failureCode(of error: any Error) -> String {
        switch error {
        case let error as RenderError: error.code.description
        case let error as CatalogError: error.code.description
        default: OriginError.Code.sourceDamaged.description
        }
    }
}

extension AssetVersion {
    /// What the header of a rendition's blob says.
    func identity(of preset: Preset) -> BlobIdentity {
        BlobIdentity(
            tenant: self.tenant,
            version: self.ref,
            variant: "\(preset.name).\(preset.recipe.format.fileExtension)",
            mediaType: preset.recipe.format.mediaType,
            createdAt: self.createdAt
        )
    }
}
