package import MediaModel

/// Makes new keys: an envelope key, which a tenant's new blobs are wrapped under from now on, or a root key, which new
/// envelope keys are. What is there already stays as it is until a ``Rewrap``.
package struct Rotate: Sendable {
    let keys: EnvelopeKeys

    package init(keys: EnvelopeKeys) { self.keys = keys }

    /// Throws ``KeyError``, ``CatalogError``, ``BlobStoreError``; then the tenant's key is the one it was.
    package func callAsFunction(_ tenant: Tenant, _ report: OperationReport) async throws -> EnvelopeKeyID {
        let former = self.keys.newest(of: tenant)?.id
        let key = try await self.keys.mint(for: tenant, after: former)
        await report(
            OperationLine(
                .done,
                "new blobs of tenant \(tenant) are under envelope key \(key.id) now; `keys rewrap` moves the old ones",
                fields: ["id": key.id.description, "former": former?.description ?? ""]
            )
        )
        return key.id
    }

    /// Throws ``KeyError``: `.unsupported` where root keys are made elsewhere.
    package func root(_ report: OperationReport) async throws -> RootKeyID {
        let root = try await self.keys.provider.rotateRoot()
        await report(
            OperationLine(
                .done,
                "new envelope keys are under root key \(root) now; `keys rewrap` moves the old ones",
                fields: ["rootKey": root.description]
            )
        )
        return root
    }
}
