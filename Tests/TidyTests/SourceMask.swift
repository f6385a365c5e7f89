/// Blanks out comments, strings and regular expressions; what an interpolation holds is code and stays. Every line and
/// column keeps its place.
struct SourceMask {
    /// What may begin something that is no code, or end an interpolation.
    private static let special = Array("/\"#()".utf8)

    private let input: [UInt8]
    private var output: [UInt8] = []
    private var position = 0

    static func code(of text: String) -> String {
        var mask = SourceMask(input: Array(text.utf8))
        mask.scanCode(isInterpolation: false)
        return String(decoding: mask.output, as: UTF8.self)
    }

    private init(input: [UInt8]) { self.input = input }

    private mutating func scanCode(isInterpolation: Bool) {
        var depth = 0
        while self.position < self.input.count {
            if !Self.special.contains(self.input[self.position]) {
                self.keep()
            } else if self.sees("//") {
                self.blank(self.input[self.position...].prefix { $0 != UInt8(ascii: "\n") }.count)
            } else if self.sees("/*") {
                self.blankBlockComment()
            } else if let hashes = self.stringStart() {
                self.scanString(hashes)
            } else if let length = self.expressionLength() {
                self.blank(length)
            } else {
                if self.sees("(") { depth += 1 }
                if self.sees(")") { depth -= 1 }
                self.keep()
                if isInterpolation, depth < 0 { return }
            }
        }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if self.sees("/*") { depth += 1 }
            if self.sees("*/") { depth -= 1 }
            self.blank(self.sees("/*") || self.sees("*/") ? 2 : 1)
        } while depth > 0 && self.position < self.input.count
    }

    /// The number of `#` before the quote that is here; nil where no string begins.
    private func stringStart() -> Int? {
        let hashes = self.input[self.position...].prefix { $0 == UInt8(ascii: "#") }.count
        return self.sees("\"", after: hashes) ? hashes : nil
    }

    private mutating func scanString(_ hashes: Int) {
        let raw = String(repeating: "#", count: hashes)
        let quotes = self.sees("\"\"\"", after: hashes) ? "\"\"\"" : "\""
        self.blank(hashes + quotes.utf8.count)
        while self.position < self.input.count {
            if self.sees(quotes + raw) {
                self.blank(quotes.utf8.count + hashes)
                return
            } else if self.sees("\\" + raw + "(") {
                self.blank(1 + hashes)
                self.keep()
                self.scanCode(isInterpolation: true)
            } else if self.sees("\\" + raw) {
                self.blank(2 + hashes)
            } else {
                self.blank(1)
            }
        }
    }

    /// The length of the regular expression literal that begins here; nil where none does. The formatter puts a space
    /// after every division, so that a slash before anything else is none.
    private func expressionLength() -> Int? {
        guard self.sees("/"), !self.sees(" ", after: 1) else { return nil }
        let before = self.output.last { $0 != UInt8(ascii: " ") }
        guard let before, "(,=:[{&|!".utf8.contains(before) else { return nil }
        var length = 1
        while self.position + length < self.input.count, !self.sees("\n", after: length) {
            if self.sees("/", after: length) { return length + 1 }
            length += self.sees("\\", after: length) ? 2 : 1
        }
        return nil
    }

    private func sees(_ text: String, after offset: Int = 0) -> Bool {
        self.input[min(self.position + offset, self.input.count)...].starts(with: text.utf8)
    }

    private mutating func keep() {
        self.output.append(self.input[self.position])
        self.position += 1
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where self.position < self.input.count {
            let isLineEnd = self.input[self.position] == UInt8(ascii: "\n")
            self.output.append(UInt8(ascii: isLineEnd ? "\n" : " "))
            self.position += 1
        }
    }
}
