import InMemoryTracing
import Logging
import MediaModel
import MediaTesting
import Testing
import Tracing

@testable import MediaOrigin

/// The spans and the times of both paths, on fakes.
@Suite struct StageTests {
    private let origin = OriginHarness()
    private let tracer = InMemoryTracer()

    /// Does `body` as a traced request would.
    private func traced(_ body: () async throws -> Void) async throws {
        try await withTracer(self.tracer) {
            try await withSpan("request", ofKind: .server) { _ in try await body() }
        }
    }

    /// Each span as `parent/name`, sorted.
    private var tree: [String] {
        let spans = self.tracer.finishedSpans
        let names = Dictionary(uniqueKeysWithValues: spans.map { ($0.spanID, $0.operationName) })
        return spans.map { "\($0.parentSpanID.flatMap { names[$0] } ?? "")/\($0.operationName)" }.sorted()
    }

    @Test func anUploadHasASpanForEachOfItsParts() async throws {
        try await self.traced { _ = try await self.origin.upload(OriginHarness.picture(3000)) }
        #expect(
            self.tree == [
                "/request", "render/commit-renditions", "render/store-renditions", "render/worker",
                "request/commit-source", "request/find-duplicate", "request/first-bytes", "request/publish",
                "request/receive", "request/render", "store-renditions/publish", "store-renditions/publish",
                "store-renditions/seal", "store-renditions/seal", "worker/decode", "worker/encode", "worker/queue",
                "worker/resize",
            ]
        )
        #expect(self.tracer.activeSpans.isEmpty)
    }

    @Test func aMissThatMakesItsRenditionHasASpanForEachOfItsParts() async throws {
        var origin = OriginHarness()
        origin.presets = [try Preset(text: "thumbnail:w=320,formats=webp+jpeg")]
        let version = try await origin.upload(OriginHarness.picture(3000))
        let path = try #require(DeliveryPath("/a/\(version.ref.asset)/v1/thumbnail.jpg"))
        let none = RenditionCache(bytesMax: 0)
        let deliver = Deliver(
            catalog: origin.catalog,
            vault: origin.vault,
            cache: none,
            developLater: origin.developLater(cache: none)
        )
        try await self.traced {
            let found = try await deliver.find(path)
            _ = try await deliver.read(found.rendition, range: 0..<1)
        }
        #expect(
            self.tree == [
                "/request", "render/commit-renditions", "render/publish", "render/seal", "render/worker",
                "request/catalog", "request/decrypt", "request/open", "request/render", "worker/decode",
                "worker/encode", "worker/queue", "worker/resize",
            ]
        )
    }

    /// Laid end to end from the job's start on, as the worker has timed them.
    @Test func whatTheWorkerHasTimedLiesInItsJob() async throws {
        let timings = RenderTimings(queue: 1000, decode: 20_000, resize: 300, encode: 4000)
        let start = DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1_000_000)
        try await self.traced { timings.noteStages(since: start) }
        let spans = self.tracer.finishedSpans.dropLast().map { span in
            (span.operationName, span.startInstant.nanosecondsSinceEpoch, span.endInstant.nanosecondsSinceEpoch)
        }
        #expect(spans.map(\.0) == ["queue", "decode", "resize", "encode"])
        #expect(spans.map(\.1) == [1_000_000, 2_000_000, 22_000_000, 22_300_000])
        #expect(spans.map(\.2) == [2_000_000, 22_000_000, 22_300_000, 26_300_000])
    }

    @Test func whatFailsIsRecordedWhereItFailed() async throws {
        self.origin.renderer.failNext(RenderError(.undecodable, detail: "no"))
        await #expect(throws: RenderError.self) {
            try await self.traced { _ = try await self.origin.upload(OriginHarness.picture(3000)) }
        }
        let failed = self.tracer.finishedSpans.filter { $0.status?.code == .error }.map(\.operationName)
        #expect(failed == ["worker", "render", "request"])
    }

    @Test func aVersionThatNobodyWaitsForGoesOnWithItsUploadsTrace() async throws {
        try await self.traced {
            _ = try await self.origin.upload(OriginHarness.picture(3000), respondsAsync: true)
        }
        await withTracer(self.tracer) { await self.origin.workOffBacklog() }
        let develop = try #require(self.tracer.finishedSpans.first { $0.operationName == "develop" })
        let request = try #require(self.tracer.finishedSpans.first { $0.operationName == "request" })
        #expect(develop.traceID == request.traceID && develop.parentSpanID == request.spanID)
        #expect(develop.kind == .consumer)
        #expect(self.tree.contains("develop/worker") && self.tree.contains("develop/commit-renditions"))
    }

    @Test func withoutATraceThereIsNoSpanAndTheTimesAreThere() async throws {
        let times = StageTimes()
        try await withTracer(self.tracer) {
            try await StageTimes.$current.withValue(times) {
                _ = try await self.origin.upload(OriginHarness.picture(3000))
            }
        }
        #expect(self.tracer.finishedSpans.isEmpty)
        let stages = times.sums.map(\.stage)
        #expect(
            stages == [
                .firstBytes, .receive, .findDuplicate, .publish, .commitSource, .queue, .decode, .resize, .encode,
                .worker, .seal, .storeRenditions, .commitRenditions, .render,
            ]
        )
    }

    @Test func timesOfOneStageAreAdded() {
        let times = StageTimes()
        times.note(.seal, .milliseconds(2))
        times.note(.publish, .milliseconds(5))
        times.note(.seal, .milliseconds(3))
        #expect(times.sums.map(\.stage) == [.seal, .publish])
        #expect(times.sums.map(\.time) == [.milliseconds(5), .milliseconds(5)])
    }
}
