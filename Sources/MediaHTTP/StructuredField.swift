/// Reads structured field values (RFC 9651, which is RFC 8941 with dates and display strings).
///
/// The whole grammar is checked, because a field that breaks it anywhere must be ignored or refused as a whole (§4.2).
/// Of the values only those kinds are kept that a field of ours holds.
struct StructuredField {
    /// A bare item (§3.3).
    enum Item: Hashable, Sendable {
        case string(String)
        case bytes([UInt8])
        /// Well formed, and of no use here: a number, a token, a boolean, a date, an inner list.
        case other
    }

    /// The text breaks the grammar.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    private init(_ text: String) { self.rest = Array(text.utf8)[...] }

    /// A dictionary (§4.2.2). A key that is there more than once has its last value.
    ///
    /// - Parameter lines: the values of all lines of the field, in their order.
    static func dictionary(_ lines: [String]) throws(Malformed) -> [String: Item] {
        var parser = StructuredField(lines.joined(separator: ", "))
        parser.skipSpaces()
        var members: [String: Item] = [:]
        while !parser.rest.isEmpty {
            let key = try parser.key()
            members[key] = parser.skip("=") ? try parser.member() : .other
            try parser.parameters()
            parser.skipWhitespace()
            if parser.rest.isEmpty { break }
            guard parser.skip(",") else { throw Malformed() }
            parser.skipWhitespace()
            // A comma at the end.
            guard !parser.rest.isEmpty else { throw Malformed() }
        }
        return members
    }

    /// An item that is a string, without parameters (§4.2.5).
    static func string(_ line: String) throws(Malformed) -> String {
        var parser = StructuredField(line)
        parser.skipSpaces()
        guard case .string(let text) = try parser.item() else { throw Malformed() }
        parser.skipSpaces()
        guard parser.rest.isEmpty else { throw Malformed() }
        return text
    }
}

extension StructuredField {
    /// An item or an inner list; parameters come after either.
    private mutating func member() throws(Malformed) -> Item {
        guard self.skip("(") else { return try self.item() }
        while true {
            self.skipSpaces()
            if self.skip(")") { return .other }
            _ = try self.item()
            try self.parameters()
            guard let next = self.rest.first, next == UInt8(ascii: " ") || next == UInt8(ascii: ")") else {
                throw Malformed()
            }
        }
    }

    private mutating func parameters() throws(Malformed) {
        while self.skip(";") {
            self.skipSpaces()
            _ = try self.key()
            if self.skip("=") { _ = try self.item() }
        }
    }

    private mutating func key() throws(Malformed) -> String {
        guard let first = self.rest.first, Self.isLowercase(first) || first == UInt8(ascii: "*") else {
            throw Malformed()
        }
        let key = self.take { Self.isLowercase($0) || Self.isDigit($0) || "_-.*".utf8.contains($0) }
        return String(decoding: key, as: UTF8.self)
    }

    private mutating func item() throws(Malformed) -> Item {
        guard let first = self.rest.first else { throw Malformed() }
        switch first {
        case UInt8(ascii: "\""): return .string(try self.quoted())
        case UInt8(ascii: ":"): return .bytes(try self.byteSequence())
        case UInt8(ascii: "%"): try self.displayString()
        case UInt8(ascii: "?"):
            self.rest = self.rest.dropFirst()
            guard self.skip("0") || self.skip("1") else { throw Malformed() }
        case UInt8(ascii: "@"):
            self.rest = self.rest.dropFirst()
            try self.number(mayBeDecimal: false)
        case UInt8(ascii: "-"), 0x30...0x39: try self.number(mayBeDecimal: true)
        case UInt8(ascii: "*"), 0x41...0x5A, 0x61...0x7A: _ = self.take(while: Self.isTokenByte)
        default: throw Malformed()
        }
        return .other
    }

    /// §4.2.5: only a quote and a backslash may be escaped.
    private mutating func quoted() throws(Malformed) -> String {
        self.rest = self.rest.dropFirst()
        var text: [UInt8] = []
        while let byte = self.rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = self.rest.popFirst(), "\"\\".utf8.contains(escaped) else { throw Malformed() }
                text.append(escaped)
            case 0x20...0x7E: text.append(byte)
            default: throw Malformed()
            }
        }
        throw Malformed()
    }

    /// §4.2.7.
    private mutating func byteSequence() throws(Malformed) -> [UInt8] {
        self.rest = self.rest.dropFirst()
        let text = self.take { $0 != UInt8(ascii: ":") }
        guard self.skip(":"), let bytes = Self.base64(text) else { throw Malformed() }
        return bytes
    }

    /// §4.2.4: 15 digits, or 12 and up to three after the point.
    private mutating func number(mayBeDecimal: Bool) throws(Malformed) {
        _ = self.skip("-")
        let whole = self.take(while: Self.isDigit).count
        guard (1...15).contains(whole) else { throw Malformed() }
        guard mayBeDecimal, self.skip(".") else { return }
        guard whole <= 12, (1...3).contains(self.take(while: Self.isDigit).count) else { throw Malformed() }
    }

    /// §4.2.10: percent-encoded UTF-8 in quotes, hexadecimal digits in lowercase.
    private mutating func displayString() throws(Malformed) {
        self.rest = self.rest.dropFirst()
        guard self.skip("\"") else { throw Malformed() }
        var text: [UInt8] = []
        while let byte = self.rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard String(validating: text, as: UTF8.self) != nil else { throw Malformed() }
                return
            case UInt8(ascii: "%"):
                let digits = self.rest.prefix(2)
                self.rest = self.rest.dropFirst(2)
                guard digits.count == 2, digits.allSatisfy({ Self.isDigit($0) || (0x61...0x66).contains($0) }),
                    let decoded = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                else { throw Malformed() }
                text.append(decoded)
            case 0x20...0x7E: text.append(byte)
            default: throw Malformed()
            }
        }
        throw Malformed()
    }
}

extension StructuredField {
    /// Padding may be missing, and bits that mean nothing may be set (§4.2.7): what such a sender meant is not in
    /// doubt.
    private static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let digits = text.dropLast(padding).map(Self.sextet)
        guard padding <= 2, !digits.contains(nil), digits.count % 4 != 1 else { return nil }
        guard padding == 0 || (digits.count + padding) % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var (value, bits) = (UInt32(0), 0)
        for digit in digits {
            value = value << 6 | UInt32(digit ?? 0)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
        }
        return bytes
    }

    private static func sextet(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x41...0x5A: character - 0x41
        case 0x61...0x7A: character - 0x61 + 26
        case 0x30...0x39: character - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private mutating func take(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = self.rest.prefix(while: isWanted)
        self.rest = self.rest.dropFirst(taken.count)
        return taken
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard self.rest.first == UInt8(ascii: character) else { return false }
        self.rest = self.rest.dropFirst()
        return true
    }

    private mutating func skipSpaces() { self.rest = self.rest.drop { $0 == 0x20 } }

    private mutating func skipWhitespace() { self.rest = self.rest.drop { $0 == 0x20 || $0 == 0x09 } }

    private static func isLowercase(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// §3.3.4: tchar, a colon, a slash.
    static func isTokenByte(_ byte: UInt8) -> Bool { HeaderParameters.isTokenByte(byte) || ":/".utf8.contains(byte) }
}
