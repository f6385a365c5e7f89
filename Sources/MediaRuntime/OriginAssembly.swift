import Glibc
package import Logging
package import MediaMetrics
package import MediaModel
package import MediaOrigin
import MediaPurging
import MediaWorkers
import Metrics
package import ServiceLifecycle

/// Settings → adapters → use cases → services: the composition root of the origin. `mediad` puts the HTTP face on it.
///
/// Everything that can refuse to start does so in `build`, before a listener is open.
package struct OriginAssembly: Sendable {
    /// Exit code after data could not be made durable (sysexits' EX_SOFTWARE); a supervisor restarts, and recovery
    /// reads the truth from disk.
    static let storageFailureExitCode: Int32 = 70
    /// The one tenant, until there is authentication that tells them apart.
    static let tenant = Tenant.default

    package let ingest: Ingest
    package let deliver: Deliver
    package let describe: Describe
    package let remove: Remove
    package let revise: Revise
    package let digests: any Digesting
    /// Knows signed recipes; nil: there is no key.
    package let recipeSigner: RecipeSigner?
    /// What `mediactl` can have done, for the control socket.
    package let operations: OperationTable
    package let metrics: PrometheusRegistry
    /// In the order of their start; they stop in reverse.
    package let services: [any Service]
    /// What the service leans on.
    package let dependencies: [Dependency]
    /// How its objectives are kept.
    package let objectives: ObjectiveMonitor
    private let pool: WorkerPool
    private let storage: OriginStorage
    /// Of the purge targets, and of what warms the CDN.
    private let clients: [PurgeClient]

    /// Opens the data folder, the catalog and the keys, starts the workers and puts unfinished versions on the backlog.
    ///
    /// - Throws: an error whose description says what is wrong and what to do. No worker runs then, and nothing is
    ///   held.
    package static func build(
        _ settings: Settings,
        metrics: PrometheusRegistry,
        logger: Logger
    ) async throws -> OriginAssembly {
        ProcessMemory.keepPrivate(logger)
        let commits = CommitMeters()
        let purging = Purging(targets: try PurgeTargets(settings), bell: PurgeBell())
        let storage = try await OriginStorage.open(
            settings,
            for: [Self.tenant],
            storageFailure: Self.storageFailure(logger),
            onCommit: { commits.record(writes: $0, duration: $1) },
            onPurge: { purging.bell.ring() }
        )
        let pool = WorkerPool(configuration: settings.workerPool, logger: logger)
        do {
            try await pool.start()
            try settings.checkFormats(against: pool)
            return try await Self.build(settings, storage, pool, purging, metrics)
        } catch {
            await pool.shutdown()
            await storage.close()
            throw error
        }
    }

    private static func build(
        _ settings: Settings,
        _ storage: OriginStorage,
        _ pool: WorkerPool,
        _ purging: Purging,
        _ metrics: PrometheusRegistry
    ) async throws -> OriginAssembly {
        let catalog = storage.catalog
        let cache = RenditionCache(bytesMax: settings.cacheBytesMax)
        let backlog = Backlog()
        let recipeSigner = try settings.recipeSigner()
        try await Self.resume(catalog, backlog)
        // From here on nothing throws: the clients must be shut down.
        let warming = settings.warmBaseURL.map { Warming(site: $0, isPurging: purging.targets.areThere) }
        let develop = Develop(
            catalog: catalog,
            vault: storage.vault,
            renderer: pool,
            limits: settings.image,
            quota: settings.quota,
            cache: cache,
            backlog: backlog,
            onReady: { warming?.warm.ready($0) }
        )
        let ingest = Self.ingest(settings, storage, develop)
        let (delivery, purgeClient) = purging.open(on: catalog, signer: recipeSigner) { warming?.warm.told($0) }
        let tools = OperationTools(
            storage,
            renderer: pool,
            cache: cache,
            backlog: backlog,
            delivery: delivery,
            settings: settings
        )
        let mends = MendQueue(tools.mend)
        let collect = Collect(catalog: catalog, vault: storage.vault, removal: tools.removal)
        OriginGauges.register(in: metrics, cache: cache)
        OriginGauges.register(in: metrics, pool: pool, backlog: backlog)
        Self.registerGauges(of: storage, delivery, settings, in: metrics)
        let objectives = Self.objectives(in: metrics)
        if let warm = warming?.warm { OriginGauges.register(in: metrics, warm: warm) }
        return OriginAssembly(
            ingest: ingest,
            deliver: Self.deliver(settings, storage, pool, cache, mends),
            describe: Describe(catalog: catalog),
            remove: tools.removal,
            revise: Revise(ingest: ingest),
            digests: storage.digests,
            recipeSigner: recipeSigner,
            operations: OperationTable(tools),
            metrics: metrics,
            services: [
                BackgroundService { await storage.keys.run() },
                // It stops after all that may still write a record.
                PurgeService(delivery: delivery),
                BackgroundService {
                    await backlog.run(width: settings.workers.count, catalog: catalog, develop: develop)
                },
                BackgroundService { await mends.run(width: settings.workers.count) },
                BackgroundService { await collect.forever() },
                BackgroundService { [scrub = Self.scrub(settings, storage, tools)] in await scrub.run() },
                BackgroundService { await objectives.run() },
            ] + [warming?.service].compactMap { $0 },
            dependencies: Self.dependencies(settings, storage, pool, delivery),
            objectives: objectives,
            pool: pool,
            storage: storage,
            clients: [purgeClient, warming?.client].compactMap { $0 }
        )
    }

    private static func registerGauges(
        of storage: OriginStorage,
        _ delivery: PurgeDelivery,
        _ settings: Settings,
        in metrics: PrometheusRegistry
    ) {
        OriginGauges.register(in: metrics, purges: delivery)
        OriginGauges.register(in: metrics, keys: storage.keys)
        let room = StorageRoom(store: storage.store, freeBytesMin: settings.storage.freeBytesMin)
        OriginGauges.register(in: metrics, storage: storage, folder: settings.dataDirectory, room: room)
    }

    private static func scrub(_ settings: Settings, _ storage: OriginStorage, _ tools: OperationTools) -> Scrub {
        Scrub(
            catalog: storage.catalog,
            vault: storage.vault,
            digests: storage.digests,
            mend: tools.mend,
            policy: settings.scrubPolicy
        )
    }

    /// What the last run of the service left.
    private static func resume(_ catalog: any Catalog, _ backlog: Backlog) async throws {
        try await Recover(catalog: catalog, backlog: backlog).resume()
        try await Quarantine(catalog: catalog).updateGauge()
    }

    private static func deliver(
        _ settings: Settings,
        _ storage: OriginStorage,
        _ pool: WorkerPool,
        _ cache: RenditionCache,
        _ mends: MendQueue
    ) -> Deliver {
        let developLater = DevelopLater(
            catalog: storage.catalog,
            vault: storage.vault,
            renderer: pool,
            room: StorageRoom(store: storage.store, freeBytesMin: settings.storage.freeBytesMin),
            limits: settings.image,
            quota: settings.quota,
            oneOffsMax: settings.recipes.perVersionMax,
            cache: cache
        )
        return Deliver(
            catalog: storage.catalog,
            vault: storage.vault,
            cache: cache,
            developLater: developLater,
            mends: mends
        )
    }

    private static func ingest(_ settings: Settings, _ storage: OriginStorage, _ develop: Develop) -> Ingest {
        Ingest(
            catalog: storage.catalog,
            vault: storage.vault,
            develop: develop,
            room: StorageRoom(store: storage.store, freeBytesMin: settings.storage.freeBytesMin),
            digests: storage.digests,
            policy: settings.ingestPolicy
        )
    }

    /// Watches what the registry counts, and shows it there.
    private static func objectives(in metrics: PrometheusRegistry) -> ObjectiveMonitor {
        let objectives = ObjectiveMonitor(of: metrics)
        metrics.registerCollector { objectives.samples() }
        return objectives
    }

    private static func dependencies(
        _ settings: Settings,
        _ storage: OriginStorage,
        _ pool: WorkerPool,
        _ delivery: PurgeDelivery
    ) -> [Dependency] {
        let room = StorageRoom(store: storage.store, freeBytesMin: settings.storage.freeBytesMin)
        return OriginDependencies(storage: storage, pool: pool, delivery: delivery, room: room).all
    }

    /// Ends the workers, then closes the catalog and gives the folder back. Only when nothing runs any more: a request
    /// that is cut at the shutdown deadline must still find both.
    package func close() async {
        for client in self.clients { await client.close() }
        await self.pool.shutdown()
        await self.storage.close()
    }

    private static func storageFailure(_ logger: Logger) -> StorageFailure {
        StorageFailure { detail in
            logger.critical("Data could not be made durable; ending the process", metadata: ["detail": "\(detail)"])
            // Not `exit`: nothing may run any more that still believes in what is in memory.
            _exit(Self.storageFailureExitCode)
        }
    }
}

