import Foundation
import Logging
import MediaTesting
import Testing
import Tracing

@testable import MediaTracing

/// What becomes of spans with each kind of collector.
@Suite(.timeLimit(.minutes(2))) struct SpanExportTests {
    /// An export, and what makes spans for it.
    private struct Exporting {
        let queue: SpanQueue
        let tracer: OriginTracer
        let export: SpanExport

        init(_ endpoint: String, capacity: Int = 10_000, fields: [(name: String, value: String)] = []) {
            self.queue = SpanQueue(capacity: capacity)
            self.tracer = OriginTracer(sampler: Sampler(ratio: 1, followsParents: true), queue: self.queue)
            self.export = SpanExport(
                self.queue,
                endpoint: endpoint,
                fields: fields,
                resource: TraceResource(service: "test", instance: "i"),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        }

        func makeSpans(_ count: Int) { for number in 0..<count { self.tracer.startSpan("span-\(number)").end() } }

        /// Runs for the length of `body`, then closes.
        func running(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.export.run() }
                try await body()
                group.cancelAll()
                try await group.waitForAll()
            }
            await self.export.close()
        }
    }

    private static func spans(_ request: String) -> Int { request.split(separator: "\"spanId\"").count - 1 }

    @Test func spansAreSentInBatches() async throws {
        let collector = try CannedServer([.said(200, "{}")])
        let exporting = Exporting(collector.endpoint, fields: [("X-Team", "key")])
        try await exporting.running {
            exporting.makeSpans(SpanExport.batchMax + 10)
            _ = try await comesAbout { collector.requests.count == 2 }
        }
        // A batch whose answer the end of the service overtakes is sent once more.
        #expect(collector.requests.prefix(2).map(Self.spans) == [SpanExport.batchMax, 10])
        let head = try #require(collector.requests.first)
        #expect(head.hasPrefix("POST /v1/traces HTTP/1.1\r\n"))
        #expect(head.contains("Content-Type: application/json\r\n") && head.contains("X-Team: key\r\n"))
        // The exporter's own request has none.
        #expect(!head.contains("traceparent"))
    }

    /// Under a steady load, too, spans gather.
    @Test func noPostFollowsAnotherAtOnce() async throws {
        let collector = try CannedServer([.said(200, "{}")])
        let exporting = Exporting(collector.endpoint)
        let start = ContinuousClock.now
        try await exporting.running {
            while ContinuousClock.now - start < SpanExport.interval * 4 {
                exporting.makeSpans(1)
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        // One more at the end, and one whose answer that overtook.
        #expect((2...6).contains(collector.requests.count), "\(collector.requests.count)")
    }

    @Test func whatIsNotTakenNowIsSentAgain() async throws {
        let collector = try CannedServer([.said(503, "", fields: ["Retry-After: 1"]), .said(200, "{}")])
        let exporting = Exporting(collector.endpoint)
        let start = ContinuousClock.now
        try await exporting.running {
            exporting.makeSpans(3)
            _ = try await comesAbout { collector.requests.count == 2 }
        }
        #expect(collector.requests.prefix(2).map(Self.spans) == [3, 3])
        #expect(ContinuousClock.now - start >= .seconds(1))
    }

    @Test(arguments: [400, 401, 404, 413, 500])
    func whatIsRefusedIsNotSentAgain(status: Int) async throws {
        let collector = try CannedServer([.said(status, "no")])
        let exporting = Exporting(collector.endpoint)
        try await exporting.running {
            exporting.makeSpans(3)
            _ = try await comesAbout { collector.requests.count == 1 }
            // The next batch is sent once there is an answer to the first.
            exporting.makeSpans(1)
            _ = try await comesAbout { collector.requests.count == 2 }
        }
        #expect(collector.requests.prefix(2).map(Self.spans) == [3, 1])
    }

    @Test func whatIsLeftIsSentAtTheEnd() async throws {
        let collector = try CannedServer([.said(200, "{}")])
        let exporting = Exporting(collector.endpoint)
        try await exporting.running { exporting.makeSpans(7) }
        #expect(collector.requests.map(Self.spans) == [7])
    }

    /// A collector that answers nothing holds the end of the service up for a moment, and no span's end at all.
    @Test(arguments: [CannedServer.Answer.silence, .halfABody("{"), .hangUp, .noise, .said(503, "")])
    func aCollectorInTroubleHoldsNobodyUp(answer: CannedServer.Answer) async throws {
        let collector = try CannedServer([answer])
        let exporting = Exporting(collector.endpoint, capacity: 1000)
        let start = ContinuousClock.now
        try await exporting.running {
            exporting.makeSpans(2000)
            #expect(ContinuousClock.now - start < .seconds(1))
            _ = try await comesAbout { !collector.requests.isEmpty }
        }
        #expect(ContinuousClock.now - start < SpanExport.closeTimeMax + .seconds(5))
        #expect(exporting.queue.count == 0)
    }

    @Test func aCollectorThatIsAwayIsNoMatter() async throws {
        let exporting = Exporting("http://127.0.0.1:1")
        let start = ContinuousClock.now
        try await exporting.running {
            exporting.makeSpans(10)
            try await Task.sleep(for: SpanExport.interval * 2)
        }
        #expect(ContinuousClock.now - start < SpanExport.closeTimeMax + .seconds(5))
    }

    @Test func pausesGrowAndEnd() throws {
        var backoff = ExportBackoff()
        var elapsed = Duration.zero
        var pauses: [Duration] = []
        while let pause = backoff.next(after: nil, elapsed: elapsed, part: 1) {
            pauses.append(pause)
            elapsed += pause
        }
        #expect(pauses.prefix(6) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(30)])
        #expect(elapsed <= ExportBackoff.timeMax && pauses.count == 7)
    }

    @Test func aPauseThatIsAskedForIsKept() {
        var backoff = ExportBackoff()
        #expect(backoff.next(after: .seconds(20), elapsed: .zero, part: 0.5) == .seconds(20))
        #expect(backoff.next(after: .seconds(1), elapsed: .seconds(20), part: 0.5) == .seconds(1))
        #expect(backoff.next(after: .seconds(100), elapsed: .seconds(21), part: 0.5) == nil)
    }

    @Test func aCollectorMayTakeSome() {
        let body = Array(#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#.utf8)
        #expect(OTLPConnection.answer(200, body, retryAfter: nil) == .taken(rejected: 3, "too old"))
        let number = Array(#"{"partialSuccess":{"rejectedSpans":2}}"#.utf8)
        #expect(OTLPConnection.answer(200, number, retryAfter: nil) == .taken(rejected: 2, ""))
        for body in ["", "{}", "rubbish", #"{"partialSuccess":{}}"#] {
            #expect(OTLPConnection.answer(200, Array(body.utf8), retryAfter: nil) == .taken(rejected: 0, ""))
        }
    }

    /// Numbers are the collector's to choose: none of them may end the service.
    @Test(arguments: ["-1", "\(Int64.min)", "\(Int64.max)", "4", "9223372036854775808"])
    func aCollectorMayRejectAsManyAsItSays(number: String) async throws {
        let body = #"{"partialSuccess":{"rejectedSpans":"\#(number)","errorMessage":"x"}}"#
        let collector = try CannedServer([.said(200, body)])
        let exporting = Exporting(collector.endpoint)
        try await exporting.running { exporting.makeSpans(3) }
        #expect(collector.requests.map(Self.spans) == [3])
        #expect([0, 3].contains(ExportAnswer.rejected(Int(number) ?? 0, of: 3)))
    }

    @Test func whatACollectorSaysIsCutAndPrintable() {
        let message = "\u{1B}[2J" + String(repeating: "x", count: 1000)
        let body =
            #"{"partialSuccess":{"rejectedSpans":1,"errorMessage":"\u001b[2J"#
            + String(repeating: "x", count: 1000) + #""}}"#
        let said = " " + message.dropFirst().prefix(OTLPConnection.quoteCharactersMax - 1)
        #expect(OTLPConnection.answer(200, Array(body.utf8), retryAfter: nil) == .taken(rejected: 1, said))
    }
}
