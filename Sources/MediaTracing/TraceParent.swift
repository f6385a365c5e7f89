/// The field `traceparent` (W3C Trace Context §3.2): which span called, and whether its trace is recorded.
struct TraceParent: Hashable, Sendable {
    /// `00-`, a trace, `-`, a span, `-`, the flags.
    private static let bytes = 55
    private static let hyphen = UInt8(ascii: "-")

    let traceID: TraceID
    let spanID: SpanID
    let isSampled: Bool

    init(traceID: TraceID, spanID: SpanID, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads it by the letter of §3.2.2 and §4.3: of a version to come what this version has is read, and whatever is
    /// not a traceparent is none, so that a new trace begins.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= Self.bytes, [2, 35, 52].allSatisfy({ bytes[$0] == Self.hyphen }),
            let version = LowerHex.number(bytes[0..<2]), version != 0xFF,
            let traceID = TraceID(hex: bytes[3..<35]), let spanID = SpanID(hex: bytes[36..<52]),
            let flags = LowerHex.number(bytes[53..<55])
        else { return nil }
        let isWhole = bytes.count == Self.bytes || version > 0 && bytes[Self.bytes] == Self.hyphen
        guard isWhole else { return nil }
        // §3.2.2.5.1: the one flag that all versions share.
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// In version 00; the flags that this version does not know are zero.
    var text: String { "00-\(self.traceID)-\(self.spanID)-0\(self.isSampled ? 1 : 0)" }
}
