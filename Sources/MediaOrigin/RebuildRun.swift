import FoundationEssentials
import MediaModel
import Synchronization

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
    func versions(of blobs: ArraySlice<RebuildIndex.Entry>) async throws -> [AssetVersion] {
        var versions: [AssetVersion] = []
        for blobs in RebuildIndex.versions(of: blobs) {
            guard let version = try await self.version(of: blobs) else { continue }
            // Ids of assets are random: only somebody who has the keys and means harm gets here.
            guard versions.isEmpty || versions[0].tenant == version.tenant else {
                await self.journal.tell("other-tenant", "not of '\(versions[0].tenant)'", of: version.ref)
                continue
            }
            versions.append(version)
        }
        return versions
    }

    private func version(of blobs: ArraySlice<RebuildIndex.Entry>) async throws -> AssetVersion? {
        guard let ref = blobs.first?.ref, try await self.isClaimed(blobs) else { return nil }
        let renditions = try await self.renditions(blobs.filter { !$0.isSource })
        guard let source = try await self.source(of: blobs, isMeasured: !renditions.isEmpty) else {
            if !renditions.isEmpty {
                await self.journal.tell("source-missing", "no sound source for its renditions; not restored", of: ref)
            }
            return nil
        }
        guard let first = renditions.first else {
            // What renditions there were, if any, are made again from the source.
            return AssetVersion(
                ref: ref,
                tenant: source.record.sealedAs.tenant,
                state: .processing,
                createdAt: source.record.sealedAs.createdAt,
                source: source.record,
                presets: self.rebuild.presets
            )
        }
        await self.tellOfMissing(renditions, of: ref)
        return AssetVersion(
            ref: ref,
            tenant: first.blob.sealedAs.tenant,
            state: .ready,
            createdAt: first.blob.sealedAs.createdAt,
            source: source.record,
            sourceSize: try await self.size(of: source, ref, renditions),
            presets: renditions.map(\.preset),
            renditions: renditions
        )
    }

    /// False for a source that has no rendition of its own version while other versions are made of it.
    ///
    /// Its version was not processed yet, failed, or, far more likely, its asset was erased and the blob stayed for the
    /// others. What was taken down must not come back by itself; and the picture is not lost.
    private func isClaimed(_ blobs: ArraySlice<RebuildIndex.Entry>) async throws -> Bool {
        guard blobs.allSatisfy(\.isSource), let first = blobs.first, let origin = first.origin,
            self.index.isShared(origin)
        else { return true }
        let text =
            "blob \(first.blob) is the source of other versions and has no rendition of this one: it was erased, "
            + "or never finished; not restored"
        await self.journal.tell("unclaimed", text, of: first.ref)
        return false
    }

    // Renditions.

    /// The sound ones, each preset once; today's presets first and in their order, the others by name.
    private func renditions(_ blobs: [RebuildIndex.Entry]) async throws -> [Rendition] {
        var found: [PresetName: Rendition] = [:]
        for entry in blobs {
            let proven = try await self.journal.tellingOf(entry.blob) { try await self.prove(entry.blob) }
            guard let proven else { continue }
            // Versions become ready with their presets as WebP. Others are made at their first request, and will be
            // again: nothing is lost with them, and as orphans they go by age.
            if let name = RenditionName(proven.record.sealedAs.variant), name.format != .webp || name.preset.isOneOff {
                continue
            }
            guard let rendition = self.rendition(proven) else {
                let identity = proven.record.sealedAs
                let text = "'\(identity.variant)' of type \(identity.mediaType) is no rendition that is known"
                await self.journal.tell(.unknownRendition, of: entry.blob, text)
                continue
            }
            guard found[rendition.preset.name] == nil else {
                await self.journal.tell(.superseded, of: entry.blob, "there is a younger blob of the same rendition")
                continue
            }
            found[rendition.preset.name] = rendition
        }
        let known = self.rebuild.presets.compactMap { found.removeValue(forKey: $0.name) }
        return known + found.values.sorted { $0.preset.name < $1.preset.name }
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

    private func rendition(_ proven: Proven) -> Rendition? {
        let identity = proven.record.sealedAs
        guard let name = RenditionName(identity.variant), name.format.mediaType == identity.mediaType,
            let picture = RebuildWebP(head: proven.head)
        else { return nil }
        return Rendition(
            preset: self.preset(name.preset, of: picture, name.format),
            size: picture.size,
            blob: proven.record
        )
    }

    /// Today's preset of that name, where it can have made such a picture.
    ///
    /// Otherwise one that says what is known: the format, the size, whether it moves. A recipe that was really used
    /// matters to one thing only, making a damaged rendition again; and that is taken only when the bytes come out the
    /// same, so a wrong guess costs a repair and never serves another picture.
    private func preset(_ name: PresetName, of picture: RebuildWebP, _ format: RenditionFormat) -> Preset {
        let size = picture.size
        if let today = self.rebuild.presets.first(where: { $0.name == name }), today.recipe.format == format,
            size.width <= today.recipe.width ?? .max, size.height <= today.recipe.height ?? .max
        {
            return today
        }
        let recipe = Recipe(width: size.width, height: size.height, format: format, animated: picture.isAnimated)
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
        /// Its first bytes, ``RebuildWebP/headBytes`` of them.
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
            head += bytes.prefix(RebuildWebP.headBytes - head.count)
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
