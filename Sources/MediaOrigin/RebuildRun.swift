import FoundationEssentials
import MediaModel
import Synchronization

/// A version as a new catalog gets it.
struct RestoredVersion: Sendable {
    let version: AssetVersion
    /// Renditions that were made after its upload; none unless it is ready.
    var further: [Rendition] = []
}

/// The last step of a rebuild: versions out of blobs that were proven.
struct RebuildRun: Sendable {
    /// A source that was proven.
    struct Source: Sendable {
        let record: BlobRecord
        /// Nil where it was not asked for, or the renderer of today refuses the picture.
        let size: PictureSize?
    }

    let rebuild: Rebuild
    let index: RebuildIndex
    let keys: RebuildKeys
    let journal: RebuildJournal
    let vault: BlobVault
    let shared = RebuildSharedSources()

    init(_ rebuild: Rebuild, _ index: RebuildIndex, _ keys: RebuildKeys, _ journal: RebuildJournal) {
        self.rebuild = rebuild
        self.index = index
        self.keys = keys
        self.journal = journal
        self.vault = BlobVault(store: rebuild.store, sealing: rebuild.sealing, keys: keys)
    }

    /// The versions of one asset that can be had, in the order of their numbers.
    ///
    /// - Parameter blobs: all of the asset, at least one.
    /// - Throws: what is not about one blob.
    func versions(of blobs: ArraySlice<RebuildIndex.Entry>) async throws -> [RestoredVersion] {
        var versions: [RestoredVersion] = []
        for blobs in RebuildIndex.versions(of: blobs) {
            guard let restored = try await self.version(of: blobs) else { continue }
            let (tenant, version) = (versions.first?.version.tenant, restored.version)
            // Ids of assets are random: only somebody who has the keys and means harm gets here.
            if let tenant, tenant != version.tenant {
                await self.journal.tell("other-tenant", "not of '\(tenant)'", of: version.ref)
                continue
            }
            versions.append(restored)
        }
        return versions
    }

    private func version(of blobs: ArraySlice<RebuildIndex.Entry>) async throws -> RestoredVersion? {
        guard let ref = blobs.first?.ref, try await self.isClaimed(blobs) else { return nil }
        let (renditions, further) = try await self.renditions(blobs.filter { !$0.isSource })
        guard let source = try await self.source(of: blobs, isMeasured: !renditions.isEmpty) else {
            if !renditions.isEmpty {
                await self.journal.tell("source-missing", "no sound source for its renditions; not restored", of: ref)
            }
            return nil
        }
        guard let first = renditions.first else {
            // What renditions there were, if any, are made again from the source.
            return RestoredVersion(
                version: AssetVersion(
                    ref: ref,
                    tenant: source.record.sealedAs.tenant,
                    state: .processing,
                    createdAt: source.record.sealedAs.createdAt,
                    source: source.record,
                    presets: self.rebuild.presets
                )
            )
        }
        await self.tellOfMissing(renditions, of: ref)
        let version = AssetVersion(
            ref: ref,
            tenant: first.blob.sealedAs.tenant,
            state: .ready,
            createdAt: first.blob.sealedAs.createdAt,
            source: source.record,
            sourceSize: try await self.size(of: source, ref, renditions),
            presets: renditions.map(\.preset),
            renditions: renditions
        )
        return RestoredVersion(version: version, further: further)
    }

    /// False for what is left of a version that has no rendition which was made with it, while its source is of use to
    /// other versions, or theirs.
    ///
    /// It was not processed yet, failed, or, far more likely, its asset was erased and the source stayed for the
    /// others; or the erasure was cut off before a rendition that was made later. What was taken down must not come
    /// back by itself; and the picture is not lost.
    private func isClaimed(_ blobs: ArraySlice<RebuildIndex.Entry>) async throws -> Bool {
        guard let first = blobs.first, blobs.allSatisfy({ $0.isSource || $0.isMadeLater }) else { return true }
        if let origin = blobs.first(where: \.isSource)?.origin, !self.index.isShared(origin) { return true }
        let text =
            "blob \(first.blob) is left of it, and no rendition that was made with it, while other versions have its "
            + "source: it was erased, or never finished; not restored"
        await self.journal.tell("unclaimed", text, of: first.ref)
        return false
    }

    // Renditions.

