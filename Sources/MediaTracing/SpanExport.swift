import FoundationEssentials
package import Logging
import Metrics

/// Sends spans that have ended to a collector by OTLP/HTTP, in batches and in its own time. Whatever the collector
/// does, nobody waits for it: spans that find no room are dropped and counted.
package final class SpanExport: Sendable {
    /// How long spans may gather before they are sent.
    static let interval = Duration.milliseconds(500)
    static let batchMax = 512
    /// Spans in memory: some megabytes.
    package static let queueMax = 4096
    /// Of one try.
    static let sendTimeMax = Duration.seconds(10)
    /// Of the last sending, when the service has stopped.
    static let closeTimeMax = Duration.seconds(3)

    private let queue: SpanQueue
    private let connection: OTLPConnection
    private let resource: TraceResource
    private let meters = ExportMeters()
    private let trouble: ExportTrouble

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - endpoint: of the collector, without a slash at its end; `/v1/traces` is appended.
    ///   - fields: sent with each export.
    package init(
        _ queue: SpanQueue,
        endpoint: String,
        fields: [(name: String, value: String)],
        resource: TraceResource,
        logger: Logger
    ) {
        self.queue = queue
        self.connection = OTLPConnection(endpoint: endpoint, fields: fields)
        self.resource = resource
        self.trouble = ExportTrouble(logger: logger)
    }

    /// Exports until the task is cancelled.
    package func run() async {
        for await _ in self.queue.fillings {
            do {
                repeat {
                    try await Task.sleep(for: Self.interval)
                    // What is no whole batch gathers again: under load each post would else have a few spans.
                    repeat { try await self.exportBatch() } while self.queue.count >= Self.batchMax
                } while self.queue.count > 0
            } catch {
                return
            }
        }
    }

    /// Sends what is left, each batch once and all in ``closeTimeMax``, and closes the connections. To be called when
    /// ``run()`` has returned and nothing makes spans any more.
    package func close() async {
        let end = ContinuousClock.now + Self.closeTimeMax
        while self.queue.count > 0 {
            let (spans, dropped) = self.queue.take(Self.batchMax)
            self.meters.dropped.increment(by: dropped)
            let left = end - .now
            guard left > .zero, let body = try? self.body(of: spans),
                let answer = try? await self.connection.send(body, within: left)
            else {
                self.meters.dropped.increment(by: spans.count)
                continue
            }
            if case .later = answer { self.meters.dropped.increment(by: spans.count) }
            self.note(answer, of: spans.count)
        }
        // It fails where it is called twice alone.
        try? await self.connection.close()
    }

    /// One batch, tried again for as long as that makes sense. Cancelled, it gives the batch back.
    private func exportBatch() async throws {
        let (spans, dropped) = self.queue.take(Self.batchMax)
        self.meters.dropped.increment(by: dropped)
        guard !spans.isEmpty else { return }
        do {
            let body = try self.body(of: spans)
            var backoff = ExportBackoff()
            let start = ContinuousClock.now
            while true {
                let answer = try await self.connection.send(body, within: Self.sendTimeMax)
                self.note(answer, of: spans.count)
                guard case .later(_, let retryAfter) = answer else { return }
                let part = Double.random(in: 0.5...1)
                guard let pause = backoff.next(after: retryAfter, elapsed: .now - start, part: part) else {
                    return self.meters.dropped.increment(by: spans.count)
                }
                try await Task.sleep(for: pause)
            }
        } catch let error as CancellationError {
            self.queue.putBack(spans)
            throw error
        }
    }

    private func body(of spans: [SpanRecord]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(OTLPTraces(spans, of: self.resource)))
    }

    private func note(_ answer: ExportAnswer, of count: Int) {
        switch answer {
        case .taken(let said, let why):
            let rejected = ExportAnswer.rejected(said, of: count)
            self.meters.exported.increment(by: count - rejected)
            self.meters.refused.increment(by: rejected)
            if rejected > 0 { self.trouble.begin("some spans were rejected: \(why)") } else { self.trouble.end() }
        case .later(let why, _):
            self.meters.unavailable.increment()
            self.trouble.begin(why)
        case .refused(let why):
            self.meters.refusals.increment()
            self.meters.refused.increment(by: count)
            self.trouble.begin(why)
        }
    }
}

/// What is counted of exports. The table of all metrics is in MediaMetrics.
private struct ExportMeters: Sendable {
    let exported = Self.spans("exported")
    let dropped = Self.spans("dropped")
    let refused = Self.spans("refused")
    let unavailable = Self.failures("unavailable")
    let refusals = Self.failures("refused")

    private static func spans(_ outcome: String) -> Counter {
        Counter(label: "media_trace_spans_total", dimensions: [("outcome", outcome)])
    }

    private static func failures(_ reason: String) -> Counter {
        Counter(label: "media_trace_export_failures_total", dimensions: [("reason", reason)])
    }
}
