import FoundationEssentials
package import MediaModel

/// What can be done with an asset without a new upload: make its picture's renditions anew with today's presets, and
/// choose which version `latest` is.
package struct Revise: Sendable {
    let ingest: Ingest

    package init(ingest: Ingest) { self.ingest = ingest }

    private var catalog: any Catalog { self.ingest.catalog }

    /// A new version from the source of the version that `latest` is (of the newest one where none is ready), with the
    /// presets of today, at the best effort where they name none: nobody waits for pictures that are there already.
    ///
    /// - Parameter focus: what matters most in the picture; nil: as that version says.
    /// - Returns: the version, `ready`, or `processing` where an early answer was asked for.
    /// - Throws: ``OriginError``: `.unknownAsset`, `.gone`, `.sourceDamaged`; ``RenderError`` `.quarantined`; or
    ///   an error of a port.
    package func reprocess(
        _ asset: AssetID,
        focus: FocalPoint? = nil,
        respondsAsync: Bool
    ) async throws -> AssetVersion {
        try await self.ingest.checkRoom(
            for: Upload(target: .newVersion(of: asset), bytesExpected: nil, respondsAsync: respondsAsync)
        )
        let model = try await self.model(of: asset)
        let upload = Upload(
            target: .newVersion(of: asset),
            bytesExpected: nil,
            respondsAsync: respondsAsync,
            focus: focus ?? model.focus
        )
        try await Quarantine(catalog: self.catalog).check(model.source.sha256)
        let ref = try await self.ingest.number(for: upload.target)
        let presets = self.ingest.policy.presets.map { Preset(name: $0.name, recipe: $0.recipe.forReprocessing) }
        let version = try await self.ingest.undoingNumber(ref) {
            do {
                return try await self.ingest.begin(ref, with: model.source, of: upload, presets: presets)
            } catch let error as CatalogError where error.code == .conflict {
                throw OriginError(.sourceDamaged, detail: error.detail)
            }
        }
        return try await self.ingest.develop(version, respondsAsync: respondsAsync)
    }

    /// Makes `latest` a version that is ready, until a newer one becomes ready.
    ///
    /// - Returns: that version.
    /// - Throws: ``OriginError``: `.unknownAsset`, `.unknownVersion`, `.gone`, `.versionNotReady`.
    package func setLatest(_ ref: VersionRef) async throws -> AssetVersion {
        do {
            try await self.catalog.setLatest(ref)
        } catch let error as CatalogError where error.code == .conflict {
            throw OriginError(.versionNotReady, detail: error.detail)
        }
        guard let version = try await self.catalog.version(ref) else { throw OriginError(.gone) }
        return version
    }

    /// The version whose picture is taken.
    private func model(of asset: AssetID) async throws -> AssetVersion {
        if let latest = try await self.catalog.latest(of: asset),
            let version = try await self.catalog.version(VersionRef(asset: asset, number: latest))
        {
            return version
        }
        guard let newest = try await self.catalog.newestVersion(of: asset) else {
            throw try await self.catalog.absence(of: asset, orElse: .unknownAsset, detail: asset.description)
        }
        return newest
    }
}
