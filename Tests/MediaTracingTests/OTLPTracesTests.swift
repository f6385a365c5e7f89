import Foundation
import Testing
import Tracing

@testable import MediaTracing

/// The JSON that is sent; what a collector makes of it is seen by checks/traces.py, with the published schema.
@Suite struct OTLPTracesTests {
    private static func exported(_ body: (OriginTracer) -> Void) throws -> [[String: Any]] {
        let queue = SpanQueue(capacity: 10)
        body(OriginTracer(sampler: Sampler(ratio: 1, followsParents: true), queue: queue))
        let resource = TraceResource(service: "pictures", instance: "i")
        let data = try JSONEncoder().encode(OTLPTraces(queue.take(10).spans, of: resource))
        let request = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let whole = try #require((request["resourceSpans"] as? [[String: Any]])?.first)
        let resourceText = "\(try #require(whole["resource"]))"
        #expect(resourceText.contains("service.name") && resourceText.contains("pictures"))
        return try #require((whole["scopeSpans"] as? [[String: Any]])?.first?["spans"] as? [[String: Any]])
    }

    /// By key, the value as its one field and the text of it.
    private static func attributes(_ holder: [String: Any]) -> [String: String] {
        let pairs = (holder["attributes"] as? [[String: Any]] ?? []).map { entry in
            let value = (entry["value"] as? [String: Any])?.first.map { "\($0.key) \($0.value)" }
            return (entry["key"] as? String ?? "", value ?? "")
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test func idsAreHexadecimalAndLongNumbersAreTexts() throws {
        let spans = try Self.exported { tracer in
            tracer.startSpan("x", ofKind: .server, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 17)).end()
        }
        let span = try #require(spans.first)
        #expect((span["traceId"] as? String)?.wholeMatch(of: /[0-9a-f]{32}/) != nil)
        #expect((span["spanId"] as? String)?.wholeMatch(of: /[0-9a-f]{16}/) != nil)
        #expect(span["startTimeUnixNano"] as? String == "17")
        #expect((span["endTimeUnixNano"] as? String).flatMap(UInt64.init) ?? 0 > 17)
        #expect(span["kind"] as? Int == 2)
        #expect(span["parentSpanId"] == nil && span["status"] == nil)
        #expect(span["flags"] as? Int == 0x101)
    }

    @Test func valuesHaveTheirTypes() throws {
        let spans = try Self.exported { tracer in
            tracer.withSpan("x") { span in
                span.attributes["text"] = "t"
                span.attributes["number"] = 9_007_199_254_740_993
                span.attributes["flag"] = true
                span.attributes["half"] = 0.5
                span.setStatus(SpanStatus(code: .error, message: "m"))
            }
        }
        let span = try #require(spans.first)
        let attributes = Self.attributes(span)
        #expect(attributes["text"] == "stringValue t")
        #expect(attributes["number"] == "intValue 9007199254740993")
        #expect(attributes["flag"] == "boolValue 1" || attributes["flag"] == "boolValue true")
        #expect(attributes["half"] == "doubleValue 0.5")
        #expect((span["status"] as? [String: Any])?["code"] as? Int == 2)
    }

    /// A signature is a query, and the password of many a webhook is in its path.
    @Test func whatAsyncHTTPClientSaysOfAURLStaysHere() throws {
        let spans = try Self.exported { tracer in
            tracer.withSpan("POST", ofKind: .client) { span in
                span.attributes["url.full"] = "https://hooks.example/T0/secret?sig=secret"
                span.attributes["url.path"] = "/T0/secret"
                span.attributes["url.query"] = "sig=secret"
                span.attributes["server.address"] = "hooks.example"
                span.attributes["http.status_code"] = 204
            }
            tracer.withSpan("GET", ofKind: .server) { $0.attributes["url.path"] = "/a/x/v1/thumbnail.webp" }
        }
        #expect(
            Self.attributes(spans[0]) == [
                "server.address": "stringValue hooks.example", "http.response.status_code": "intValue 204",
            ]
        )
        #expect(Self.attributes(spans[1]) == ["url.path": "stringValue /a/x/v1/thumbnail.webp"])
    }

    @Test func aTextThatIsVeryLongIsCut() throws {
        let spans = try Self.exported { tracer in
            tracer.withSpan("x") { $0.attributes["a"] = String(repeating: "ä", count: 5000) }
        }
        #expect(Self.attributes(spans[0])["a"]?.count == "stringValue ".count + SpanAttributeRules.textMax)
    }
}