    /// The sound ones, each name once. Those that versions become ready with: today's presets first and in their order,
    /// the others by name. And those that were made later, by name.
    private func renditions(
        _ blobs: [RebuildIndex.Entry]
    ) async throws -> (own: [Rendition], further: [Rendition]) {
        let found = try await self.found(blobs)
        var own: [PresetName: Rendition] = [:]
        for (name, one) in found where !name.isMadeLater {
            let formats = Set(found.keys.filter { $0.preset == name.preset }.map(\.format))
            own[name.preset] = Rendition(
                preset: self.preset(name.preset, of: one.picture, servedAs: formats),
                size: one.picture.size,
                blob: one.record
            )
        }
        var further: [Rendition] = []
        for (name, one) in found.sorted(by: { $0.key.description < $1.key.description }) where name.isMadeLater {
            let ofPreset = own[name.preset].map {
                Preset(name: name.preset, recipe: $0.preset.recipe.made(as: name.format).forReader)
            }
            // A recipe without a name is wholly in its name.
            guard let preset = Preset(oneOff: name) ?? ofPreset else {
                let text = "'\(name)' is of no use without '\(RenditionName(name.preset, .webp))'"
                await self.journal.tell(.unknownRendition, of: one.record.id, text)
                continue
            }
            further.append(Rendition(preset: preset, size: one.picture.size, blob: one.record))
        }
        let known = self.rebuild.presets.compactMap { own.removeValue(forKey: $0.name) }
        return (known + own.values.sorted { $0.preset.name < $1.preset.name }, further)
    }

    /// The sound pictures among blobs, by what they are called.
    private func found(
        _ blobs: [RebuildIndex.Entry]
    ) async throws -> [RenditionName: (record: BlobRecord, picture: RebuildPicture)] {
        var found: [RenditionName: (record: BlobRecord, picture: RebuildPicture)] = [:]
        for entry in blobs {
            let proven = try await self.journal.tellingOf(entry.blob) { try await self.prove(entry.blob) }
            guard let proven else { continue }
            let identity = proven.record.sealedAs
            guard let name = RenditionName(identity.variant), name.format.mediaType == identity.mediaType,
                let picture = RebuildPicture(head: proven.head, as: name.format)
            else {
                let text = "'\(identity.variant)' of type \(identity.mediaType) is no rendition that is known"
                await self.journal.tell(.unknownRendition, of: entry.blob, text)
                continue
            }
            guard found[name] == nil else {
                await self.journal.tell(.superseded, of: entry.blob, "there is a younger blob of the same rendition")
                continue
            }
            found[name] = (proven.record, picture)
        }
        return found
    }

    /// Renditions become ready together, but their blobs are published one after the other, and headers do not say how
    /// many there are to be: a version that a crash cut off in between looks as one from before a preset was added.
    private func tellOfMissing(_ renditions: [Rendition], of ref: VersionRef) async {
        let names = Set(renditions.map(\.preset.name))
        let missing = self.rebuild.presets.map(\.name).filter { !names.contains($0) }
        guard !missing.isEmpty else { return }
        let list = missing.map { "'\($0)'" }.joined(separator: ", ")
        let text =
            "it has no rendition \(list), whose URL is 404: it is from before the preset was added, or a crash cut it "
            + "off, or the blob was not sound; 'mediactl reprocess \(ref.asset)' makes a new version with the presets "
            + "of today"
        await self.journal.tell("rendition-missing", text, of: ref)
    }

    /// Today's preset of that name, where it can have made such a WebP.
    ///
    /// Otherwise one that says what is known: the format, the size, whether it moves. A recipe that was really used
    /// matters to one thing only, making a damaged rendition again; and that is taken only when the bytes come out the
    /// same, so a wrong guess costs a repair and never serves another picture.
    ///
    /// - Parameter formats: those in which there is the picture. Clients have their URLs, whatever the preset allows
    ///   today.
    private func preset(
        _ name: PresetName,
        of picture: RebuildPicture,
        servedAs formats: Set<RenditionFormat>
    ) -> Preset {
        let size = picture.size
        var recipe = Recipe(width: size.width, height: size.height, animated: picture.isAnimated)
        if let today = self.rebuild.presets.first(where: { $0.name == name })?.recipe, today.format == .webp,
            size.width <= today.width ?? .max, size.height <= today.height ?? .max
        {
            recipe = today
        }
        recipe.formats = RenditionFormat.allCases.filter { recipe.formats.contains($0) || formats.contains($0) }
        return Preset(name: name, recipe: recipe)
    }

    // Sources.

    /// What the renditions say that they were made of; else the version's own source.
    private func source(of blobs: ArraySlice<RebuildIndex.Entry>, isMeasured: Bool) async throws -> Source? {
        let named = blobs.filter { !$0.isSource } + blobs.filter(\.isSource)
        var tried: Set<BlobID> = []
        for case let origin? in named.map(\.origin) where tried.insert(origin).inserted {
            for entry in self.index.sources(origin) {
                if let source = try await self.source(entry, of: origin, isMeasured: isMeasured) { return source }
            }
        }
        return nil
    }

    private func source(_ entry: RebuildIndex.Entry, of origin: BlobID, isMeasured: Bool) async throws -> Source? {
        guard self.index.isShared(origin) else { return try await self.source(entry.blob, isMeasured: isMeasured) }
        return try await self.shared.source(entry.blob) { try await self.source(entry.blob, isMeasured: true) }
    }

    private func source(_ blob: BlobID, isMeasured: Bool) async throws -> Source? {
        try await self.journal.tellingOf(blob) {
            let record = try await self.prove(blob).record
            return Source(record: record, size: isMeasured ? try await self.measure(record) : nil)
        }
    }

