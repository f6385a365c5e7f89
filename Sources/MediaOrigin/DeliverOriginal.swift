package import MediaModel

// The picture as it was uploaded.

extension Deliver {
    /// The version whose source is asked for. Throws `.unknownRendition`, also while it is not ready; `.gone` where the
    /// asset was deleted.
    package func original(_ ref: VersionRef) async throws -> AssetVersion {
        guard let version = try await self.catalog.version(ref), version.state == .ready else {
            throw try await self.catalog.absence(of: ref.asset, orElse: .unknownRendition, detail: "\(ref)/original")
        }
        return version
    }

    /// Opens a version's source for reading, chunk by chunk. Throws where it cannot be read.
    package func openOriginal(_ version: AssetVersion) async throws -> SealedBlobReader {
        try await self.vault.open(version.source)
    }
}
