import Logging
import MediaTesting
import Testing
import Tracing

@testable import MediaTracing

/// Fields as a request has them.
private struct Fields: Extractor, Injector {
    func extract(key: String, from fields: [String: String]) -> String? { fields[key] }

    func inject(_ value: String, forKey key: String, into fields: inout [String: String]) { fields[key] = value }
}

@Suite struct OriginTracerTests {
    static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let parent = "00-\(traceID)-00f067aa0ba902b7-"

    private let queue = SpanQueue(capacity: 100)

    private func tracer(ratio: Double = 1, followsParents: Bool = true) -> OriginTracer {
        OriginTracer(sampler: Sampler(ratio: ratio, followsParents: followsParents), queue: self.queue)
    }

    private func context(_ tracer: OriginTracer, _ fields: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        tracer.extract(fields, into: &context, using: Fields())
        return context
    }

    private var ended: [SpanRecord] { self.queue.take(100).spans }

    @Test func spansBelowEachOtherAreOneTrace() throws {
        self.tracer().withSpan("outer", ofKind: .server) { outer in
            self.tracer().withSpan("inner") { inner in
                #expect(inner.context.span?.traceID == outer.context.span?.traceID)
            }
        }
        let (inner, outer) = try #require(self.ended.pair)
        #expect(inner.name == "inner" && outer.name == "outer")
        #expect(inner.parent?.spanID == outer.context.spanID)
        #expect(outer.parent == nil && outer.kind == .server && inner.kind == .internal)
        #expect(inner.startNanoseconds >= outer.startNanoseconds)
        #expect(try #require(inner.endNanoseconds) <= #require(outer.endNanoseconds))
    }

    /// An answer whose head could not be written lets go of its body, which was to end the span.
    @Test func aSpanThatNobodyIsLeftToEndEnds() throws {
        let tracer = self.tracer()
        do {
            let outer = tracer.startSpan("outer", context: .topLevel, ofKind: .server)
            withExtendedLifetime(outer) { tracer.startSpan("inner", context: outer.context).end() }
        }
        let (inner, outer) = try #require(self.ended.pair)
        #expect(inner.parent?.spanID == outer.context.spanID)
        #expect(outer.name == "outer" && outer.events.map(\.name) == [SpanRecording.leftEvent])
        #expect(outer.status == nil && outer.endNanoseconds != nil)
        #expect(inner.events.isEmpty)
    }

    @Test func theCallersTraceGoesOn() throws {
        let tracer = self.tracer(ratio: 0)
        let context = self.context(tracer, ["traceparent": Self.parent + "01", "tracestate": "a=1, b=2"])
        let span = tracer.startSpan("x", context: context, ofKind: .server)
        #expect(span.isRecording)
        span.end()
        let record = try #require(self.ended.first)
        #expect("\(record.context.traceID)" == Self.traceID)
        #expect(record.parent.map { "\($0.spanID)" } == "00f067aa0ba902b7")
        var out: [String: String] = [:]
        tracer.inject(span.context, into: &out, using: Fields())
        #expect(out == ["traceparent": "00-\(Self.traceID)-\(record.context.spanID)-01", "tracestate": "a=1,b=2"])
    }

