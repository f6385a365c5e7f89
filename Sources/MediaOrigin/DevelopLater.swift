package import MediaModel
import Metrics
import Synchronization

/// Makes a rendition at its first request that is not made of every picture: a preset in another format than its own,
/// or a recipe without a name. It is made of the source as the others were, kept beside them, and its bytes never
/// change from then on.
///
/// However many ask for it at the same time, it is made once, and whoever leaves takes nothing from the others.
package struct DevelopLater: Sendable {
    struct Key: Hashable, Sendable, CustomStringConvertible {
        let ref: VersionRef
        let name: RenditionName

        var description: String { "\(self.ref)/\(self.name)" }
    }

    let catalog: any Catalog
    let vault: BlobVault
    let renderer: any Renderer
    let room: StorageRoom
    let limits: PictureLimits
    let quota: Quota
    let oneOffsMax: Int
    let cache: RenditionCache
    private let flights = SingleFlight<Key, DeliverableRendition>()
    private let refusals = RecentRefusals<Key>()

    /// - Parameter oneOffsMax: recipes without a name that a version may have kept; one more is refused.
    package init(
        catalog: any Catalog,
        vault: BlobVault,
        renderer: any Renderer,
        room: StorageRoom,
        limits: PictureLimits,
        quota: Quota = .none,
        oneOffsMax: Int,
        cache: RenditionCache
    ) {
        self.catalog = catalog
        self.vault = vault
        self.renderer = renderer
        self.room = room
        self.limits = limits
        self.quota = quota
        self.oneOffsMax = oneOffsMax
        self.cache = cache
    }

    /// - Throws: ``OriginError`` `.renditionFailed` where the codecs cannot do it; then nobody's request makes them try
    ///   again for a while. The same, for a shorter while, with what is for somebody else to mend: `.storageFull`,
    ///   `.quotaExceeded`, a damaged source. `.gone`; ``RenderError`` `.busy` and its like; an error of a port.
    func callAsFunction(_ preset: Preset, of ref: VersionRef) async throws -> DeliverableRendition {
        let key = Key(ref: ref, name: RenditionName(preset))
        return try await self.flights(key) {
            try self.refusals.check(key)
            do {
                return try await self.make(preset, of: ref)
            } catch let error as RenderError where !error.code.isRetryable {
                let refusal = OriginError(.renditionFailed, detail: "\(key): \(String(reflecting: error))")
                self.refusals.note(refusal, of: key, for: Self.refusalTime)
                throw refusal
            } catch {
                if Self.isForOthersToMend(error) { self.refusals.note(error, of: key, for: Self.waitTime) }
                throw error
            }
        }
    }

    /// How long what the codecs cannot do is not tried again.
    static let refusalTime = Duration.seconds(600)
    /// The same while somebody has to make room, or to put a sound source in place.
    static let waitTime = Duration.seconds(30)

    /// Whether an attempt a moment later would end the same, after as much work.
    private static func isForOthersToMend(_ error: any Error) -> Bool {
        switch error {
        case let error as CatalogError: error.code == .quotaExceeded
        case let error as OriginError: error.code == .storageFull
        case let error as BlobStoreError where error.code == .full: true
        default: Damage(error) != nil
        }
    }

    private func make(_ preset: Preset, of ref: VersionRef) async throws -> DeliverableRendition {
        guard let version = try await self.catalog.version(ref), version.state == .ready else {
            throw try await self.catalog.absence(of: ref.asset, orElse: .unknownRendition, detail: "\(ref)")
        }
        // Somebody else may have made it between the look and this.
        let name = RenditionName(preset)
        let made = try await self.catalog.furtherRendition(of: ref.asset, version: ref.number, named: name)
        if let made { return made }
        // The commit counts again: this one saves the work.
        if preset.name.isOneOff, try await self.catalog.oneOffs(of: ref) >= self.oneOffsMax {
            throw CatalogError(.tooManyRecipes, detail: "\(ref) has \(self.oneOffsMax) recipes without a name")
        }
        try await self.checkQuota(of: version.tenant)
        // An estimate that saves the work: most renditions are smaller than their source.
        try await self.room.check(bytes: version.source.bytes)
        let picture = try await self.render(preset, of: version)
        // Those that were enlarged without loss are not.
        try await self.room.check(bytes: picture.bytes.count)
        let kept = try await self.keep(picture, of: version)
        return DeliverableRendition(ref: ref, rendition: kept, createdAt: version.createdAt)
    }

    /// Throws `.quotaExceeded` where the commit would do so for the smallest rendition.
    private func checkQuota(of tenant: Tenant) async throws {
        guard self.quota != .none else { return }
        let usage = try await self.catalog.usage(of: tenant)
        guard usage.bytes < self.quota.bytes ?? .max, usage.files <= self.quota.files ?? .max else {
            throw CatalogError(.quotaExceeded, detail: "\(tenant) has \(usage) of \(self.quota)")
        }
    }

    private func render(_ preset: Preset, of version: AssetVersion) async throws -> RenderedPicture {
        guard let format = PictureFormat(mediaType: version.source.sealedAs.mediaType) else {
            throw RenderError(.unsupported, detail: "source of type \(version.source.sealedAs.mediaType)")
        }
        let job = RenderJob(format: format, limits: self.limits, presets: [preset], aim: version.aim)
        let source = SealedPicture(vault: self.vault, record: version.source)
        let outcome: RenderOutcome
        do {
            outcome = try await Quarantine(catalog: self.catalog).rendering(version.source.sha256) {
                try await self.renderer.renderTraced(job, source: source, priority: .reader)
            }
        } catch {
            OriginMeters.shared.rendersFailed.increment()
            if let damage = Damage(error) { try await self.catalog.setDamage(damage.code, of: version.source.id) }
            throw error
        }
        OriginMeters.shared.rendered(outcome, of: version.source, .reader)
        guard let picture = outcome.renditions.first else {
            throw RenderError(.crashed, detail: "no rendition '\(preset.name)' of \(version.ref)")
        }
        return picture
    }

    /// Seals and publishes it, then its row. Another replica may have been quicker: then its rendition is the one.
    private func keep(_ picture: RenderedPicture, of version: AssetVersion) async throws -> Rendition {
        let identity = version.identity(of: picture.preset)
        let blob = try await self.vault.put(picture.bytes, as: identity, madeFrom: version.source.id)
        do {
            let rendition = Rendition(picture, blob: blob)
            let kept = try await Stage.commitRenditions.measure {
                try await OriginMeters.shared.measuring(.commit) {
                    try await self.catalog.keep(
                        rendition,
                        of: version.ref,
                        quota: self.quota,
                        oneOffsMax: self.oneOffsMax
                    )
                }
            }
            guard kept.blob.id == blob.id else {
                await self.vault.remove([blob.id])
                return kept
            }
            self.vault.settle([blob.id])
            self.cache.insert(picture.bytes, for: blob.id, of: version.ref.asset)
            return kept
        } catch {
            await self.vault.remove([blob.id])
            throw error
        }
    }
}

/// What could not be made a while ago, and is not tried again for each who asks.
private final class RecentRefusals<Key: Hashable & Sendable>: Sendable {
    private struct Refusal {
        let error: any Error
        let until: ContinuousClock.Instant
    }

    /// Refusals that are remembered. Forgetting all costs an attempt each.
    private static var countMax: Int { 10_000 }

    private let refused = Mutex<[Key: Refusal]>([:])

    /// Throws what the key was noted with, as long as that holds.
    func check(_ key: Key) throws {
        guard let refusal = self.refused.withLock({ $0[key] }), refusal.until > .now else { return }
        throw refusal.error
    }

    func note(_ error: any Error, of key: Key, for time: Duration) {
        self.refused.withLock { refused in
            if refused.count >= Self.countMax { refused = [:] }
            refused[key] = Refusal(error: error, until: .now + time)
        }
    }
}
