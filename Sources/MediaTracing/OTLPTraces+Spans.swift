import MediaModel
import Tracing

extension OTLPTraces {
    init(_ spans: [SpanRecord], of resource: TraceResource) {
        let scope = Scope(name: "image-origin", version: Product.version)
        self.resourceSpans = [
            ResourceSpans(
                resource: Resource(attributes: resource.attributes.map { KeyValue(key: $0, value: .string($1)) }),
                scopeSpans: [ScopeSpans(scope: scope, spans: spans.map(Span.init))]
            )
        ]
    }
}

/// What all spans of the process have in common (OpenTelemetry's conventions for resources).
package struct TraceResource: Sendable {
    let attributes: [(String, String)]

    /// - Parameters:
    ///   - service: what the service is called at the collector.
    ///   - instance: tells this process from others of the service.
    package init(service: String, instance: String) {
        self.attributes = [
            ("service.name", service), ("service.version", Product.version), ("service.instance.id", instance),
            ("telemetry.sdk.language", "swift"),
        ]
    }
}

extension OTLPTraces.Span {
    init(_ record: SpanRecord) {
        self.init(
            traceId: record.context.traceID.description,
            spanId: record.context.spanID.description,
            traceState: record.context.traceState,
            parentSpanId: record.parent?.spanID.description,
            flags: OTLPFlags.of(record.context, isRemote: record.parent?.isRemote ?? false),
            name: record.name,
            kind: record.kind.otlpNumber,
            startTimeUnixNano: String(record.startNanoseconds),
            endTimeUnixNano: String(record.endNanoseconds ?? record.startNanoseconds),
            attributes: SpanAttributeRules.attributes(record.attributes),
            events: record.events.map { event in
                OTLPTraces.Event(
                    timeUnixNano: String(event.nanosecondsSinceEpoch),
                    name: event.name,
                    attributes: SpanAttributeRules.attributes(event.attributes)
                )
            },
            droppedEventsCount: record.eventsDropped == 0 ? nil : record.eventsDropped,
            links: record.links.map { link in
                OTLPTraces.Link(
                    traceId: link.context.traceID.description,
                    spanId: link.context.spanID.description,
                    traceState: link.context.traceState,
                    attributes: SpanAttributeRules.attributes(link.attributes),
                    flags: OTLPFlags.of(link.context, isRemote: link.context.isRemote)
                )
            },
            droppedLinksCount: record.linksDropped == 0 ? nil : record.linksDropped,
            status: record.status.map { OTLPTraces.Status(message: $0.message, code: $0.code == .ok ? 1 : 2) }
        )
    }
}

/// `SpanFlags`: the flags of the trace, and whether the parent is another process's.
private enum OTLPFlags {
    private static let sampled: UInt32 = 0x001
    private static let hasIsRemote: UInt32 = 0x100
    private static let isRemote: UInt32 = 0x200

    static func of(_ context: SpanContext, isRemote: Bool) -> UInt32 {
        (context.isSampled ? Self.sampled : 0) | Self.hasIsRemote | (isRemote ? Self.isRemote : 0)
    }
}

extension SpanKind {
    /// `SpanKind` of the schema.
    fileprivate var otlpNumber: Int {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}

/// What of a span's attributes leaves the service.
enum SpanAttributeRules {
    /// Of a text, in characters; an error may quote what others said.
    static let textMax = 1024

    /// AsyncHTTPClient describes every request with its whole URL. The query of one may be its signature, and the path
    /// of a webhook its password; a delivery's own path is told by whoever made the span.
    private static let kept: Set<String> = ["url.path"]
    private static let hidden: Set<String> = ["url.full", "url.query"]
    /// What it calls by a name that the conventions have given up.
    private static let renamed = ["http.status_code": "http.response.status_code"]

    static func attributes(_ attributes: SpanAttributes) -> [OTLPTraces.KeyValue] {
        let isClients = attributes.get("url.full") != nil
        var values: [OTLPTraces.KeyValue] = []
        let take = { (name: String, attribute: SpanAttribute) in
            guard !Self.hidden.contains(name), !isClients || !Self.kept.contains(name),
                let value = OTLPValue(attribute)
            else { return }
            values.append(OTLPTraces.KeyValue(key: Self.renamed[name] ?? name, value: value))
        }
        attributes.forEach(take)
        return values.sorted { $0.key < $1.key }
    }
}

extension OTLPValue {
    /// Nil for what the schema has no value for.
    init?(_ attribute: SpanAttribute) {
        switch attribute {
        case .string(let text): self = .string(Self.shortened(text))
        case .stringConvertible(let value): self = .string(Self.shortened(value.description))
        case .bool(let flag): self = .bool(flag)
        case .int32(let number): self = .int(Int64(number))
        case .int64(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .stringArray(let texts): self = .array(texts.map { .string(Self.shortened($0)) })
        case .stringConvertibleArray(let values): self = .array(values.map { .string(Self.shortened($0.description)) })
        case .boolArray(let flags): self = .array(flags.map { .bool($0) })
        case .int32Array(let numbers): self = .array(numbers.map { .int(Int64($0)) })
        case .int64Array(let numbers): self = .array(numbers.map { .int($0) })
        case .doubleArray(let numbers): self = .array(numbers.map { .double($0) })
        default: return nil
        }
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= SpanAttributeRules.textMax ? text : String(text.prefix(SpanAttributeRules.textMax))
    }
}
