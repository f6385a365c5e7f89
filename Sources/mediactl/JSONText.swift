import FoundationEssentials

/// JSON on one line, as `--json` prints it.
enum JSONText {
    /// Keys in order, so that two runs can be compared.
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A JSON text of any layout on one line. A string in JSON has no raw line breaks (RFC 8259 §7): those there are
    /// lie between tokens.
    static func onOneLine(_ text: String) -> String { String(text.filter { !$0.isNewline }) }
}
