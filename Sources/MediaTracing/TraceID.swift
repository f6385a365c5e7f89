/// The 16 bytes that name a trace (W3C Trace Context §3.2.2.3). Never all zero, which is the spelling of none.
package struct TraceID: Hashable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    /// - Returns: nil for zero.
    package init?(high: UInt64, low: UInt64) {
        guard high != 0 || low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits in lower case, as the specification has them; nil for anything else.
    package init?(hex: some Collection<UInt8>) {
        guard hex.count == 32, let high = LowerHex.number(hex.prefix(16)), let low = LowerHex.number(hex.suffix(16))
        else { return nil }
        self.init(high: high, low: low)
    }

    static func random() -> TraceID {
        TraceID(high: .random(in: 0 ... .max), low: .random(in: 1 ... .max)) ?? .random()
    }

    package var description: String { LowerHex.text(self.high) + LowerHex.text(self.low) }
}

/// The 8 bytes that name a span in its trace (W3C Trace Context §3.2.2.4). Never all zero.
package struct SpanID: Hashable, Sendable, CustomStringConvertible {
    let value: UInt64

    /// - Returns: nil for zero.
    package init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    /// 16 hexadecimal digits in lower case; nil for anything else.
    package init?(hex: some Collection<UInt8>) {
        guard hex.count == 16, let value = LowerHex.number(hex) else { return nil }
        self.init(value)
    }

    static func random() -> SpanID { SpanID(.random(in: 1 ... .max)) ?? .random() }

    package var description: String { LowerHex.text(self.value) }
}

/// Hexadecimal as Trace Context has it: in lower case alone.
enum LowerHex {
    static func text(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// - Parameter digits: at most 16.
    static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}
