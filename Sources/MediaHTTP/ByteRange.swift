/// What to answer to a `Range` (RFC 9110 §14).
package enum ByteRange: Sendable, Hashable {
    /// 200 with everything: there was no `Range`, or one that is ignored.
    case whole
    /// 206 with these bytes: offsets, never empty, always below the total.
    case part(Range<Int>)
    /// 416.
    case unsatisfiable

    /// Decides on a `Range` field.
    ///
    /// Ignored, as RFC 9110 §14.2 allows, and so answered with 200: another unit than bytes; what does not follow the
    /// grammar (§14.1.1); a last position before the first (§14.1.2 calls it invalid); and more than one range. Several
    /// ranges would need multipart/byteranges, which no picture viewer uses and which has been a way to make servers
    /// work for nothing ever since CVE-2011-3192: many overlapping ranges of one body, and lately quadratic parsing of
    /// the list (the class of CVE-2026-33658). Here a list is left at its second range.
    ///
    /// - Parameters:
    ///   - field: the value; several lines are joined by commas, and so become a list.
    ///   - total: bytes of the whole representation.
    package static func evaluate(_ field: String?, total: Int) -> ByteRange {
        guard let field, let spec = Self.onlySpec(field) else { return .whole }
        guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return .whole }
        let before = spec[..<dash]
        let after = spec[spec.index(after: dash)...]
        return before.isEmpty ? Self.suffix(after, total: total) : Self.span(before, after, total: total)
    }

    /// `-500`: the last 500 bytes.
    private static func suffix(_ digits: Substring.UTF8View, total: Int) -> ByteRange {
        guard let length = Self.number(digits) else { return .whole }
        guard length > 0 else { return .unsatisfiable }
        // Content-Range cannot name a range of nothing, so that an empty representation is sent whole.
        guard total > 0 else { return .whole }
        return .part(max(0, total - length)..<total)
    }

    /// `500-999` or `500-`.
    private static func span(_ before: Substring.UTF8View, _ after: Substring.UTF8View, total: Int) -> ByteRange {
        guard let first = Self.number(before) else { return .whole }
        var last = Int.max
        if !after.isEmpty {
            guard let given = Self.number(after), !Self.isBefore(after, before) else { return .whole }
            last = given
        }
        guard first < total else { return .unsatisfiable }
        return .part(first..<min(last, total - 1) + 1)
    }

    /// The one range-spec of `bytes=…`, or nil when there is none or more than one.
    ///
    /// Empty list elements and white space around commas must be accepted (RFC 9110 §5.6.1.2); white space elsewhere is
    /// not in the grammar.
    private static func onlySpec(_ field: String) -> Substring.UTF8View? {
        let unit = "bytes="
        let bytes = field[...].utf8
        guard bytes.count > unit.utf8.count,
            field.prefix(unit.count).lowercased() == unit
        else { return nil }
        let set = bytes.dropFirst(unit.utf8.count)
        if let next = set.first, Self.isSpace(next) { return nil }
        var only: Substring.UTF8View?
        var rest = set
        while true {
            let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
            let element = Self.trimmed(rest[..<end])
            if !element.isEmpty {
                guard only == nil else { return nil }
                only = element
            }
            guard end < rest.endIndex else { return only }
            rest = rest[rest.index(after: end)...]
        }
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
        var trimmed = bytes.drop(while: Self.isSpace)
        while let last = trimmed.last, Self.isSpace(last) { trimmed = trimmed.dropLast() }
        return trimmed
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Digits only; a number too large for `Int` is `Int.max`, which lies beyond every representation.
    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard !digits.isEmpty else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (tenfold, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowedToo) = tenfold.addingReportingOverflow(Int(digit - 0x30))
            value = overflowed || overflowedToo ? Int.max : sum
        }
        return value
    }

    /// Compares two numbers of any length by their digits, so that overflow cannot make an invalid range a valid one.
    private static func isBefore(_ one: Substring.UTF8View, _ other: Substring.UTF8View) -> Bool {
        let one = one.drop { $0 == 0x30 }
        let other = other.drop { $0 == 0x30 }
        if one.count != other.count { return one.count < other.count }
        return one.lexicographicallyPrecedes(other)
    }
}
