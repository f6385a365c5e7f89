import FoundationEssentials
import GRDB
package import MediaModel

// Renditions that are made after the upload.

extension SQLiteCatalog {
    package func furtherRendition(
        of asset: AssetID,
        version: VersionNumber,
        named name: RenditionName
    ) async throws -> DeliverableRendition? {
        let ref = VersionRef(asset: asset, number: version)
        return try await self.read { database in
            guard let row = try Row.fetchOne(CatalogSQL.further.prepared(database, ref.arguments(name))) else {
                return nil
            }
            return try Rows.deliverableFurther(row, of: ref)
        }
    }

    package func keep(
        _ rendition: Rendition,
        of ref: VersionRef,
        quota: Quota,
        oneOffsMax: Int?
    ) async throws -> Rendition {
        try await self.commit { try Self.keep(rendition, of: ref, quota: quota, oneOffsMax: oneOffsMax, in: $0) }
    }

    package func oneOffs(of ref: VersionRef) async throws -> Int {
        try await self.read { try Self.oneOffs(of: ref, in: $0) }
    }

    private static func oneOffs(of ref: VersionRef, in database: Database) throws -> Int {
        try Int.fetchOne(CatalogSQL.oneOffs.prepared(database, ref.arguments)) ?? 0
    }

    private static func keep(
        _ rendition: Rendition,
        of ref: VersionRef,
        quota: Quota,
        oneOffsMax: Int?,
        in database: Database
    ) throws -> Rendition {
        if let asset = try Self.asset(ref.asset, in: database), asset.standing != .present {
            throw CatalogError(.gone, detail: "asset \(ref.asset) was deleted")
        }
        let arguments = ref.arguments(RenditionName(rendition.preset))
        if let row = try Row.fetchOne(CatalogSQL.further.prepared(database, arguments)) {
            return try Rows.deliverableFurther(row, of: ref).rendition
        }
        guard let version = try Self.version(ref, in: database), version.state == .ready,
            !version.renditions.contains(where: { RenditionName($0.preset) == RenditionName(rendition.preset) })
        else { throw CatalogError(.conflict, detail: "\(ref) is not ready, or has the rendition") }
        if let oneOffsMax, rendition.preset.name.isOneOff, try Self.oneOffs(of: ref, in: database) >= oneOffsMax {
            throw CatalogError(.tooManyRecipes, detail: "\(ref) has \(oneOffsMax) recipes without a name")
        }
        try Self.insert(rendition.blob, in: database)
        try CatalogSQL.insertFurther.run(
            database,
            arguments &+ [
                "recipe": rendition.preset.recipe.canonicalJSON, "width": rendition.size.width,
                "height": rendition.size.height, "choice": Rows.json(rendition.choice),
                "id": Data(rendition.blob.id.bytes),
            ]
        )
        try Self.check(quota, of: version.tenant, in: database)
        return rendition
    }
}

extension VersionRef {
    /// Bound as `:asset`, `:number` and `:name`.
    func arguments(_ name: RenditionName) -> StatementArguments { self.arguments &+ ["name": name.description] }
}
