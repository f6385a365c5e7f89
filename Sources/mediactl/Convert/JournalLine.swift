import FoundationEssentials
import MediaModel

/// What a journal says of one output: what it was made of and how, and what it is.
struct JournalLine: Hashable, Sendable {
    /// SHA-256 of the source.
    let source: SHA256Digest
    /// SHA-256 of the output.
    let output: SHA256Digest
    /// Of the recipe and of the engine that made it.
    let recipe: UInt64
    /// Of the output.
    let bytes: Int
    let size: PictureSize
    /// Of the output, below the output folder.
    let path: String
}

/// A journal as text: `CHECK r SOURCE OUTPUT RECIPE BYTES WIDTHxHEIGHT PATH` for an output, `CHECK s BOOT` where
/// a run began, `CHECK c OFFSET` where all before that offset which this boot made is known to be on the disk.
///
/// CHECK is the hash of the rest, in 8 hexadecimal digits; digests are base64 without padding; in a path a backslash
/// and a line break are escaped.
enum JournalText {
    /// What a line begins with: its check and a space.
    static let checkBytes = 9
    /// More than any line has.
    static let lineBytesMax = 16 << 10

    static func output(_ line: JournalLine) -> [UInt8] {
        let fields = [
            "r", Self.base64(line.source), Self.base64(line.output), String(line.recipe, radix: 16), "\(line.bytes)",
            "\(line.size.width)x\(line.size.height)", "",
        ]
        return Self.checked(Array(fields.joined(separator: " ").utf8) + Self.escaped(line.path))
    }

    static func start(boot: String) -> [UInt8] { Self.checked(Array("s \(boot)".utf8)) }

    static func checkpoint(_ offset: Int) -> [UInt8] { Self.checked(Array("c \(offset)".utf8)) }

    /// What a line says, where it is sound; without the line break.
    static func body(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count > Self.checkBytes else { return nil }
        let body = line.dropFirst(Self.checkBytes)
        return line.prefix(Self.checkBytes).elementsEqual(Self.check(of: body)) ? body : nil
    }

    /// Nil where it is no line of an output, or not sound.
    static func output(_ line: ArraySlice<UInt8>) -> JournalLine? {
        guard let body = Self.body(of: line) else { return nil }
        // Of bytes: what begins a path may join with the space before it into one character.
        let parts = body.split(separator: UInt8(ascii: " "), maxSplits: 6, omittingEmptySubsequences: false)
        guard parts.count == 7, let path = String(validating: Self.unescaped(parts[6]), as: UTF8.self) else {
            return nil
        }
        let fields = parts.dropLast().map { String(decoding: $0, as: UTF8.self) }
        let sides = fields[5].split(separator: "x").compactMap { Int($0) }
        guard fields[0] == "r", let source = Self.digest(fields[1]), let output = Self.digest(fields[2]),
            let recipe = UInt64(fields[3], radix: 16), let bytes = Int(fields[4]), sides.count == 2
        else { return nil }
        let size = PictureSize(width: sides[0], height: sides[1])
        return JournalLine(source: source, output: output, recipe: recipe, bytes: bytes, size: size, path: path)
    }

    /// The hash of the path in an output's line, without reading the rest; nil for another line. It need not be sound.
    static func pathHash(_ line: ArraySlice<UInt8>) -> UInt64? {
        let body = line.dropFirst(Self.checkBytes)
        guard body.first == UInt8(ascii: "r") else { return nil }
        var spaces = 0
        for index in body.indices where body[index] == UInt8(ascii: " ") {
            spaces += 1
            if spaces == 6 { return StableHash.of(body[(index + 1)...]) }
        }
        return nil
    }

    /// What ``pathHash(_:)`` is for that path.
    static func hash(of path: String) -> UInt64 { StableHash.of(Self.escaped(path)) }

    private static func checked(_ body: [UInt8]) -> [UInt8] { Self.check(of: body) + body + [UInt8(ascii: "\n")] }

    /// With the space.
    private static func check(of body: some Sequence<UInt8>) -> [UInt8] {
        let digits = String(StableHash.of(body) >> 32, radix: 16).utf8
        return [UInt8](repeating: UInt8(ascii: "0"), count: 8 - digits.count) + digits + [UInt8(ascii: " ")]
    }

    private static func base64(_ digest: SHA256Digest) -> String { String(digest.base64.prefix { $0 != "=" }) }

    private static func digest(_ text: String) -> SHA256Digest? {
        guard let data = Data(base64Encoded: text + "="), data.count == SHA256Digest.byteCount else { return nil }
        return SHA256Digest(bytes: [UInt8](data))
    }

    private static func escaped(_ path: String) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(path.utf8.count)
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text += #"\\"#.utf8
            case UInt8(ascii: "\n"): text += #"\n"#.utf8
            default: text.append(byte)
            }
        }
        return text
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var path: [UInt8] = []
        var isEscape = false
        for byte in text {
            if isEscape {
                path.append(byte == UInt8(ascii: "n") ? UInt8(ascii: "\n") : byte)
                isEscape = false
            } else if byte == UInt8(ascii: "\\") {
                isEscape = true
            } else {
                path.append(byte)
            }
        }
        return path
    }
}
