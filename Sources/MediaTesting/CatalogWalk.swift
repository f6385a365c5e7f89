import FoundationEssentials
package import MediaModel

/// One call of a catalog, with all that it is given.
package enum CatalogOperation: Sendable {
    case reserve(AssetID)
    case release(VersionRef)
    case begin(AssetVersion, CommitTerms)
    case complete(AssetVersion, [Rendition], Quota)
    case keep(Rendition, VersionRef, Quota)
    case fail(VersionRef, keepsSource: Bool)
    case discard(VersionRef)
    case setLatest(VersionRef)
    case delete(AssetID, at: Int)
    case undelete(AssetID)
    case erase(AssetID)
    case addKey(EnvelopeKeyRecord)
    case retire(EnvelopeKeyID)
    case rewrap([DataKeyChange])
    case setDamage(String?, of: BlobID)
    case replace(BlobID, with: BlobRecord, of: BlobUse)
    case releaseIdempotencyKeys(before: Int)
    case rendition(AssetID, VersionSelector, PresetName)
    case uses(BlobID)

    /// Makes the call.
    ///
    /// - Returns: what it gave, or the code of its ``CatalogError``, as text: two catalogs that keep the contract give
    ///   the same.
    package func run(on catalog: any Catalog) async throws -> String {
        do {
            return try await self.call(catalog)
        } catch let error as CatalogError {
            return error.code.description
        }
    }

    private func call(_ catalog: any Catalog) async throws -> String {
        switch self {
        case .reserve(let asset): return "\(try await catalog.reserveVersion(of: asset))"
        case .release(let ref): return "\(try await catalog.releaseVersion(ref))"
        case .begin(let version, let terms): return "\(try await catalog.begin(version, terms: terms))"
        case .complete(let version, let renditions, let quota):
            let size = Samples.sourceSize
            let ready = try await catalog.complete(version.ref, sourceSize: size, renditions: renditions, quota: quota)
            return "\(ready)"
        case .keep(let rendition, let ref, let quota):
            return "\(try await catalog.keep(rendition, of: ref, quota: quota, oneOffsMax: nil))"
        case .fail(let ref, let keepsSource):
            return "\(try await catalog.fail(ref, failure: "undecodable", keepsSource: keepsSource))"
        case .discard(let ref): return "\(try await catalog.discard(ref))"
        case .setLatest(let ref): return "\(try await catalog.setLatest(ref))"
        case .delete(let asset, let milliseconds):
            return "\(try await catalog.delete(asset, at: Samples.moment(plus: milliseconds)))"
        case .undelete(let asset): return "\(try await catalog.undelete(asset))"
        case .erase(let asset): return "\(try await catalog.erase(asset))"
        case .addKey(let key): return "\(try await catalog.add(key))"
        case .retire(let key): return "\(try await catalog.retire(key))"
        case .rewrap(let changes): return "\(try await catalog.rewrap(changes))"
        case .setDamage(let damage, let blob): return "\(try await catalog.setDamage(damage, of: blob))"
        case .replace(let old, let new, let use): return "\(try await catalog.replace(old, with: new, of: use))"
        case .releaseIdempotencyKeys(let milliseconds):
            let before = Samples.moment(plus: milliseconds)
            return "\(try await catalog.releaseIdempotencyKeys(before: before, limit: 100))"
        case .rendition(let asset, let selector, let preset):
            return "\(String(describing: try await catalog.rendition(of: asset, version: selector, preset: preset)))"
        case .uses(let blob): return "\(try await catalog.uses(of: blob))"
        }
    }
}

