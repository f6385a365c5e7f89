import MediaOrigin
import MediaRuntime

/// How people read what an operation says.
enum OperationText {
    /// A column of a table: its title, and the field of a row that is in it.
    struct Column: Sendable, Hashable {
        let title: String
        let field: String

        init(_ title: String, _ field: String) {
            self.title = title
            self.field = field
        }
    }

    /// Fields that name what a finding is about, the most telling first.
    private static let subjects = ["id", "blob", "version", "asset", "key"]
    /// What stands where a row has no such field.
    private static let nothing = "-"

    /// `code  id  what`; neither code nor id is said twice.
    static func finding(_ line: OperationLine) -> String {
        let subject = Self.subjects.lazy.compactMap { line.fields[$0] }.first
        let code = line.fields["code"]
        let text = line.text.trimmingPrefix(code.map { "\($0): " } ?? "")
            .trimmingPrefix(subject.map { "blob \($0) " } ?? "")
        let words = [code, subject, String(text)].compactMap { $0 }
        return words.map { Printable.text($0) }.joined(separator: "  ")
    }

    /// A head and the rows under it, lined up; no line at all without rows.
    static func table(_ columns: [Column], _ rows: [OperationLine]) -> [String] {
        guard !rows.isEmpty else { return [] }
        let cells = rows.map { row in
            columns.map { Printable.text(row.fields[$0.field] ?? Self.nothing) }
        }
        return TextTable.lines([columns.map(\.title)] + cells)
    }
}
