package import FoundationEssentials
package import MediaModel

extension MemoryCatalog {
    package func standing(of asset: AssetID) async throws -> AssetStanding? {
        try self.call { $0.assets[asset]?.standing }
    }

    package func setLatest(_ ref: VersionRef) async throws {
        defer { self.onPurge() }
        try self.call { state in
            _ = try state.writable(ref.asset)
            guard let version = state.versions[ref] else {
                throw CatalogError(.unknownVersion, detail: "no version \(ref)")
            }
            guard version.state == .ready else {
                throw CatalogError(.conflict, detail: "\(ref) is \(version.state), not ready")
            }
            state.moveLatest(to: ref)
        }
    }

    package func delete(_ asset: AssetID, at date: Date) async throws {
        defer { self.onPurge() }
        try self.call { state in
            guard let found = state.assets[asset] else {
                throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
            }
            guard found.standing == .present else { return }
            state.assets[asset]?.deletedAt = date
            state.notePurge(.deleted, of: asset, at: date)
        }
    }

    package func undelete(_ asset: AssetID) async throws {
        defer { self.onPurge() }
        try self.call { state in
            switch state.assets[asset]?.standing {
            case nil: throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
            case .present: throw CatalogError(.conflict, detail: "asset \(asset) is not deleted")
            case .erased: throw CatalogError(.gone, detail: "asset \(asset) was erased")
            case .deleted: break
            }
            state.assets[asset]?.deletedAt = nil
            state.notePurge(.undeleted, of: asset, at: Date())
        }
    }

    package func deleted(before date: Date, limit: Int) async throws -> [AssetID] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            let due = state.assets.compactMap { id, asset -> (deletedAt: Date, id: AssetID)? in
                guard asset.standing == .deleted, let deletedAt = asset.deletedAt, deletedAt < date else { return nil }
                return (deletedAt, id)
            }
            return due.sorted { ($0.deletedAt, $0.id) < ($1.deletedAt, $1.id) }.prefix(limit).map(\.id)
        }
    }

    package func erase(_ asset: AssetID) async throws -> [BlobID] {
        try self.call { state in
            switch state.assets[asset]?.standing {
            case nil: throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
            case .present: throw CatalogError(.conflict, detail: "asset \(asset) is not deleted")
            case .erased: return []
            case .deleted: break
            }
            let versions = state.versions(of: asset)
            let blobs = Set(
                versions.flatMap { version in
                    [version.source] + version.renditions.map(\.blob) + version.further.map(\.blob)
                }
            )
            for version in versions { state.versions[version.ref] = nil }
            state.idempotency = state.idempotency.filter { $0.value.upload.ref.asset != asset }
            state.assets[asset]?.isErased = true
            state.assets[asset]?.latest = nil
            return state.removeUnnamed(blobs.sorted())
        }
    }
}
