/// Text of unknown origin on its way to a terminal.
package enum Printable {
    /// Control characters are written as escapes: a file's name may not move the cursor or start a new line of a
    /// report.
    package static func text(_ text: some StringProtocol) -> String { Self.escape(text, backslash: "\\") }

    /// As ``text(_:)``, for what programs read, too: a backslash is two, so that no text passes for another's escapes.
    static func unambiguous(_ text: some StringProtocol) -> String { Self.escape(text, backslash: "\\\\") }

    private static func escape(_ text: some StringProtocol, backslash: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar == "\\" {
                result += backslash
                continue
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
