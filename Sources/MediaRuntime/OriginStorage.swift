import Glibc
import Logging
import MediaCatalog
import MediaModel
import MediaOrigin
import MediaSealing
import MediaStore
import NIOPosix

/// The data folder, opened: nobody else has it, and everything in it can be used. The service has one, and `mediactl`
/// has one while no service runs.
package struct OriginStorage: Sendable {
    /// Threads for blocking file calls. They wait for the disk, not for a core.
    static let storeThreads = 8

    let store: any BlobStore
    /// The store itself, for what only files can do: a back-up by reference.
    let files: FileBlobStore
    let catalog: any Catalog
    let keys: EnvelopeKeys
    let vault: BlobVault
    let digests: any Digesting
    /// The catalog itself, for what only SQLite can do: an online back-up, closing.
    let database: SQLiteCatalog
    let roots: RootKeys
    private let storageFailure: StorageFailure
    /// Nil where the caller holds the folder.
    private let lock: DataFolderLock?

    /// Where a data folder has its catalog.
    static func catalogPath(_ settings: Settings) -> String { "\(settings.dataDirectory)/catalog.sqlite" }

    /// Takes the folder and opens what is in it; makes what is missing of a new one.
    ///
    /// - Parameters:
    ///   - tenants: whose current envelope keys are kept at hand: those that uploads will want.
    ///   - holdsFolder: whether the caller has taken the folder.
    ///   - storageFailure: told when data could not be made durable.
    ///   - onCommit: told of every transaction of the catalog; it must not wait.
    ///   - onPurge: told when there may be new records in the purge outbox; it must not wait.
    /// - Throws: ``BlobStoreError`` (`.inUse` where another process has the folder), ``CatalogError``, ``KeyError``;
    ///   then nothing is held any more.
    static func open(
        _ settings: Settings,
        for tenants: [Tenant],
        holdsFolder: Bool = false,
        storageFailure: StorageFailure,
        onCommit: @escaping @Sendable (_ writes: Int, _ duration: Duration) -> Void = { _, _ in },
        onPurge: @escaping @Sendable () -> Void = {}
    ) async throws -> OriginStorage {
        let lock = holdsFolder ? nil : try DataFolderLock.acquire(folder: settings.dataDirectory)
        do {
            // A new ring opens nothing of what is stored; where there is a catalog, a missing ring is lost or mistyped.
            let isNew = access(Self.catalogPath(settings), F_OK) != 0
            let roots = try RootKeys.open(settings, mayCreate: isNew)
            do {
                let plan = OpeningPlan(
                    settings: settings,
                    tenants: tenants,
                    storageFailure: storageFailure,
                    onCommit: onCommit,
                    onPurge: onPurge
                )
                return try await Self.open(plan, roots, holding: lock)
            } catch {
                await roots.close()
                throw error
            }
        } catch {
            lock?.release()
            throw error
        }
    }

    private static func open(
        _ plan: OpeningPlan,
        _ roots: RootKeys,
        holding lock: DataFolderLock?
    ) async throws -> OriginStorage {
        let settings = plan.settings
        let folder = settings.dataDirectory
        let threads = NIOThreadPool(numberOfThreads: Self.storeThreads)
        threads.start()
        let files = try await FileBlobStore.open(folder: folder, threadPool: threads)
        let store = MeteredBlobStore(files, storageFailure: plan.storageFailure)
        let database = try await SQLiteCatalog.open(
            path: Self.catalogPath(settings),
            commitDelay: settings.storage.commitDelay,
            onCommit: plan.onCommit,
            purgeTargets: (settings.purge.targets ?? []).map(\.name),
            onPurge: plan.onPurge
        )
        do {
            let catalog = MeteredCatalog(database, storageFailure: plan.storageFailure)
            try await roots.check(against: catalog)
            let keys = try await EnvelopeKeys.open(
                for: plan.tenants,
                catalog: catalog,
                provider: roots.provider,
                mirror: EnvelopeKeyFile(folder: folder, threadPool: threads),
                policy: settings.envelopeKeyPolicy,
                storageFailure: plan.storageFailure
            )
            return OriginStorage(
                store: store,
                files: files,
                catalog: catalog,
                keys: keys,
                vault: BlobVault(store: store, sealing: SealedBlobs(), keys: keys),
                digests: Digests(),
                database: database,
                roots: roots,
                storageFailure: plan.storageFailure,
                lock: lock
            )
        } catch {
            try? await database.close()
            throw error
        }
    }

    /// Checkpoints the write-ahead log into the catalog, so that the file alone is whole, and gives the folder back.
    /// Only when nothing uses it any more.
    func close() async {
        do {
            try await self.database.close()
        } catch {
            self.storageFailure.inspect(error)
            // Nothing is lost: the next start reads the write-ahead log.
            Logger.current.warning("The catalog was not closed", metadata: ["error": "\(String(reflecting: error))"])
        }
        await self.roots.close()
        self.lock?.release()
    }
}

/// How a data folder is to be opened; see ``OriginStorage/open(_:for:holdsFolder:storageFailure:onCommit:onPurge:)``.
private struct OpeningPlan: Sendable {
    let settings: Settings
    let tenants: [Tenant]
    let storageFailure: StorageFailure
    let onCommit: @Sendable (_ writes: Int, _ duration: Duration) -> Void
    let onPurge: @Sendable () -> Void
}

extension Settings {
    /// How long envelope keys are used.
    var envelopeKeyPolicy: EnvelopeKeyPolicy {
        EnvelopeKeyPolicy(epoch: self.keys.epoch, softAge: self.keys.softAge, hardAge: self.keys.hardAge)
    }
}
