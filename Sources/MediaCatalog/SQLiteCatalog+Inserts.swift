import FoundationEssentials
import GRDB
import MediaModel

// Rows that are added, by an upload or by a rebuild: functions on a connection that is inside a transaction.

extension SQLiteCatalog {
    static func insertAsset(
        _ asset: AssetID,
        of tenant: Tenant,
        createdAt: Date,
        last: VersionNumber = .first,
        latest: VersionNumber? = nil,
        in database: Database
    ) throws {
        try CatalogSQL.insertAsset.run(
            database,
            [
                "asset": asset.description, "tenant": tenant.description,
                "created_ms": Rows.milliseconds(createdAt), "last": last.value, "latest": latest?.value,
            ]
        )
    }

    /// - Throws: `.keyRetired` where its envelope key is not in the catalog.
    static func insert(_ blob: BlobRecord, in database: Database) throws {
        let arguments: StatementArguments = [
            "id": Data(blob.id.bytes), "tenant": blob.sealedAs.tenant.description,
            "asset": blob.sealedAs.asset.description, "version": blob.sealedAs.version.value,
            "variant": blob.sealedAs.variant, "media_type": blob.sealedAs.mediaType,
            "created_ms": Rows.milliseconds(blob.sealedAs.createdAt), "bytes": blob.bytes,
            "sealed_bytes": blob.sealedBytes, "sha256": Data(blob.sha256.bytes),
            "envelope_key": blob.envelopeKey.description, "rewrapped": blob.rewrapped.map { Data($0.bytes) },
        ]
        try Self.refusingRetired(blob.envelopeKey) { _ = try CatalogSQL.insertBlob.run(database, arguments) }
    }

    /// A version without its renditions, `source` being a blob that is there.
    static func insert(_ version: AssetVersion, source: BlobID, in database: Database) throws {
        try CatalogSQL.insertVersion.run(
            database,
            version.ref.arguments &+ [
                "state": version.state.rawValue, "created_ms": Rows.milliseconds(version.createdAt),
                "blob": Data(source.bytes), "width": version.sourceSize?.width, "height": version.sourceSize?.height,
                "presets": Rows.json(version.presets), "announced": version.isAnnounced,
                "focus": version.focus?.description,
            ] &+ Rows.arguments(version.impression)
        )
    }

    /// A rendition and its blob.
    static func insert(_ rendition: Rendition, of ref: VersionRef, in database: Database) throws {
        try Self.insert(rendition.blob, in: database)
        try CatalogSQL.insertRendition.run(
            database,
            [
                "asset": ref.asset.description, "version": ref.number.value,
                "preset": rendition.preset.name.description, "recipe": rendition.preset.recipe.canonicalJSON,
                "width": rendition.size.width, "height": rendition.size.height,
                "choice": Rows.json(rendition.choice), "blob": Data(rendition.blob.id.bytes),
            ]
        )
    }

    /// The only foreign key that such a change can break is that of a blob's envelope key.
    static func refusingRetired(_ key: EnvelopeKeyID, _ change: () throws -> Void) throws {
        do {
            try change()
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY {
            throw CatalogError(.keyRetired, detail: "no envelope key \(key)")
        }
    }
}

extension VersionRef {
    /// Bound as `:asset` and `:number`.
    var arguments: StatementArguments { ["asset": self.asset.description, "number": self.number.value] }
}

extension AssetID {
    /// Bound as `:asset`.
    var arguments: StatementArguments { ["asset": self.description] }
}

extension BlobID {
    /// Bound as `:id`.
    var arguments: StatementArguments { ["id": Data(self.bytes)] }
}
