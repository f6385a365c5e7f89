package import MediaModel

extension MemoryCatalog {
    package func furtherRendition(
        of asset: AssetID,
        version: VersionNumber,
        named name: RenditionName
    ) async throws -> DeliverableRendition? {
        try self.call { state in
            let ref = VersionRef(asset: asset, number: version)
            guard state.present(asset) != nil, let version = state.versions[ref],
                let rendition = state.further(name, of: version)
            else { return nil }
            return DeliverableRendition(ref: ref, rendition: rendition, createdAt: version.createdAt)
        }
    }

    package func oneOffs(of ref: VersionRef) async throws -> Int {
        try self.call { $0.versions[ref]?.oneOffs ?? 0 }
    }

    package func keep(
        _ rendition: Rendition,
        of ref: VersionRef,
        quota: Quota,
        oneOffsMax: Int?
    ) async throws -> Rendition {
        try self.call { state in
            if let asset = state.assets[ref.asset], asset.standing != .present {
                throw CatalogError(.gone, detail: "asset \(ref.asset) was deleted")
            }
            let name = RenditionName(rendition.preset)
            if let version = state.versions[ref], let kept = state.further(name, of: version) { return kept }
            guard let version = state.versions[ref], version.state == .ready,
                !version.renditions.contains(where: { RenditionName($0.preset) == name })
            else { throw CatalogError(.conflict, detail: "\(ref) is not ready, or has the rendition") }
            if let oneOffsMax, rendition.preset.name.isOneOff, version.oneOffs >= oneOffsMax {
                throw CatalogError(.tooManyRecipes, detail: "\(ref) has \(oneOffsMax) recipes without a name")
            }
            try state.insert(rendition.blob)
            state.versions[ref]?.further.append(.init(rendition))
            try state.check(quota, of: version.tenant)
            return rendition
        }
    }
}

extension MemoryCatalogState {
    fileprivate func further(_ name: RenditionName, of version: Version) -> Rendition? {
        version.further.first { RenditionName($0.preset) == name }.flatMap(self.rendition)
    }
}

extension MemoryCatalogState.Version {
    fileprivate var oneOffs: Int { self.further.count(where: \.preset.name.isOneOff) }
}
