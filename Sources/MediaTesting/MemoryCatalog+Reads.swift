package import MediaModel

extension MemoryCatalog {
    package func version(_ ref: VersionRef) async throws -> AssetVersion? {
        try self.call { state in state.present(ref.asset).flatMap { _ in state.record(of: ref) } }
    }

    package func newestVersion(of asset: AssetID) async throws -> AssetVersion? {
        try self.call { state in state.present(asset).flatMap { _ in state.newest(of: asset) } }
    }

    package func versions(
        of asset: AssetID,
        before: VersionNumber?,
        limit: Int
    ) async throws -> [AssetVersion] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            guard state.present(asset) != nil else { return [] }
            let older = state.versions(of: asset).filter { version in before.map { version.ref.number < $0 } ?? true }
            return older.prefix(limit).compactMap { state.record(of: $0.ref) }
        }
    }

    package func latest(of asset: AssetID) async throws -> VersionNumber? {
        try self.call { $0.present(asset)?.latest }
    }

    package func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition? {
        try self.call { state in
            guard let present = state.present(asset) else { return nil }
            let number: VersionNumber? =
                switch version {
                case .number(let given): given
                case .latest: present.latest
                }
            guard let number, let found = state.record(of: VersionRef(asset: asset, number: number)),
                let rendition = found.renditions.first(where: { $0.preset.name == preset })
            else { return nil }
            return DeliverableRendition(ref: found.ref, rendition: rendition, createdAt: found.createdAt)
        }
    }

    package func page(after: AssetID?, limit: Int) async throws -> [AssetVersion] {
        precondition(limit >= 1, "a page has at least one row")
        return try self.call { state in
            let present = state.assets.filter { $0.value.standing == .present }.keys.sorted()
            return present.filter { id in after.map { $0 < id } ?? true }.prefix(limit).compactMap {
                state.newest(of: $0)
            }
        }
    }

    package func unfinished() async throws -> [VersionRef] {
        try self.call { state in
            state.versions.values.filter { $0.state == .processing && state.present($0.ref.asset) != nil }.sorted {
                ($0.createdAt, $0.ref.asset, $0.ref.number) < ($1.createdAt, $1.ref.asset, $1.ref.number)
            }.map(\.ref)
        }
    }
}
