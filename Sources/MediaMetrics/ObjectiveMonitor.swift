import Synchronization

/// Watches how the objectives are kept, for `/healthz` and for the metrics.
package final class ObjectiveMonitor: Sendable {
    private let read: @Sendable () -> ObjectiveReading
    private let uptime: @Sendable () -> Duration
    private let record = Mutex(IndicatorRecord())

    /// Takes the first reading.
    ///
    /// - Parameters:
    ///   - read: what was counted until now.
    ///   - uptime: a clock that only goes forward.
    package init(read: @escaping @Sendable () -> ObjectiveReading, uptime: @escaping @Sendable () -> Duration) {
        self.read = read
        self.uptime = uptime
        self.take()
    }

    /// Of a registry, by the system's clock.
    package convenience init(of registry: PrometheusRegistry) {
        let start = ContinuousClock.now
        self.init(read: { ObjectiveReading(registry) }, uptime: { ContinuousClock.now - start })
    }

    /// Takes a reading every ten seconds, until the task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: IndicatorRecord.interval)) != nil { self.take() }
    }

    /// How the objectives are kept now.
    package func indicators() -> [Indicator] {
        // Within the lock: a reading of another caller, taken between, must not be the younger one.
        self.record.withLock { $0.indicators(self.read(), at: self.uptime()) }
    }

    /// The same, as the gauges of ``OriginMetrics``.
    package func samples() -> [MetricSample] {
        self.indicators().flatMap { indicator in
            let labels = [("objective", indicator.objective.name)]
            let current = indicator.current.map {
                MetricSample(OriginMetrics.objectiveCurrent, labels: labels, $0)
            }
            return [
                MetricSample(OriginMetrics.objectiveState, labels: labels, indicator.status.level),
                MetricSample(OriginMetrics.objectiveTarget, labels: labels, indicator.objective.target),
            ] + [current].compactMap { $0 }
        }
    }

    func take() { self.record.withLock { $0.add(self.read(), at: self.uptime()) } }
}
