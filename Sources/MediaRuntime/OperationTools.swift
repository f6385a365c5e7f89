import MediaModel
import MediaOrigin

/// What operations work with: the parts of an open origin.
package struct OperationTools: Sendable {
    let tenant: Tenant
    let catalog: any Catalog
    let vault: BlobVault
    let keys: EnvelopeKeys
    /// The root keys' own provider, which is asked whether every envelope key still opens.
    let provider: any KeyProvider
    let digests: any Digesting
    let mend: Mend
    let removal: Remove
    let purges: PurgeList
    let storage: OriginStorage
}

extension OperationTools {
    /// - Parameters:
    ///   - renderer: asked only when a damaged rendition is made again.
    ///   - cache: told of renditions that were made again, and of assets that are deleted.
    ///   - backlog: of the service; nil where none runs.
    ///   - delivery: of the service's purges; nil where none runs.
    init(
        _ storage: OriginStorage,
        renderer: any Renderer,
        cache: RenditionCache,
        backlog: Backlog? = nil,
        delivery: PurgeDelivery? = nil,
        settings: Settings
    ) {
        self.tenant = .default
        self.catalog = storage.catalog
        self.vault = storage.vault
        self.keys = storage.keys
        self.provider = storage.roots.provider
        self.digests = storage.digests
        self.mend = Mend(
            catalog: storage.catalog,
            vault: storage.vault,
            renderer: renderer,
            limits: settings.image,
            digests: storage.digests,
            cache: cache
        )
        self.removal = Remove(
            catalog: storage.catalog,
            vault: storage.vault,
            cache: cache,
            grace: settings.storage.deleteGrace,
            backlog: backlog
        )
        self.purges = PurgeList(catalog: storage.catalog, delivery: delivery)
        self.storage = storage
    }
}
