/// An entity tag (RFC 9110 §8.8.3): `"…"`, or `W/"…"` where it is weak.
package struct EntityTag: Sendable, Hashable {
    /// What stands between the quotes.
    package let opaque: String
    package let isWeak: Bool

    /// Reads one tag, and nothing but it. `W/` is case-sensitive; a tag without quotes is none.
    package init?(_ text: String) {
        var bytes = text[...].utf8
        guard let tag = EntityTagList.take(from: &bytes), bytes.isEmpty else { return nil }
        self = tag
    }

    fileprivate init(opaque: String, isWeak: Bool) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// Strong comparison (§8.8.3.2): both strong, and the same.
    package func matchesStrongly(_ other: EntityTag) -> Bool {
        !self.isWeak && !other.isWeak && self.opaque == other.opaque
    }

    /// Weak comparison: the same, whether weak or not.
    package func matchesWeakly(_ other: EntityTag) -> Bool { self.opaque == other.opaque }

    /// etagc: `!`, then `#` to `~`, then obs-text. A comma is one of them, a space and a quote are not.
    fileprivate static func isTagByte(_ byte: UInt8) -> Bool {
        byte == 0x21 || (0x23...0x7E).contains(byte) || byte >= 0x80
    }
}

/// Reads a comma-separated list of entity tags, one after the other, so that a match ends the work.
///
/// Empty elements are allowed (RFC 9110 §5.6.1.2). An element that is no tag is passed over up to the next comma, and
/// the rest still counts: a proxy that adds its own malformed tag must not cost every client its 304, and a tag that is
/// passed over can only lose a match, never make one. After an unclosed quote nothing more is read, because it cannot
/// be told which commas are inside it.
package struct EntityTagList {
    private var rest: Substring.UTF8View

    package init(_ field: String) { self.rest = field[...].utf8 }

    /// The next tag, or nil at the end.
    package mutating func next() -> EntityTag? {
        while true {
            self.rest = self.rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            guard !self.rest.isEmpty else { return nil }
            let tag = Self.take(from: &self.rest)
            self.rest = self.rest.drop { $0 == 0x20 || $0 == 0x09 }
            if self.rest.isEmpty || self.rest.first == UInt8(ascii: ",") {
                if let tag { return tag }
            } else {
                self.skipElement()
            }
        }
    }

    /// Goes to the next comma outside quotes.
    private mutating func skipElement() {
        var isQuoted = false
        while let byte = self.rest.first, isQuoted || byte != UInt8(ascii: ",") {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            self.rest = self.rest.dropFirst()
        }
    }

    /// Takes one tag off the front; takes nothing when there is none.
    fileprivate static func take(from bytes: inout Substring.UTF8View) -> EntityTag? {
        let isWeak = bytes.starts(with: "W/".utf8)
        let quoted = isWeak ? bytes.dropFirst(2) : bytes
        guard quoted.first == UInt8(ascii: "\"") else { return nil }
        let opaque = quoted.dropFirst().prefix(while: EntityTag.isTagByte)
        let after = quoted.dropFirst(1 + opaque.count)
        guard after.first == UInt8(ascii: "\"") else { return nil }
        bytes = after.dropFirst()
        return EntityTag(opaque: String(Substring(opaque)), isWeak: isWeak)
    }
}
