import Logging
package import MediaModel
import Metrics

/// Finds and reads renditions: the catalog says what a path means, the memory cache or the sealed store has the bytes.
package struct Deliver: Sendable {
    /// A rendition up to this size is verified whole before the first byte leaves; a larger one chunk by chunk.
    package static let wholeBytesMax = 1024 * 1024
    let catalog: any Catalog
    let vault: BlobVault
    package let cache: RenditionCache
    let developLater: DevelopLater?
    let mends: MendQueue?
    let mendTimeMax: Duration

    /// - Parameters:
    ///   - developLater: makes what is not made of every picture; nil: there is only what is there.
    ///   - mends: where damage is noted; nil: a damaged rendition is an error each time.
    ///   - mendTimeMax: how long a reader waits for a damaged rendition to be made again. Three seconds are many times
    ///     what that takes on a machine that has a worker free.
    package init(
        catalog: any Catalog,
        vault: BlobVault,
        cache: RenditionCache,
        developLater: DevelopLater? = nil,
        mends: MendQueue? = nil,
        mendTimeMax: Duration = .seconds(3)
    ) {
        self.catalog = catalog
        self.vault = vault
        self.cache = cache
        self.developLater = developLater
        self.mends = mends
        self.mendTimeMax = mendTimeMax
    }

    /// What the path names; it is made now where it is of a format that its preset allows and was not made at the
    /// upload, or is a recipe without a name: the caller has seen that such a path is signed. Throws
    /// `.unknownRendition`, also while the version is not ready; `.gone` where the asset was deleted; what
    /// ``DevelopLater`` throws.
    ///
    /// - Parameters:
    ///   - choose: which of a preset's formats (at least one) it is to be where the path does not say; without it the
    ///     first.
    ///   - takes: whether a format will do where the path does not say and the chosen one cannot be had now.
    package func find(
        _ path: DeliveryPath,
        choosing choose: (_ formats: [RenditionFormat]) -> RenditionFormat = { $0[0] },
        settlingFor takes: (RenditionFormat) -> Bool = { _ in false },
        tracing trace: DeliveryTrace = DeliveryTrace()
    ) async throws -> DeliverableRendition {
        let sight = try await trace.measure(.catalog) {
            if let oneOff = path.oneOff { return try await self.look(for: oneOff, of: path) }
            return try await self.look(for: path, choose)
        }
        switch sight {
        case .made(let found): return found
        case .missing(let preset, let ref):
            do {
                return try await self.make(preset, of: ref, path, trace)
            } catch {
                guard path.isNegotiated, let own = await self.standIn(at: path, takes) else { throw error }
                Logger.current.notice(
                    "Another format than the best was answered",
                    metadata: ["path": "\(path)", "error": "\(String(reflecting: error))"]
                )
                return own
            }
        }
    }

    /// What the catalog has of a path.
    private enum Sight {
        case made(DeliverableRendition)
        /// It may be there, and is not made yet.
        case missing(Preset, of: VersionRef)
    }

    private func look(
        for path: DeliveryPath,
        _ choose: (_ formats: [RenditionFormat]) -> RenditionFormat
    ) async throws -> Sight {
        let own = try await self.catalog.rendition(of: path.asset, version: path.version, preset: path.preset)
        guard let own else { throw try await self.absence(of: path) }
        let preset = own.rendition.preset
        let format: RenditionFormat
        if let named = path.format { format = named } else { format = try await self.best(for: own, choose) }
        if format == preset.recipe.format { return .made(own) }
        guard preset.recipe.formats.contains(format) else { throw try await self.absence(of: path) }
        // Of the version that was found, also where `latest` is another one by now.
        let name = RenditionName(preset.name, format)
        let made = try await self.catalog.furtherRendition(of: path.asset, version: own.ref.number, named: name)
        if let made { return .made(made) }
        return .missing(Preset(name: preset.name, recipe: preset.recipe.made(as: format).forReader), of: own.ref)
    }

    private func look(for oneOff: Preset, of path: DeliveryPath) async throws -> Sight {
        guard case .number(let number) = path.version else { throw try await self.absence(of: path) }
        let name = RenditionName(oneOff)
        let made = try await self.catalog.furtherRendition(of: path.asset, version: number, named: name)
        if let made { return .made(made) }
        return .missing(oneOff, of: VersionRef(asset: path.asset, number: number))
    }

    /// The choice among the formats that a preset allows and that can be had of this picture: fewer bytes are no gain
    /// where they cost what the recipe asks for.
    private func best(
        for own: DeliverableRendition,
        _ choose: (_ formats: [RenditionFormat]) -> RenditionFormat
    ) async throws -> RenditionFormat {
        let (recipe, size) = (own.rendition.preset.recipe, own.rendition.size)
        let possible = recipe.formats.filter { format in
            // What is exact is taken for the sake of that; JPEG is for those who show nothing else.
            let isExactEnough = !recipe.isLossless || format != .avif
            return isExactEnough && size.width * size.height <= format.pixelsMax
        }
        let best = choose(possible)
        guard best == .avif, recipe.animated, try await self.mayMove(own.ref) else { return best }
        return choose(possible.filter { $0 != .avif })
    }

    /// Not asked but where it matters: the catalog reads all of the version for it.
    private func mayMove(_ ref: VersionRef) async throws -> Bool {
        try await self.catalog.version(ref)?.mayMove ?? false
    }

    private func make(
        _ preset: Preset,
        of ref: VersionRef,
        _ path: DeliveryPath,
        _ trace: DeliveryTrace
    ) async throws -> DeliverableRendition {
        guard let developLater = self.developLater else { throw try await self.absence(of: path) }
        let made = try await trace.measure(.render) { try await developLater(preset, of: ref) }
        trace.wasMade()
        trace.cameFromStore(isKept: self.cache.bytes(of: made.rendition.blob.id) != nil)
        return made
    }

    /// What was made at the upload, where the client takes that too: a larger picture is more use than none. The
    /// catalog is asked again, for what failed may have failed because the asset was deleted.
    private func standIn(
        at path: DeliveryPath,
        _ takes: (RenditionFormat) -> Bool
    ) async -> DeliverableRendition? {
        let own = try? await self.catalog.rendition(of: path.asset, version: path.version, preset: path.preset)
        guard var own, takes(own.rendition.preset.recipe.format) else { return nil }
        own.isStandIn = true
        return own
    }

    private func absence(of path: DeliveryPath) async throws -> OriginError {
        try await self.catalog.absence(of: path.asset, orElse: .unknownRendition, detail: path.description)
    }

    /// Throws where the bytes could not be read: what a `HEAD` must not promise. Opens the blob unless it is in memory,
    /// and reads no more than its head.
    package func check(_ rendition: Rendition, tracing trace: DeliveryTrace = DeliveryTrace()) async throws {
        guard self.cache.bytes(of: rendition.blob.id) == nil else { return }
        trace.cameFromStore(isKept: false)
        try await self.mending(rendition.blob, trace) { blob in
            _ = try await trace.measure(.open) { try await self.vault.open(blob) }
        }
    }

    /// The bytes of `range`, from memory where they are, from the sealed store otherwise.
    ///
    /// - Parameter range: in `0 ..< rendition.blob.bytes`.
    package func read(
        _ rendition: Rendition,
        range: Range<Int>,
        tracing trace: DeliveryTrace = DeliveryTrace()
    ) async throws -> DeliveryBody {
        let blob = rendition.blob
        let meters = OriginMeters.shared
        if let bytes = self.cache.bytes(of: blob.id) {
            // What was made for this very request is in memory too.
            (trace.source == .memory ? meters.cacheHits : meters.cacheMisses).increment()
            return .whole(bytes, range)
        }
        meters.cacheMisses.increment()
        return try await self.mending(blob, trace) { try await self.readStored($0, range: range, trace) }
    }

    /// All bytes of a rendition, from memory or from the sealed store, where that takes no waiting: for event loops.
    ///
    /// - Returns: nil: ``read(_:range:tracing:)`` has them, or says why not.
    package func readAtOnce(_ blob: BlobShortcut) -> (bytes: [UInt8], isKept: Bool)? {
        guard let bytes = self.vault.readAtOnce(blob) else { return nil }
        OriginMeters.shared.cacheMisses.increment()
        return (bytes, self.cache.insert(bytes, for: blob.record.id, of: blob.record.sealedAs.asset))
    }

    private func readStored(
        _ blob: BlobRecord,
        range: Range<Int>,
        _ trace: DeliveryTrace
    ) async throws -> DeliveryBody {
        trace.cameFromStore(isKept: false)
        // Where the blob was just made again its bytes are in memory.
        if let bytes = self.cache.bytes(of: blob.id) { return .whole(bytes, range) }
        let reader = try await trace.measure(.open) { try await self.vault.open(blob) }
        guard blob.bytes <= Self.wholeBytesMax else {
            // The status line is gone by the time a chunk of it turns out damaged; the next reader will be better off.
            return .stream(reader.noting { _ in self.mends?.note(blob) }, range)
        }
        let bytes = try await trace.measure(.decrypt) { try await reader.read(0..<blob.bytes) }
        let isKept = self.cache.insert(bytes, for: blob.id, of: blob.sealedAs.asset)
        trace.cameFromStore(isKept: isKept)
        return .whole(bytes, range)
    }

    /// Reads a blob; where it is damaged, the one that is made in its place. A damaged rendition is a miss that takes
    /// longer (RELIABILITY §0.4), not an error, as long as its source is sound.
    private func mending<Result>(
        _ blob: BlobRecord,
        _ trace: DeliveryTrace,
        _ read: (BlobRecord) async throws -> Result
    ) async throws -> Result {
        do {
            return try await read(blob)
        } catch {
            guard let mends = self.mends, Damage(error) != nil else { throw error }
            guard blob.bytes <= Self.wholeBytesMax else {
                mends.note(blob)
                throw error
            }
            switch await trace.measure(.render, { await mends.mended(blob, within: self.mendTimeMax) }) {
            case .mended(let sound):
                trace.wasMade()
                return try await read(sound)
            case .impossible: throw error
            case .later: throw OriginError(.renditionPending, detail: String(reflecting: error))
            }
        }
    }
}

/// Where the bytes of an answer come from.
package enum DeliveryBody: Sendable {
    /// A part of an object that is in memory and was verified whole.
    case whole(any HeldBytes, Range<Int>)
    /// A part of an object that is verified as it is read. A chunk that does not verify must cut the connection: a
    /// short answer is never completed.
    case stream(SealedBlobReader, Range<Int>)
}
