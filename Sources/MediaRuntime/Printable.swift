/// Text of unknown origin on its way to a terminal.
package enum Printable {
    /// Control characters are written as escapes: a file's name may not move the cursor or start a new line of a
    /// report.
    package static func text(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
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
