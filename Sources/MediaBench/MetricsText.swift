/// A page of metrics in Prometheus' text format 0.0.4, as far as a benchmark reads it.
package struct MetricsText {
    private let lines: [Substring]

    package init(_ text: String) { self.lines = text.split(whereSeparator: \.isNewline) }

    /// The sum over all series of a name; nil where there is none.
    package func sum(of name: String) -> Double? {
        let values = self.samples(of: name).compactMap { line in
            // `name{labels} value timestamp`; a label's value may have blanks, and ends before the brace.
            let behind = line.lastIndex(of: "}").map { line[$0...].dropFirst() } ?? line.dropFirst(name.count)
            return behind.split(separator: " ").first.flatMap { Double($0) }
        }
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    /// The value of a label of the first series of a name.
    package func label(_ label: String, of name: String) -> String? {
        guard let line = self.samples(of: name).first, let start = line.firstRange(of: "\(label)=\"") else {
            return nil
        }
        return String(line[start.upperBound...].prefix { $0 != "\"" })
    }

    private func samples(of name: String) -> [Substring] {
        self.lines.filter { line in
            line.hasPrefix(name) && (line.dropFirst(name.count).first.map { $0 == "{" || $0 == " " } ?? false)
        }
    }
}
