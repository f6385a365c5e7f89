import Tracing

/// The body of an export (`ExportTraceServiceRequest` of opentelemetry-proto 1.x) in OTLP's JSON encoding: protobuf's
/// JSON mapping, but ids in hexadecimal and enumerations as numbers (OTLP specification, "JSON Protobuf Encoding").
struct OTLPTraces: Encodable {
    let resourceSpans: [ResourceSpans]

    struct ResourceSpans: Encodable {
        let resource: Resource
        let scopeSpans: [ScopeSpans]
    }

    struct Resource: Encodable {
        let attributes: [KeyValue]
    }

    struct ScopeSpans: Encodable {
        let scope: Scope
        let spans: [Span]
    }

    struct Scope: Encodable {
        let name: String
        let version: String
    }

    struct Span: Encodable {
        let traceId: String
        let spanId: String
        let traceState: String?
        let parentSpanId: String?
        let flags: UInt32
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [KeyValue]
        let events: [Event]
        let droppedEventsCount: Int?
        let links: [Link]
        let droppedLinksCount: Int?
        let status: Status?
    }

    struct Event: Encodable {
        let timeUnixNano: String
        let name: String
        let attributes: [KeyValue]
    }

    struct Link: Encodable {
        let traceId: String
        let spanId: String
        let traceState: String?
        let attributes: [KeyValue]
        let flags: UInt32
    }

    struct Status: Encodable {
        let message: String?
        let code: Int
    }

    struct KeyValue: Encodable {
        let key: String
        let value: OTLPValue
    }
}

/// `AnyValue`: exactly one of its fields is there.
enum OTLPValue: Encodable, Equatable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([OTLPValue])

    private enum Key: String, CodingKey { case stringValue, boolValue, intValue, doubleValue, arrayValue }

    private struct Values: Encodable { let values: [OTLPValue] }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .string(let text): try container.encode(text, forKey: .stringValue)
        case .bool(let flag): try container.encode(flag, forKey: .boolValue)
        // 64 bits are a text: no JavaScript on the way may round them.
        case .int(let number): try container.encode(String(number), forKey: .intValue)
        case .double(let number) where number.isFinite: try container.encode(number, forKey: .doubleValue)
        case .double(let number): try container.encode(Self.name(number), forKey: .doubleValue)
        case .array(let values): try container.encode(Values(values: values), forKey: .arrayValue)
        }
    }

    /// JSON has no such numbers; protobuf's mapping has names for them.
    private static func name(_ number: Double) -> String {
        number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
    }
}
