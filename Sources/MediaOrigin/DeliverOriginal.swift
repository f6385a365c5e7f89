import Logging
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

    /// Opens a version's source for reading, chunk by chunk. Throws where it cannot be read. Nothing can be made in its
    /// place: what turns out damaged, now or as it is read, is marked, so that no new version is made of it and the
    /// next upload of the same picture is stored again.
    package func openOriginal(_ version: AssetVersion) async throws -> SealedBlobReader {
        let source = version.source
        do {
            return try await self.vault.open(source).noting { await self.mark($0, of: source) }
        } catch {
            if let damage = Damage(error) { await self.mark(damage, of: source) }
            throw error
        }
    }

    /// The reader is told of the damage, and the log by who tells the reader, also where it cannot be marked.
    private func mark(_ damage: Damage, of source: BlobRecord) async {
        do {
            try await self.catalog.setDamage(damage.code, of: source.id)
        } catch {
            Logger.current.error(
                "A source is damaged, which could not be noted",
                metadata: [
                    "blob": "\(source.id)", "damage": "\(damage.code)", "error": "\(String(reflecting: error))",
                ]
            )
        }
    }
}