    @Test func whatTheCallerDoesNotRecordIsNotRecorded() {
        let tracer = self.tracer(ratio: 1)
        let context = self.context(tracer, ["traceparent": Self.parent + "00"])
        tracer.withSpan("outer", context: context) { outer in
            #expect(!outer.isRecording)
            tracer.withSpan("inner") { #expect(!$0.isRecording) }
            // The log names the trace all the same; an exemplar would point at nothing.
            #expect(CurrentTrace.logMetadata.get()["trace_id"].map { "\($0)" } == Self.traceID)
            #expect(CurrentTrace.sampledID() == nil)
        }
        #expect(self.ended.isEmpty)
    }

    @Test func aCallerThatIsNotFollowedDecidesNothing() {
        let none = self.tracer(ratio: 0, followsParents: false)
        let recorded = self.context(none, ["traceparent": Self.parent + "01"])
        none.withSpan("outer", context: recorded) { outer in
            #expect(!outer.isRecording)
            none.withSpan("inner") { #expect(!$0.isRecording) }
        }
        let all = self.tracer(ratio: 1, followsParents: false)
        let unrecorded = self.context(all, ["traceparent": Self.parent + "00"])
        all.withSpan("outer", context: unrecorded) { outer in
            #expect(outer.isRecording)
            #expect(CurrentTrace.sampledID() == Self.traceID)
        }
    }

    @Test(arguments: [
        [:], ["traceparent": "rubbish"], ["tracestate": "a=1"], ["traceparent": parent + "01, " + parent + "01"],
    ])
    func withoutAValidParentATraceBegins(fields: [String: String]) throws {
        let tracer = self.tracer()
        tracer.startSpan("x", context: self.context(tracer, fields)).end()
        let record = try #require(self.ended.first)
        #expect("\(record.context.traceID)" != Self.traceID && record.parent == nil && record.context.traceState == nil)
    }

    @Test func aStateThatIsMalformedTakesNoParentAway() throws {
        let tracer = self.tracer()
        let context = self.context(tracer, ["traceparent": Self.parent + "01", "tracestate": "a=1,a=2"])
        #expect(context.span?.isSampled == true && context.span?.traceState == nil)
    }

    /// By the id alone: who has the same ratio decides the same.
    @Test func theRatioOfTracesIsRecorded() {
        let sampler = Sampler(ratio: 0.25, followsParents: true)
        var generator = SeededGenerator(seed: 4)
        let ids = (0..<20_000).compactMap { _ in TraceID(high: generator.next(), low: generator.next()) }
        let share = Double(ids.filter(sampler.samples).count) / Double(ids.count)
        #expect(abs(share - 0.25) < 0.02)
        #expect(ids.filter(Sampler(ratio: 0, followsParents: true).samples).isEmpty)
        #expect(ids.allSatisfy(Sampler(ratio: 1, followsParents: true).samples))
    }

    @Test func anErrorIsRecordedWithItsSpan() throws {
        struct Flood: Error {}
        #expect(throws: Flood.self) { try self.tracer().withSpan("x") { _ in throw Flood() } }
        let record = try #require(self.ended.first)
        #expect(record.status?.code == .error)
        #expect(record.events.map(\.name) == ["exception"])
        #expect(record.events.first?.attributes.get("exception.type") == .string(String(reflecting: Flood.self)))
    }

    @Test func aSpanThatHasEndedIsAsItWas() throws {
        let span = self.tracer().startSpan("x")
        span.end()
        span.operationName = "y"
        span.attributes["a"] = 1
        span.end()
        let records = self.ended
        #expect(records.count == 1 && records.first?.name == "x" && records.first?.attributes.isEmpty == true)
    }

    @Test func aClockThatWasSetBackMakesNoTimeNegative() throws {
        let span = self.tracer().startSpan("x", at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1000))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 400))
        #expect(try #require(self.ended.first).endNanoseconds == 1000)
    }

    @Test func theQueueHasALimitAndCountsWhatItDrops() {
        let queue = SpanQueue(capacity: 3)
        let tracer = OriginTracer(sampler: Sampler(ratio: 1, followsParents: true), queue: queue)
        for number in 0..<5 { tracer.startSpan("\(number)").end() }
        let first = queue.take(2)
        #expect(first.spans.map(\.name) == ["0", "1"] && first.dropped == 2)
        let rest = queue.take(10)
        #expect(rest.spans.map(\.name) == ["2"] && rest.dropped == 0)
    }
}

extension Array {
    /// Nil where there are not two.
    fileprivate var pair: (Element, Element)? { self.count == 2 ? (self[0], self[1]) : nil }
}
