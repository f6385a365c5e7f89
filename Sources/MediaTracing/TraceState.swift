/// The field `tracestate` (W3C Trace Context §3.3): what tracing systems on the way tell each other. It is passed on as
/// it came, or not at all.
enum TraceState {
    static let membersMax = 32
    /// §3.3.1.5: as much as must be passed on at least; more is not.
    static let bytesMax = 512
    /// §3.3.1.5: longer members go first where there is too much.
    static let memberBytesMax = 128

    /// The text to pass on, whole members of ``bytesMax`` at the most; nil where a member of the list is malformed or
    /// two have one key (§3.3.1.3): then none is.
    ///
    /// - Parameter text: the field's lines, joined by commas.
    static func checked(_ text: String) -> String? {
        // Empty members are allowed, as in every list of HTTP.
        let members = text.split(separator: ",").map { Self.trimmed($0) }.filter { !$0.isEmpty }
        guard (1...Self.membersMax).contains(members.count) else { return nil }
        var keys: Set<Substring> = []
        for member in members {
            guard let sign = member.firstIndex(of: "=") else { return nil }
            let key = member[..<sign]
            guard Self.isKey(key), Self.isValue(member[member.index(after: sign)...]), keys.insert(key).inserted else {
                return nil
            }
        }
        return Self.fitting(members).joined(separator: ",")
    }

    /// The long ones go first, then those at the end: who has added a member last has it at the beginning.
    private static func fitting(_ members: [Substring]) -> [Substring] {
        var members = members
        while members.reduce(members.count - 1, { $0 + $1.utf8.count }) > Self.bytesMax {
            members.remove(at: members.lastIndex { $0.utf8.count > Self.memberBytesMax } ?? members.count - 1)
        }
        return members
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...end]
    }

    /// §3.3.1.3.1: a letter and up to 255 more, or a tenant of up to 241, `@` and a system of up to 14.
    private static func isKey(_ key: Substring) -> Bool {
        let parts = key.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isKeyByte) }) else { return false }
        switch parts.count {
        case 1: return parts[0].count <= 256 && Self.isLetter(parts[0])
        case 2: return parts[0].count <= 241 && parts[1].count <= 14 && Self.isLetter(parts[1])
        default: return false
        }
    }

    private static func isLetter(_ part: Substring.UTF8View.SubSequence) -> Bool {
        part.first.map { (0x61...0x7A).contains($0) } ?? false
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x30...0x39: true
        default: "_-*/".utf8.contains(byte)
        }
    }

    /// §3.3.1.3.2: up to 256 printable characters, neither comma nor equals sign, the last no space.
    private static func isValue(_ value: Substring) -> Bool {
        let bytes = value.utf8
        return (1...256).contains(bytes.count) && bytes.last != 0x20
            && bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }
}
