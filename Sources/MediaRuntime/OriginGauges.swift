import FoundationEssentials
import MediaMetrics
import MediaModel
import MediaOrigin
import MediaWorkers

/// What is read at a scrape because its value lives elsewhere: the books of the cache, the pool and the keys.
enum OriginGauges {
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

    static func register(
        in registry: PrometheusRegistry,
        cache: RenditionCache,
        pool: WorkerPool,
        backlog: Backlog,
        keys: EnvelopeKeys
    ) {
        registry.registerCollector {
            let statistics = cache.statistics
            return [
                MetricSample(OriginMetrics.cacheBytes, Double(statistics.bytes)),
                MetricSample(OriginMetrics.cacheObjects, Double(statistics.objects)),
                MetricSample(OriginMetrics.cacheHotObjects, Double(statistics.hosted)),
                MetricSample(OriginMetrics.cacheEvictions, Double(statistics.evictions)),
            ]
        }
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
                MetricSample(OriginMetrics.renderMemory, Double(statistics.memoryBytes)),
                MetricSample(OriginMetrics.renderMemoryLimit, Double(statistics.memoryBytesMax)),
                MetricSample(OriginMetrics.renderPace, statistics.pace),
                MetricSample(OriginMetrics.backlogVersions, Double(backlog.count)),
            ]
        }
        registry.registerCollector {
            let statistics = keys.statistics
            let ages = [
                (OriginMetrics.envelopeKeyAge, statistics.currentAge),
                (OriginMetrics.keyProviderSuccessAge, statistics.sinceProviderSuccess),
            ]
            // What there is none of has no age.
            return [MetricSample(OriginMetrics.envelopeKeysCached, Double(statistics.cached))]
                + ages.compactMap { metric, age in age.map { MetricSample(metric, $0 / .seconds(1)) } }
        }
    }
}