extension Settings {
    var quota: Quota { Quota(bytes: self.storage.quotaBytes, files: self.storage.quotaFiles) }

    var ingestPolicy: IngestPolicy {
        IngestPolicy(
            tenant: OriginAssembly.tenant,
            uploadBytesMax: self.upload.bytesMax,
            limits: self.image,
            presets: self.presets,
            quota: self.quota
        )
    }

    var scrubPolicy: Scrub.Policy {
        Scrub.Policy(bytesPerSecond: self.storage.scrubBytesPerSecond, interval: self.storage.scrubInterval)
    }
}

/// The way of purges, before the catalog that rings its bell is open.
private struct Purging: Sendable {
    let targets: PurgeTargets
    let bell: PurgeBell

    /// - Parameter onTold: called with each record that a target has taken.
    func open(
        on catalog: any Catalog,
        signer: RecipeSigner?,
        onTold: @escaping @Sendable (PurgeRecord) -> Void
    ) -> (PurgeDelivery, PurgeClient?) {
        let (targets, client) = self.targets.open(signer: signer)
        let policy = self.targets.policy
        let delivery = PurgeDelivery(targets, catalog: catalog, policy: policy, bell: self.bell, onTold: onTold)
        return (delivery, client)
    }
}

/// What pulls new URLs through the CDN, and its connections.
private struct Warming {
    let client: PurgeClient
    let warm: Warm

    init(site: String, isPurging: Bool) {
        self.client = PurgeClient(deadline: CachePuller.deadline)
        self.warm = Warm(CachePuller(site: site, client: self.client), isPurging: isPurging)
    }

    var service: any Service { BackgroundService { await self.warm.run() } }
}

/// How the catalog commits: how many writes share one, and how long it takes.
private struct CommitMeters: Sendable {
    private let writes = Counter(label: "media_catalog_writes_total")
    private let duration = Timer(label: "media_catalog_commit_duration_seconds")

    func record(writes: Int, duration: Duration) {
        self.writes.increment(by: writes)
        self.duration.record(duration: duration)
    }
}

/// Work that goes on until the service stops.
struct BackgroundService: Service {
    let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) { self.work = work }

    func run() async throws { await cancelWhenGracefulShutdown { await self.work() } }
}