/// A random walk through what a catalog can be asked: the same for the same seed, whatever the catalog answers.
///
/// It is small on purpose (five assets, three pictures, three envelope keys), so that operations meet each other.
package struct CatalogWalk {
    private static let tenants = [Tenant.default, Tenant(name: "other")]

    private var random: SeededGenerator
    private var milliseconds = 0
    private let assets: [AssetID]
    private let keys: [EnvelopeKeyRecord]
    // What was tried, whether or not it came to be.
    private var blobs: [BlobRecord] = []
    private var versions: [AssetVersion] = []
    private var renditions: [(ref: VersionRef, rendition: Rendition)] = []

    package init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        self.assets = (0..<5).map { _ in AssetID.make(at: Samples.moment, using: &random) }
        self.keys = [Samples.envelopeKey, Samples.key("walk-\(seed)-a"), Samples.key("walk-\(seed)-b")]
        self.random = random
    }

    /// The next operation, and what it gave.
    package mutating func step(on catalog: any Catalog) async throws -> String {
        try await self.next().run(on: catalog)
    }

    package mutating func next() -> CatalogOperation {
        self.milliseconds += 1
        let asset = self.pick(self.assets)
        let number = Int.random(in: 1...4, using: &self.random)
        let ref = VersionRef(asset: asset, number: VersionNumber(number))
        switch Int.random(in: 0..<43, using: &self.random) {
        case 0..<4: return .reserve(asset)
        case 4: return .release(ref)
        case 5..<15: return self.begin(ref)
        case 15..<22: return self.complete()
        case 22: return .fail(ref, keepsSource: Bool.random(using: &self.random))
        case 23: return .discard(ref)
        case 24: return .setLatest(ref)
        case 25: return .delete(asset, at: self.milliseconds)
        case 26: return .undelete(asset)
        case 27: return .erase(asset)
        case 28, 29: return .addKey(self.pick(self.keys))
        case 30: return .retire(self.pick(self.keys).id)
        case 31, 32: return .rewrap(self.changes())
        case 33, 34: return self.setDamage()
        case 35: return self.replace()
        case 36: return .releaseIdempotencyKeys(before: self.milliseconds - 40)
        case 37, 38:
            let selector: VersionSelector = Bool.random(using: &self.random) ? .latest : .number(ref.number)
            return .rendition(asset, selector, Preset.defaults[0].name)
        case 39..<42: return self.keep()
        default: return .uses(self.anyBlob())
        }
    }
}

