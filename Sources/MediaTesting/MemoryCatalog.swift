package import MediaModel
import Synchronization

/// A catalog in memory. Keeps the port's contract (`CatalogContract` runs on it), survives nothing.
package final class MemoryCatalog: Catalog {
    private struct Asset {
        var tenant: Tenant
        var lastNumber: VersionNumber
        var latestReady: VersionNumber?
    }

    private struct State {
        var assets: [AssetID: Asset] = [:]
        var versions: [VersionRef: AssetVersion] = [:]
        /// The blobs that a row names and the store should have.
        var blobs: Set<BlobID> = []
        var calls = 0
        var faults: FaultPlan?
        var error = CatalogError(.failed, detail: "injected")
    }

    private let state = Mutex(State())

    package init() {}

    /// Lets calls fail from now on (the count starts anew); nil lets them work again. A failed call has no effect.
    package func inject(_ faults: FaultPlan?, error: CatalogError = CatalogError(.failed, detail: "injected")) {
        self.state.withLock { state in
            state.calls = 0
            state.faults = faults
            state.error = error
        }
    }

    /// Calls since the start, or since `inject`.
    package var calls: Int { self.state.withLock { $0.calls } }

    /// All versions, in order.
    package var versions: [AssetVersion] {
        self.state.withLock { state in
            state.versions.values.sorted {
                ($0.ref.asset, $0.ref.number) < ($1.ref.asset, $1.ref.number)
            }
        }
    }

    /// Every blob that a row names; each of them must be in the store.
    package var blobs: Set<BlobID> { self.state.withLock { $0.blobs } }

    package func reserveVersion(of asset: AssetID) async throws -> VersionNumber {
        try self.call { state in
            guard let last = state.assets[asset]?.lastNumber else {
                throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
            }
            guard last < .max else { throw CatalogError(.failed, detail: "\(asset) has used up its version numbers") }
            let number = VersionNumber(last.value + 1)
            state.assets[asset]?.lastNumber = number
            return number
        }
    }

    package func releaseVersion(_ ref: VersionRef) async throws {
        try self.call { Self.release(ref, in: &$0) }
    }

    package func begin(_ version: AssetVersion) async throws {
        precondition(version.state == .processing && version.renditions.isEmpty, "a version begins as processing")
        try self.call { state in
            let ref = version.ref
            guard state.versions[ref] == nil, !state.blobs.contains(version.source.id) else {
                throw CatalogError(.conflict, detail: "\(ref) or its blob exists")
            }
            if ref.number == .first {
                guard state.assets[ref.asset] == nil else { throw CatalogError(.conflict, detail: "\(ref) exists") }
                state.assets[ref.asset] = Asset(tenant: version.tenant, lastNumber: .first)
            } else {
                guard let asset = state.assets[ref.asset] else {
                    throw CatalogError(.unknownAsset, detail: "no asset \(ref.asset)")
                }
                guard ref.number <= asset.lastNumber, asset.tenant == version.tenant else {
                    throw CatalogError(.conflict, detail: "\(ref) was not reserved, or by another tenant")
                }
            }
            state.versions[ref] = version
            state.blobs.insert(version.source.id)
        }
    }

    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition]
    ) async throws -> AssetVersion {
        try self.call { state in
            let version = try Self.processing(ref, in: state)
            let ordered = version.presets.compactMap { preset in renditions.first { $0.preset == preset } }
            guard ordered.count == version.presets.count, ordered.count == renditions.count,
                state.blobs.isDisjoint(with: renditions.map(\.blob.id))
            else { throw CatalogError(.conflict, detail: "\(ref): not a new rendition a preset") }
            let ready = Self.changed(version, to: .ready, sourceSize: sourceSize, renditions: ordered)
            state.versions[ref] = ready
            state.blobs.formUnion(renditions.map(\.blob.id))
            let latest = state.assets[ref.asset]?.latestReady ?? ref.number
            state.assets[ref.asset]?.latestReady = max(latest, ref.number)
            return ready
        }
    }

    package func fail(_ ref: VersionRef, failure: String) async throws -> [BlobID] {
        try self.call { state in
            let version = try Self.processing(ref, in: state)
            state.versions[ref] = Self.changed(version, to: .failed, failure: failure)
            state.blobs.remove(version.source.id)
            return [version.source.id]
        }
    }

    package func discard(_ ref: VersionRef) async throws -> [BlobID] {
        try self.call { state in
            let version = try Self.processing(ref, in: state)
            state.versions[ref] = nil
            state.blobs.remove(version.source.id)
            if state.versions.keys.contains(where: { $0.asset == ref.asset }) {
                Self.release(ref, in: &state)
            } else {
                state.assets[ref.asset] = nil
            }
            return [version.source.id]
        }
    }

    package func version(_ ref: VersionRef) async throws -> AssetVersion? {
        try self.call { $0.versions[ref] }
    }

    package func newestVersion(of asset: AssetID) async throws -> AssetVersion? {
        try self.call { Self.newest(of: asset, in: $0) }
    }

    package func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition? {
        try self.call { state in
            let number: VersionNumber? =
                switch version {
                case .number(let given): given
                case .latest: state.assets[asset]?.latestReady
                }
            guard let number, let found = state.versions[VersionRef(asset: asset, number: number)],
                let rendition = found.renditions.first(where: { $0.preset.name == preset })
            else { return nil }
            return DeliverableRendition(ref: found.ref, rendition: rendition, createdAt: found.createdAt)
        }
    }

    package func page(after: AssetID?, limit: Int) async throws -> [AssetVersion] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            state.assets.keys.sorted().filter { id in after.map { $0 < id } ?? true }.prefix(limit).compactMap {
                Self.newest(of: $0, in: state)
            }
        }
    }

    package func unfinished() async throws -> [VersionRef] {
        try self.call { state in
            state.versions.values.filter { $0.state == .processing }.sorted {
                ($0.createdAt, $0.ref.asset, $0.ref.number) < ($1.createdAt, $1.ref.asset, $1.ref.number)
            }.map(\.ref)
        }
    }

    package func known(among blobs: [BlobID]) async throws -> Set<BlobID> {
        try self.call { $0.blobs.intersection(blobs) }
    }

    package func checkHealth() async throws { try self.call { _ in } }
}

