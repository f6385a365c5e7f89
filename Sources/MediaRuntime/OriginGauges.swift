import FoundationEssentials
import MediaCatalog
import MediaMetrics
import MediaModel
import MediaOrigin
import MediaWorkers

/// What is read at a scrape because its value lives elsewhere: the books of the cache, the pool and the keys.
enum OriginGauges {
    private static let memory = [("tier", OriginMetrics.CacheTier.memory.rawValue)]

    /// - Parameter room: knows what of the disk stays free.
    static func register(in registry: PrometheusRegistry, storage: OriginStorage, folder: String, room: StorageRoom) {
        registry.registerCollector {
            let connections = storage.database.connections
            let readersIdle = connections.readersMax - connections.readersBusy
            let writersBusy = connections.isWriterBusy ? 1 : 0
            let counts = [
                ("reader", "busy", connections.readersBusy), ("reader", "idle", readersIdle),
                ("writer", "busy", writersBusy), ("writer", "idle", 1 - writersBusy),
            ]
            return counts.map { kind, state, count in
                let labels = [("kind", kind), ("state", state)]
                return MetricSample(OriginMetrics.catalogConnections, labels: labels, Double(count))
            } + [MetricSample(OriginMetrics.catalogWaiting, Double(connections.writesWaiting))]
        }
        registry.registerCollector {
            guard let disk = MachineLimits.disk(of: folder) else { return [] }
            return [
                MetricSample(OriginMetrics.storageFree, Double(disk.free)),
                MetricSample(OriginMetrics.storageSize, Double(disk.total)),
                MetricSample(OriginMetrics.storageFreeMin, Double(room.reserve(of: disk))),
            ]
        }
        registry.registerCollector {
            MachineLimits.memoryBytes().map { [MetricSample(OriginMetrics.memoryLimit, Double($0))] } ?? []
        }
    }

    static func register(in registry: PrometheusRegistry, purges: PurgeDelivery) {
        registry.registerCollector {
            let now = Date()
            return purges.lags.flatMap { target, lag in
                let labels = [("target", target.description)]
                let age = lag.oldest.map { max(0, now.timeIntervalSince($0)) } ?? 0
                return [
                    MetricSample(OriginMetrics.purgesPending, labels: labels, Double(lag.pending)),
                    MetricSample(OriginMetrics.purgeLag, labels: labels, age),
                ]
            }
        }
    }

    static func register(in registry: PrometheusRegistry, warm: Warm) {
        registry.registerCollector { [MetricSample(OriginMetrics.warmWaiting, Double(warm.waiting))] }
    }

    static func register(in registry: PrometheusRegistry, cache: RenditionCache) {
        registry.registerCollector {
            let statistics = cache.statistics
            return [
                MetricSample(OriginMetrics.cacheBytes, labels: Self.memory, Double(statistics.bytes)),
                MetricSample(OriginMetrics.cacheBytesLimit, labels: Self.memory, Double(cache.bytesMax)),
                MetricSample(OriginMetrics.cacheObjects, labels: Self.memory, Double(statistics.objects)),
                MetricSample(OriginMetrics.cacheHotObjects, Double(statistics.hosted)),
                MetricSample(OriginMetrics.cacheEvictions, labels: Self.memory, Double(statistics.evictions)),
            ]
        }
    }

    static func register(in registry: PrometheusRegistry, pool: WorkerPool, backlog: Backlog) {
        registry.registerCollector {
            let statistics = pool.statistics()
            let losses = statistics.losses.map { reason, count in
                MetricSample(OriginMetrics.workerRestarts, labels: [("reason", reason.rawValue)], Double(count))
            }
            let recycled = WorkerRecycling.allCases.map { reason in
                let count = Double(statistics.recycled[reason] ?? 0)
                return MetricSample(OriginMetrics.workersRecycled, labels: [("reason", reason.rawValue)], count)
            }
            let sandbox = SandboxPiece.allCases.map { piece in
                let isThere = !statistics.missing.contains(piece)
                return MetricSample(
                    OriginMetrics.sandbox,
                    labels: [("piece", piece.rawValue)],
                    isThere ? 1 : 0
                )
            }
            let queue = statistics.queue.map { priority, count in
                MetricSample(
                    OriginMetrics.renderQueueLength,
                    labels: [("priority", priority.rawValue)],
                    Double(count)
                )
            }
            let refusals = statistics.refusals.map { reason, count in
                MetricSample(OriginMetrics.renderRefusals, labels: [("reason", reason)], Double(count))
            }
            return losses + recycled + sandbox + queue + refusals + [
                MetricSample(OriginMetrics.workersBusy, Double(statistics.busy)),
                MetricSample(OriginMetrics.workersIdle, Double(statistics.idle)),
                MetricSample(OriginMetrics.workersLimit, Double(statistics.workersMax)),
                MetricSample(OriginMetrics.workerMemory, Double(statistics.residentBytes)),
                MetricSample(OriginMetrics.renderQueueLimit, Double(statistics.queueMax)),
                MetricSample(OriginMetrics.renderMemory, Double(statistics.memoryBytes)),
                MetricSample(OriginMetrics.renderMemoryLimit, Double(statistics.memoryBytesMax)),
                MetricSample(OriginMetrics.renderPace, statistics.pace),
                MetricSample(OriginMetrics.backlogVersions, Double(backlog.count)),
            ]
        }
    }

    static func register(in registry: PrometheusRegistry, keys: EnvelopeKeys) {
        registry.registerCollector {
            let statistics = keys.statistics
            let ages = [
                (OriginMetrics.envelopeKeyAge, statistics.currentAge),
                (OriginMetrics.keyProviderSuccessAge, statistics.sinceProviderSuccess),
            ]
            // What there is none of has no age.
            let cached = Double(statistics.cached)
            let tier = [("tier", OriginMetrics.CacheTier.keys.rawValue)]
            let counts = [
                MetricSample(OriginMetrics.envelopeKeysCached, cached),
                MetricSample(OriginMetrics.cacheObjects, labels: tier, cached),
            ]
            return counts
                + ages.compactMap { metric, age in age.map { MetricSample(metric, $0 / .seconds(1)) } }
        }
    }
}
