import MediaMetrics
import MediaOrigin
import MediaWorkers

/// What is read at a scrape because its value lives elsewhere: the cache's books and the pool's.
enum OriginGauges {
    static func register(in registry: PrometheusRegistry, cache: RenditionCache, pool: WorkerPool, backlog: Backlog) {
        registry.registerCollector {
            let statistics = cache.statistics
            return [
                MetricSample(OriginMetrics.cacheBytes, Double(statistics.bytes)),
                MetricSample(OriginMetrics.cacheObjects, Double(statistics.objects)),
                MetricSample(OriginMetrics.cacheEvictions, Double(statistics.evictions)),
            ]
        }
        registry.registerCollector {
            let statistics = pool.statistics()
            let losses = statistics.losses.map { reason, count in
                MetricSample(OriginMetrics.workerRestarts, labels: [("reason", reason.rawValue)], Double(count))
            }
            return losses + [
                MetricSample(OriginMetrics.workersBusy, Double(statistics.busy)),
                MetricSample(OriginMetrics.workersIdle, Double(statistics.idle)),
                MetricSample(OriginMetrics.renderQueueLength, Double(statistics.waiting)),
                MetricSample(OriginMetrics.backlogVersions, Double(backlog.count)),
            ]
        }
    }
}
