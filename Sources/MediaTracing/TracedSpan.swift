import Synchronization
package import Tracing

/// A span of the service. Of a trace that is not recorded it is its context and nothing else.
package struct TracedSpan: Tracing.Span {
    package let context: ServiceContext
    let recording: SpanRecording?

    package var isRecording: Bool { self.recording != nil }

    package var operationName: String {
        get { self.recording?.read { $0.name } ?? "" }
        nonmutating set { self.recording?.change { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { self.recording?.read { $0.attributes } ?? [:] }
        nonmutating set { self.recording?.change { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { self.recording?.change { $0.status = status } }

    package func addEvent(_ event: SpanEvent) { self.recording?.change { $0.add(event) } }

    package func addLink(_ link: SpanLink) { self.recording?.change { $0.add(link) } }

    /// An event `exception`, as OpenTelemetry's conventions have it.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> Instant
    ) {
        guard let recording = self.recording else { return }
        var attributes = attributes
        attributes["exception.type"] = String(reflecting: type(of: error))
        attributes["exception.message"] = String(reflecting: error)
        let event = SpanEvent(name: "exception", at: instant(), attributes: attributes)
        recording.change { $0.add(event) }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        self.recording?.end(at: instant().nanosecondsSinceEpoch)
    }
}

/// What becomes of a span that is recorded, until it ends.
final class SpanRecording: Sendable {
    private let record: Mutex<SpanRecord>
    private let queue: SpanQueue

    init(_ record: SpanRecord, queue: SpanQueue) {
        self.record = Mutex(record)
        self.queue = queue
    }

    /// Nobody is left to end it: the body of an answer was never asked for, since who waited had gone before its head.
    /// Without it the spans below would have no parent. That is no failure by itself, so the status stays as it is.
    deinit {
        let isLeft = self.record.withLock { $0.endNanoseconds == nil }
        guard isLeft else { return }
        self.change { $0.add(SpanEvent(name: Self.leftEvent)) }
        self.end(at: DefaultTracerClock.now.nanosecondsSinceEpoch)
    }

    /// Of a span that ended because nobody was left to end it.
    static let leftEvent = "abandoned"

    func read<Value: Sendable>(_ read: (SpanRecord) -> Value) -> Value { self.record.withLock { read($0) } }

    /// Nothing changes any more once the span has ended.
    func change(_ change: (inout SpanRecord) -> Void) {
        self.record.withLock { record in
            if record.endNanoseconds == nil { change(&record) }
        }
    }

    func end(at nanoseconds: UInt64) {
        let ended: SpanRecord? = self.record.withLock { record in
            guard record.endNanoseconds == nil else { return nil }
            // The clock of the wall may have been set back meanwhile.
            record.endNanoseconds = max(nanoseconds, record.startNanoseconds)
            return record
        }
        if let ended { self.queue.offer(ended) }
    }
}

/// A span's data. What it may have is bounded: a span is kept in memory until it is exported.
package struct SpanRecord: Sendable {
    static let eventsMax = 16
    static let linksMax = 8

    let context: SpanContext
    let parent: SpanContext?
    var name: String
    let kind: SpanKind
    let startNanoseconds: UInt64
    /// Nil: it has not ended.
    var endNanoseconds: UInt64?
    var attributes: SpanAttributes = [:]
    private(set) var events: [SpanEvent] = []
    private(set) var links: [(context: SpanContext, attributes: SpanAttributes)] = []
    private(set) var eventsDropped = 0
    private(set) var linksDropped = 0
    var status: SpanStatus?

    init(context: SpanContext, parent: SpanContext?, name: String, kind: SpanKind, startNanoseconds: UInt64) {
        self.context = context
        self.parent = parent
        self.name = name
        self.kind = kind
        self.startNanoseconds = startNanoseconds
    }

    mutating func add(_ event: SpanEvent) {
        if self.events.count < Self.eventsMax { self.events.append(event) } else { self.eventsDropped += 1 }
    }

    mutating func add(_ link: SpanLink) {
        guard let context = link.context.span else { return }
        guard self.links.count < Self.linksMax else {
            self.linksDropped += 1
            return
        }
        self.links.append((context, link.attributes))
    }
}
