/// Words on their way to a shell, by somebody who copies them from a terminal.
enum ShellText {
    private static let plain = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=+@%".unicodeScalars
    )

    /// As one word of POSIX' shell language; one with control characters in ANSI-C quotes, which cannot move the
    /// cursor.
    static func quoted(_ word: String) -> String {
        let scalars = word.unicodeScalars
        if !word.isEmpty, scalars.allSatisfy(Self.plain.contains) { return word }
        if !scalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "'\(word.replacing("'", with: "'\\''"))'"
        }
        let escaped = word.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            if byte < 128, Self.plain.contains(scalar) { return String(Character(scalar)) }
            return "\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
        }
        return "$'\(escaped.joined())'"
    }
}
