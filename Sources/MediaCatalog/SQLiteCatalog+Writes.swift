import FoundationEssentials
import GRDB
package import MediaModel

// Each write is one function on a connection that is inside a transaction, so that several of them can share one.

extension SQLiteCatalog {
    package func reserveVersion(of asset: AssetID) async throws -> VersionNumber {
        try await self.commit { try Self.reserve(asset, in: $0) }
    }

    package func releaseVersion(_ ref: VersionRef) async throws {
        _ = try await self.commit { try CatalogSQL.release.run($0, ref.arguments) }
    }

    package func begin(_ version: AssetVersion) async throws {
        precondition(version.state == .processing && version.renditions.isEmpty, "a version begins as processing")
        try await self.commit { try Self.begin(version, in: $0) }
    }

    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition]
    ) async throws -> AssetVersion {
        try await self.commit { try Self.complete(ref, sourceSize: sourceSize, renditions: renditions, in: $0) }
    }

    package func fail(_ ref: VersionRef, failure: String) async throws -> [BlobID] {
        try await self.commit { try Self.fail(ref, failure: failure, in: $0) }
    }

    package func discard(_ ref: VersionRef) async throws -> [BlobID] {
        try await self.commit { try Self.discard(ref, in: $0) }
    }
}

extension SQLiteCatalog {
    private static func reserve(_ asset: AssetID, in database: Database) throws -> VersionNumber {
        let arguments: StatementArguments = ["asset": asset.description]
        if let number = try Int.fetchOne(CatalogSQL.reserve.prepared(database, arguments)) {
            return try Rows.number(number, row: "assets \(asset)")
        }
        guard try Row.fetchOne(CatalogSQL.asset.prepared(database, arguments)) != nil else {
            throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
        }
        throw CatalogError(.failed, detail: "asset \(asset) has used up its version numbers")
    }

    private static func begin(_ version: AssetVersion, in database: Database) throws {
        if version.ref.number == .first {
            try Self.insertAsset(of: version, in: database)
        } else {
            try Self.checkReserved(version, in: database)
        }
        try Self.insert(version.source, in: database)
        try CatalogSQL.insertVersion.run(
            database,
            [
                "asset": version.ref.asset.description, "number": version.ref.number.value,
                "created_ms": Rows.milliseconds(version.createdAt), "blob": Data(version.source.id.bytes),
                "width": version.sourceSize?.width, "height": version.sourceSize?.height,
                "presets": Rows.json(version.presets), "announced": version.isAnnounced,
            ]
        )
    }

    private static func insertAsset(of version: AssetVersion, in database: Database) throws {
        try CatalogSQL.insertAsset.run(
            database,
            [
                "asset": version.ref.asset.description, "tenant": version.tenant.description,
                "created_ms": Rows.milliseconds(version.createdAt),
            ]
        )
    }

    private static func checkReserved(_ version: AssetVersion, in database: Database) throws {
        let asset = version.ref.asset
        guard let row = try Row.fetchOne(CatalogSQL.asset.prepared(database, ["asset": asset.description])) else {
            throw CatalogError(.unknownAsset, detail: "no asset \(asset)")
        }
        let name = "assets \(asset)"
        let last = try Rows.value("last_version", as: Int.self, of: row, row: name)
        guard version.ref.number.value <= last else {
            throw CatalogError(.conflict, detail: "\(version.ref) was not reserved; the last number is \(last)")
        }
        let tenant = try Rows.value("tenant", as: String.self, of: row, row: name)
        guard tenant == version.tenant.description else {
            throw CatalogError(.conflict, detail: "\(version.ref) is another tenant's asset")
        }
    }

    private static func insert(_ blob: BlobRecord, in database: Database) throws {
        try CatalogSQL.insertBlob.run(
            database,
            [
                "id": Data(blob.id.bytes), "tenant": blob.sealedAs.tenant.description,
                "asset": blob.sealedAs.asset.description, "version": blob.sealedAs.version.value,
                "variant": blob.sealedAs.variant, "media_type": blob.sealedAs.mediaType,
                "created_ms": Rows.milliseconds(blob.sealedAs.createdAt), "bytes": blob.bytes,
                "sealed_bytes": blob.sealedBytes, "sha256": Data(blob.sha256.bytes),
                "envelope_key": blob.envelopeKey.description,
            ]
        )
    }

    private static func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition],
        in database: Database
    ) throws -> AssetVersion {
        let size: StatementArguments = ["width": sourceSize.width, "height": sourceSize.height]
        guard let json = try String.fetchOne(CatalogSQL.setReady.prepared(database, ref.arguments &+ size)) else {
            throw Self.notProcessing(ref)
        }
        let presets = try Rows.presets(json, row: "versions \(ref)")
        guard Set(presets) == Set(renditions.map(\.preset)), presets.count == renditions.count else {
            let found = renditions.map(\.preset.name.description).joined(separator: ", ")
            throw CatalogError(.conflict, detail: "\(ref) is ready with a rendition a preset, not with [\(found)]")
        }
        for rendition in renditions {
            try Self.insert(rendition.blob, in: database)
            try CatalogSQL.insertRendition.run(
                database,
                [
                    "asset": ref.asset.description, "version": ref.number.value,
                    "preset": rendition.preset.name.description, "recipe": rendition.preset.recipe.canonicalJSON,
                    "width": rendition.size.width, "height": rendition.size.height,
                    "blob": Data(rendition.blob.id.bytes),
                ]
            )
        }
        try CatalogSQL.moveLatest.run(database, ref.arguments)
        guard let version = try Self.version(ref, in: database) else {
            throw CatalogError(.corrupt, detail: "versions \(ref): its asset or its source's row is missing")
        }
        return version
    }

    private static func fail(_ ref: VersionRef, failure: String, in database: Database) throws -> [BlobID] {
        let arguments = ref.arguments &+ ["failure": failure]
        guard let bytes = try Data.fetchOne(CatalogSQL.setFailed.prepared(database, arguments)) else {
            throw Self.notProcessing(ref)
        }
        // The row stays: the manifest of a failed version still shows what its source was.
        try CatalogSQL.markBlobRemoved.run(database, ["id": bytes])
        return [try Rows.blobID(bytes, row: "versions \(ref)")]
    }

    private static func discard(_ ref: VersionRef, in database: Database) throws -> [BlobID] {
        guard let bytes = try Data.fetchOne(CatalogSQL.deleteVersion.prepared(database, ref.arguments)) else {
            throw Self.notProcessing(ref)
        }
        try CatalogSQL.deleteBlob.run(database, ["id": bytes])
        let asset: StatementArguments = ["asset": ref.asset.description]
        if try CatalogSQL.deleteAssetWithoutVersions.run(database, asset) == 0 {
            // As if it had never been: its number is free again, unless a later one is taken.
            try CatalogSQL.release.run(database, ref.arguments)
        }
        return [try Rows.blobID(bytes, row: "versions \(ref)")]
    }

    private static func notProcessing(_ ref: VersionRef) -> CatalogError {
        CatalogError(.conflict, detail: "\(ref) is not processing, or not there")
    }
}

extension VersionRef {
    /// Bound as `:asset` and `:number`.
    var arguments: StatementArguments { ["asset": self.asset.description, "number": self.number.value] }
}