extension CatalogWalk {
    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self.random)]
    }

    private mutating func anyBlob() -> BlobID { self.blobs.isEmpty ? self.freshID() : self.pick(self.blobs).id }

    private mutating func freshID() -> BlobID {
        BlobID(bytes: (0..<BlobID.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &self.random) })
    }

    private mutating func begin(_ ref: VersionRef) -> CatalogOperation {
        // Mostly the tenant of the asset; the other one is refused.
        let isStranger = Int.random(in: 0..<10, using: &self.random) == 0
        let index = self.assets.firstIndex(of: ref.asset) ?? 0
        let tenant = Self.tenants[(index + (isStranger ? 1 : 0)) % 2]
        var source = self.blob(of: ref, tenant: tenant, picture: Int.random(in: 0..<6, using: &self.random))
        if !self.blobs.isEmpty, Int.random(in: 0..<5, using: &self.random) == 0 { source = self.pick(self.blobs) }
        let version = Samples.version(
            ref.number.value,
            of: ref.asset,
            createdAt: Samples.moment(plus: self.milliseconds),
            tenant: tenant,
            source: source
        )
        self.blobs.append(source)
        self.versions.append(version)
        let key = IdempotencyKey("key-\(Int.random(in: 0..<20, using: &self.random))")
        return .begin(version, CommitTerms(quota: self.quota(), idempotencyKey: key))
    }

    private mutating func complete() -> CatalogOperation {
        guard !self.versions.isEmpty else { return .undelete(self.pick(self.assets)) }
        let version = self.pick(self.versions)
        let renditions = Samples.renditions(of: version).map { sample in
            let blob = self.blob(of: version.ref, tenant: version.tenant, variant: sample.blob.sealedAs.variant)
            return Rendition(preset: sample.preset, size: sample.size, blob: blob, choice: sample.choice)
        }
        self.blobs += renditions.map(\.blob)
        self.renditions += renditions.map { (version.ref, $0) }
        return .complete(version, renditions, self.quota())
    }

    /// Often of a version that is not ready, and sometimes for the second time.
    private mutating func keep() -> CatalogOperation {
        guard !self.versions.isEmpty else { return .undelete(self.pick(self.assets)) }
        let version = self.pick(self.versions)
        let preset = self.pick(version.presets)
        let further = Preset(name: preset.name, recipe: preset.recipe.made(as: .jpeg))
        let name = RenditionName(further).description
        let blob = self.blob(of: version.ref, tenant: version.tenant, variant: name)
        self.blobs.append(blob)
        let choice = EncodingChoice(loss: .lossless, encodes: 2)
        let rendition = Rendition(preset: further, size: Samples.sourceSize, blob: blob, choice: choice)
        return .keep(rendition, version.ref, self.quota())
    }

    private mutating func quota() -> Quota {
        switch Int.random(in: 0..<8, using: &self.random) {
        case 0: Quota(bytes: 15_000_000, files: nil)
        case 1: Quota(bytes: nil, files: 4)
        default: .none
        }
    }

    /// - Parameter picture: 0 ... 2: one of three that are uploaded again and again.
    private mutating func blob(
        of ref: VersionRef,
        tenant: Tenant,
        variant: String = "original",
        picture: Int = 9
    ) -> BlobRecord {
        let id = self.freshID()
        return BlobRecord(
            id: id,
            sealedAs: BlobIdentity(
                tenant: tenant,
                version: ref,
                variant: variant,
                mediaType: "image/jpeg",
                createdAt: Samples.moment(plus: self.milliseconds)
            ),
            bytes: 1_000_000,
            sealedBytes: 1_002_000,
            sha256: picture < 3 ? Samples.digest(picture) : SHA256Digest(bytes: id.bytes + id.bytes),
            envelopeKey: self.pick(self.keys).id
        )
    }

    private mutating func changes() -> [DataKeyChange] {
        (0..<4).map { number in
            let bytes = [UInt8](repeating: UInt8(number + self.milliseconds & 127), count: WrappedDataKey.byteCount)
            return DataKeyChange(
                blob: self.anyBlob(),
                from: self.pick(self.keys).id,
                to: self.pick(self.keys).id,
                wrapped: WrappedDataKey(bytes: bytes)
            )
        }
    }

    private mutating func setDamage() -> CatalogOperation {
        let damage = Bool.random(using: &self.random) ? "corrupt" : nil
        return .setDamage(damage, of: self.anyBlob())
    }

    private mutating func replace() -> CatalogOperation {
        guard !self.renditions.isEmpty else { return .undelete(self.pick(self.assets)) }
        let (ref, rendition) = self.pick(self.renditions)
        let old = rendition.blob
        let new = BlobRecord(
            id: self.freshID(),
            sealedAs: old.sealedAs,
            bytes: old.bytes,
            sealedBytes: old.sealedBytes + 1,
            sha256: old.sha256,
            envelopeKey: self.pick(self.keys).id
        )
        self.blobs.append(new)
        self.renditions.append(
            (ref, Rendition(preset: rendition.preset, size: rendition.size, blob: new, choice: rendition.choice))
        )
        return .replace(old.id, with: new, of: .rendition(of: ref, preset: rendition.preset.name))
    }
}

extension Catalog {
    /// Every blob that is named.
    package func allBlobs() async throws -> [BlobRecord] {
        var blobs: [BlobRecord] = []
        var page: [BlobRecord]
        repeat {
            page = try await self.blobs(after: blobs.last?.id, limit: 100)
            blobs += page
        } while page.count == 100
        return blobs
    }

    /// All that readers can find out, as text: two catalogs that were asked the same say the same.
    package func digest() async throws -> [String] {
        var lines: [String] = []
        for blob in try await self.allBlobs() {
            lines.append("\(blob)")
            lines.append("\(try await self.uses(of: blob.id))")
        }
        for version in try await self.page(after: nil, limit: 1000) {
            lines.append("\(version)")
            lines.append("\(String(describing: try await self.latest(of: version.ref.asset)))")
            for version in try await self.versions(of: version.ref.asset, before: nil, limit: 1000) {
                lines.append("\(version)")
            }
        }
        lines.append("\(try await self.unfinished())")
        lines.append("\(try await self.deleted(before: Samples.moment(plus: 1_000_000), limit: 1000))")
        lines.append("\(try await self.envelopeKeys())")
        lines.append("\(try await self.blobCounts().sorted { $0.key.description < $1.key.description })")
        lines.append("\(try await self.blobTotals())")
        lines.append("\(try await self.damaged(limit: 1000))")
        for tenant in ["default", "other"] { lines.append("\(try await self.usage(of: Tenant(name: tenant)))") }
        return lines
    }
}
