package import MediaModel
import Metrics

/// Finds and reads renditions: the catalog says what a path means, the memory cache or the sealed store has the bytes.
package struct Deliver: Sendable {
    /// A rendition up to this size is verified whole before the first byte leaves; a larger one chunk by chunk.
    package static let wholeBytesMax = 1024 * 1024

    let catalog: any Catalog
    let vault: BlobVault
    let cache: RenditionCache

    package init(catalog: any Catalog, vault: BlobVault, cache: RenditionCache) {
        self.catalog = catalog
        self.vault = vault
        self.cache = cache
    }

    /// What the path names. Throws `.unknownRendition`, also while the version is not ready.
    package func find(_ path: DeliveryPath) async throws -> DeliverableRendition {
        let found = try await self.catalog.rendition(of: path.asset, version: path.version, preset: path.preset)
        guard let found, found.rendition.preset.recipe.format == path.format else {
            throw OriginError(.unknownRendition, detail: path.description)
        }
        return found
    }

    /// Throws where the bytes could not be read: what a `HEAD` must not promise. Opens the blob unless it is in memory,
    /// and reads no more than its head.
    package func check(_ rendition: Rendition) async throws {
        if self.cache.bytes(of: rendition.blob.id) == nil { _ = try await self.vault.open(rendition.blob) }
    }

    /// The bytes of `range`, from memory where they are, from the sealed store otherwise.
    ///
    /// - Parameter range: in `0 ..< rendition.blob.bytes`.
    package func read(_ rendition: Rendition, range: Range<Int>) async throws -> DeliveryBody {
        let blob = rendition.blob
        let meters = OriginMeters.shared
        if let bytes = self.cache.bytes(of: blob.id) {
            meters.cacheHits.increment()
            return .whole(bytes, range)
        }
        meters.cacheMisses.increment()
        let reader = try await self.vault.open(blob)
        guard blob.bytes <= Self.wholeBytesMax else { return .stream(reader, range) }
        let bytes = try await reader.read(0..<blob.bytes)
        self.cache.insert(bytes, for: blob.id)
        return .whole(bytes, range)
    }
}

/// Where the bytes of an answer come from.
package enum DeliveryBody: Sendable {
    /// A part of an object that is in memory and was verified whole.
    case whole([UInt8], Range<Int>)
    /// A part of an object that is verified as it is read. A chunk that does not verify must cut the connection: a
    /// short answer is never completed.
    case stream(SealedBlobReader, Range<Int>)
}
