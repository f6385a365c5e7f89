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
    /// - Parameter choose: which of a preset's formats (at least one) it is to be where the path does not say; without
    ///   it the first.
    package func find(
        _ path: DeliveryPath,
        choosing choose: (_ formats: [RenditionFormat]) -> RenditionFormat = { $0[0] }
    ) async throws -> DeliverableRendition {
        if let oneOff = path.oneOff { return try await self.find(oneOff, of: path) }
        let own = try await self.catalog.rendition(of: path.asset, version: path.version, preset: path.preset)
        guard let own else { throw try await self.absence(of: path) }
        let preset = own.rendition.preset
        let format = path.format ?? choose(preset.recipe.formats)
        if format == preset.recipe.format { return own }
        guard preset.recipe.formats.contains(format) else { throw try await self.absence(of: path) }
        // Of the version that was found, also where `latest` is another one by now.
        let name = RenditionName(preset.name, format)
        let made = try await self.catalog.furtherRendition(of: path.asset, version: own.ref.number, named: name)
        if let made { return made }
        guard let developLater = self.developLater else { throw try await self.absence(of: path) }
        return try await developLater(
            Preset(name: preset.name, recipe: preset.recipe.made(as: format)),
            of: own.ref
        )
    }

    private func find(_ oneOff: Preset, of path: DeliveryPath) async throws -> DeliverableRendition {
        guard case .number(let number) = path.version, let developLater = self.developLater else {
            throw try await self.absence(of: path)
        }
        let name = RenditionName(oneOff)
        let made = try await self.catalog.furtherRendition(of: path.asset, version: number, named: name)
        if let made { return made }
        return try await developLater(oneOff, of: VersionRef(asset: path.asset, number: number))
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
            meters.cacheHits.increment()
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
            case .mended(let sound): return try await read(sound)
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