    /// - Returns: nil where the picture is refused today: a limit was lowered since, a codec is gone.
    private func measure(_ source: BlobRecord) async throws -> PictureSize? {
        guard let format = PictureFormat(mediaType: source.sealedAs.mediaType) else { return nil }
        let job = RenderJob(format: format, limits: self.rebuild.limits, presets: [])
        do {
            let picture = SealedPicture(vault: self.vault, record: source)
            let outcome = try await self.rebuild.renderer.render(job, source: picture, priority: .background)
            return outcome.facts.size
        } catch let error as RenderError where !error.code.isRetryable {
            return nil
        }
    }

    /// A ready version has a size. Where it cannot be had, that of the largest rendition is the least that it can have
    /// been, for presets do not enlarge as a rule; its renditions are served in any case.
    private func size(of source: Source, _ ref: VersionRef, _ renditions: [Rendition]) async throws -> PictureSize {
        if let size = source.size { return size }
        let text = "its source is refused by the codecs or limits of today; its size is taken from its renditions"
        await self.journal.tell("source-size-unknown", text, of: ref)
        let largest = renditions.map(\.size).max { $0.width * $0.height < $1.width * $1.height }
        guard let largest else { preconditionFailure("a ready version has a rendition") }
        return largest
    }

    // Blobs.

    /// A blob of which every chunk was opened.
    private struct Proven {
        let record: BlobRecord
        /// Its first bytes, ``RebuildPicture/headBytes`` of them.
        let head: [UInt8]
    }

    private func prove(_ id: BlobID) async throws -> Proven {
        let claimed = try await self.claim(of: try await self.rebuild.header(of: id))
        let reader = try await self.vault.open(claimed)
        var digest = self.rebuild.digests.makeDigest(.sha256)
        var head: [UInt8] = []
        var pieces = reader.pieces(of: 0..<claimed.bytes)
        // The last chunk is empty then; its tag counts, too.
        if claimed.bytes.isMultiple(of: SealedLayout.chunkBytes) { pieces.append(claimed.bytes..<claimed.bytes) }
        for piece in pieces {
            let bytes = try await reader.read(piece)
            head += bytes.prefix(RebuildPicture.headBytes - head.count)
            digest.update(bytes)
        }
        return Proven(record: claimed.proven(as: SHA256Digest(bytes: digest.finish())), head: head)
    }

    /// The row that a blob would have, but for its digest.
    private func claim(of facts: SealedFacts) async throws -> BlobRecord {
        let older = try await self.rewrapped(facts)
        if older == nil, !self.keys.opens(facts.envelopeKey) { self.journal.countLocked(under: facts.envelopeKey) }
        return BlobRecord(
            id: facts.id,
            sealedAs: facts.identity,
            bytes: facts.bytes,
            sealedBytes: SealedLayout.sealedBytes(for: facts.bytes),
            sha256: SHA256Digest(bytes: [UInt8](repeating: 0, count: SHA256Digest.byteCount)),
            envelopeKey: older?.key ?? facts.envelopeKey,
            rewrapped: older?.wrap
        )
    }

    /// The data key as an older catalog has it, where the header's cannot be opened.
    private func rewrapped(_ facts: SealedFacts) async throws -> (key: EnvelopeKeyID, wrap: WrappedDataKey)? {
        guard !self.keys.opens(facts.envelopeKey), let older = self.rebuild.older else { return nil }
        let row = try await older.blobs(after: facts.id.predecessor, limit: 1).first { $0.id == facts.id }
        guard let row, let wrap = row.rewrapped, self.keys.opens(row.envelopeKey) else { return nil }
        return (row.envelopeKey, wrap)
    }
}

/// Sources that more than one version is made of: proven once, and held until the end, with or without success.
final class RebuildSharedSources: Sendable {
    private struct State {
        var sources: [BlobID: RebuildRun.Source?] = [:]
        var counted: Set<BlobID> = []
    }

    private let state = Mutex(State())

    /// What `prove` gave for this blob the first time. Callers at the same moment may both ask it.
    func source(
        _ blob: BlobID,
        prove: () async throws -> RebuildRun.Source?
    ) async throws -> RebuildRun.Source? {
        if let known = self.state.withLock({ $0.sources[blob] }) { return known }
        let source = try await prove()
        self.state.withLock { $0.sources[blob] = .some(source) }
        return source
    }

    /// Whether a version's source is counted with it, as with no version before.
    func isFirstUse(of source: BlobID) -> Bool {
        self.state.withLock { $0.sources[source] == nil || $0.counted.insert(source).inserted }
    }
}

extension BlobRecord {
    fileprivate func proven(as digest: SHA256Digest) -> BlobRecord {
        BlobRecord(
            id: self.id,
            sealedAs: self.sealedAs,
            bytes: self.bytes,
            sealedBytes: self.sealedBytes,
            sha256: digest,
            envelopeKey: self.envelopeKey,
            rewrapped: self.rewrapped
        )
    }
}

extension Damage {
    fileprivate static let unknownRendition = Damage(code: "unknown-rendition")
    fileprivate static let superseded = Damage(code: "superseded")
}
