import Glibc
package import Logging
import MediaCatalog
package import MediaMetrics
package import MediaModel
package import MediaOrigin
import MediaSealing
import MediaStore
package import MediaWorkers
import NIOPosix
package import ServiceLifecycle

/// Settings → adapters → use cases → services: the composition root of the origin. `mediad` puts the HTTP face on it.
///
/// Everything that can refuse to start does so in `build`, before a listener is open.
package struct OriginAssembly: Sendable {
    /// Exit code after data could not be made durable (sysexits' EX_SOFTWARE); a supervisor restarts, and recovery
    /// reads the truth from disk.
    static let storageFailureExitCode: Int32 = 70
    /// Threads for blocking file calls. They wait for the disk, not for a core.
    static let storeThreads = 8

    package let ingest: Ingest
    package let deliver: Deliver
    package let describe: Describe
    package let metrics: PrometheusRegistry
    /// In the order of their start; they stop in reverse.
    package let services: [any Service]
    package let catalog: any Catalog
    package let store: any BlobStore
    package let pool: WorkerPool
    private let storage: OriginStorage

    /// Opens the data folder, the catalog and the key ring, starts the workers and puts unfinished versions on the
    /// backlog.
    ///
    /// - Throws: an error whose description says what is wrong and what to do.
    package static func build(
        _ settings: Settings,
        metrics: PrometheusRegistry,
        logger: Logger
    ) async throws -> OriginAssembly {
        let storage = try await OriginStorage.open(settings, storageFailure: Self.storageFailure(logger))
        let pool = try await Self.startWorkers(settings, logger: logger)
        let cache = RenditionCache(bytesMax: settings.cacheBytesMax)
        let backlog = Backlog()
        let develop = Develop(
            catalog: storage.catalog,
            vault: storage.vault,
            renderer: pool,
            limits: settings.image,
            cache: cache
        )
        let recover = Recover(catalog: storage.catalog, vault: storage.vault, backlog: backlog)
        try await recover.resume()
        OriginGauges.register(in: metrics, cache: cache, pool: pool, backlog: backlog)
        return OriginAssembly(
            ingest: Ingest(
                catalog: storage.catalog,
                vault: storage.vault,
                develop: develop,
                backlog: backlog,
                policy: settings.ingestPolicy
            ),
            deliver: Deliver(catalog: storage.catalog, vault: storage.vault, cache: cache),
            describe: Describe(catalog: storage.catalog),
            metrics: metrics,
            services: [
                BackgroundService {
                    await backlog.run(
                        width: settings.workers.count,
                        catalog: storage.catalog,
                        develop: develop
                    )
                },
                BackgroundService { await recover.collectForever() },
            ],
            catalog: storage.catalog,
            store: storage.store,
            pool: pool,
            storage: storage
        )
    }

    /// Ends the workers, then closes the catalog and gives the folder back. Only when nothing runs any more: a request
    /// that is cut at the shutdown deadline must still find both.
    package func close() async {
        await self.pool.shutdown()
        await self.storage.close()
    }

    private static func startWorkers(_ settings: Settings, logger: Logger) async throws -> WorkerPool {
        let pool = WorkerPool(configuration: settings.workerPool, logger: logger)
        try await pool.start()
        return pool
    }

    private static func storageFailure(_ logger: Logger) -> StorageFailure {
        StorageFailure { detail in
            logger.critical("Data could not be made durable; ending the process", metadata: ["detail": "\(detail)"])
            // Not `exit`: nothing may run any more that still believes in what is in memory.
            _exit(Self.storageFailureExitCode)
        }
    }
}

/// The data folder, opened: nobody else has it, and everything in it can be used.
struct OriginStorage: Sendable {
    let lock: DataFolderLock
    let store: any BlobStore
    let catalog: any Catalog
    let vault: BlobVault
    private let database: SQLiteCatalog

    /// A ring of another service opens nothing either; that is better known now than at the first read.
    private static func check(_ keys: KeyRing, against database: SQLiteCatalog) async throws {
        let missing = try await database.envelopeKeysInUse().subtracting(keys.ids).map(\.description).sorted()
        guard missing.isEmpty else {
            throw KeyError(
                .badKeyRing,
                detail: "the key ring lacks keys that stored blobs need: \(missing.joined(separator: ", ")); put their "
                    + "lines back from the backup of the ring"
            )
        }
    }

    /// Checkpoints the write-ahead log into the catalog, so that the file alone is whole.
    func close() async {
        do {
            try await self.database.close()
        } catch {
            // Nothing is lost: the next start reads the write-ahead log.
            Logger.current.warning("The catalog was not closed", metadata: ["error": "\(String(reflecting: error))"])
        }
        self.lock.release()
    }

    static func open(_ settings: Settings, storageFailure: StorageFailure) async throws -> OriginStorage {
        let folder = settings.dataDirectory
        let lock = try DataFolderLock.acquire(folder: folder)
        let path = "\(folder)/catalog.sqlite"
        // A new ring opens nothing of what is stored; where there is a catalog, a missing ring is lost or mistyped.
        let isNew = access(path, F_OK) != 0
        let keys = try KeyRing.openOrCreate(settings.keyRingPath, mayCreate: isNew)
        let threads = NIOThreadPool(numberOfThreads: OriginAssembly.storeThreads)
        threads.start()
        let store = MeteredBlobStore(
            try await FileBlobStore.open(folder: folder, threadPool: threads),
            storageFailure: storageFailure
        )
        let database = try await SQLiteCatalog.open(path: path)
        try await Self.check(keys, against: database)
        let catalog = MeteredCatalog(database, storageFailure: storageFailure)
        let vault = BlobVault(store: store, sealing: SealedBlobs(keys: keys))
        return OriginStorage(lock: lock, store: store, catalog: catalog, vault: vault, database: database)
    }
}

extension Settings {
    /// How the codec processes are run.
    package var workerPool: WorkerPool.Configuration {
        WorkerPool.Configuration(
            executable: self.workerPath,
            workers: self.workers.count,
            queueMax: self.workers.queueMax,
            renderDeadline: self.workers.renderDeadline,
            addressSpaceBytesMax: self.workers.memoryBytesMax,
            sourceBytesMax: self.upload.bytesMax
        )
    }

    var ingestPolicy: IngestPolicy {
        IngestPolicy(
            tenant: .default,
            uploadBytesMax: self.upload.bytesMax,
            limits: self.image,
            presets: self.presets
        )
    }
}

/// Work that goes on until the service stops.
struct BackgroundService: Service {
    let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) { self.work = work }

    func run() async throws { await cancelWhenGracefulShutdown { await self.work() } }
}
