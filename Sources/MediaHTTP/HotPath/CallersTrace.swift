/// What the hot path makes of a `traceparent` (W3C Trace Context §3.2), read where it lies: whether the hit goes the
/// long way, to have a span in the caller's trace.
///
/// By the same letter as the tracer's: what is no traceparent there would begin a trace of its own, and a hit begins
/// none (docs/decisions/0025).
enum CallersTrace {
    /// `00-`, a trace, `-`, a span, `-`, the flags.
    private static let bytes = 55
    private static let hyphen = UInt8(ascii: "-")
    private static let zero = UInt8(ascii: "0")

    /// Whether the value is a traceparent whose flags have their first bit (§3.2.2.5).
    static func isSampled(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
        let value = UnsafeRawBufferPointer(rebasing: value)
        guard value.count >= Self.bytes, value[2] == Self.hyphen, value[35] == Self.hyphen, value[52] == Self.hyphen,
            Self.isHex(value[0..<2]), !value[0..<2].elementsEqual("ff".utf8), Self.isID(value[3..<35]),
            Self.isID(value[36..<52]), Self.isHex(value[53..<55])
        else { return false }
        // Versions to come may have more (§4.3).
        let isFirstVersion = value[0..<2].elementsEqual("00".utf8)
        guard value.count == Self.bytes || !isFirstVersion && value[Self.bytes] == Self.hyphen else { return false }
        let digit = value[Self.bytes - 1]
        // '1' is 0x31 and 'b' is 0x62.
        return digit >= 0x61 ? digit & 1 == 0 : digit & 1 == 1
    }

    /// Not all zero, which is the spelling of none.
    private static func isID(_ digits: Slice<UnsafeRawBufferPointer>) -> Bool {
        Self.isHex(digits) && !digits.allSatisfy { $0 == Self.zero }
    }

    /// In lower case alone.
    private static func isHex(_ digits: Slice<UnsafeRawBufferPointer>) -> Bool {
        digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