extension MemoryCatalog {
    /// Every call of the port goes through here: counted, failed where the plan says so, else done, all or nothing.
    private func call<Value: Sendable>(_ body: (inout State) throws -> Value) throws -> Value {
        try self.state.withLock { state in
            state.calls += 1
            if state.faults?.hits(state.calls) == true { throw state.error }
            var changed = state
            let value = try body(&changed)
            state = changed
            return value
        }
    }

    private static func processing(_ ref: VersionRef, in state: State) throws -> AssetVersion {
        guard let version = state.versions[ref], version.state == .processing else {
            throw CatalogError(.conflict, detail: "\(ref) is not processing, or not there")
        }
        return version
    }

    private static func release(_ ref: VersionRef, in state: inout State) {
        guard state.versions[ref] == nil, state.assets[ref.asset]?.lastNumber == ref.number, ref.number > .first else {
            return
        }
        state.assets[ref.asset]?.lastNumber = VersionNumber(ref.number.value - 1)
    }

    private static func newest(of asset: AssetID, in state: State) -> AssetVersion? {
        state.versions.values.filter { $0.ref.asset == asset }.max { $0.ref.number < $1.ref.number }
    }

    private static func changed(
        _ version: AssetVersion,
        to state: VersionState,
        sourceSize: PictureSize? = nil,
        renditions: [Rendition] = [],
        failure: String? = nil
    ) -> AssetVersion {
        AssetVersion(
            ref: version.ref,
            tenant: version.tenant,
            state: state,
            createdAt: version.createdAt,
            source: version.source,
            sourceSize: sourceSize ?? version.sourceSize,
            presets: version.presets,
            renditions: renditions,
            failure: failure,
            isAnnounced: version.isAnnounced
        )
    }
}
