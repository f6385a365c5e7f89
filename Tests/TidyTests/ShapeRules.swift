/// Rules about whole files, functions and declarations.
enum ShapeRules {
    static let fileLinesMax = 500
    static let functionLinesMax = 70

    static func fileLength(_ file: SourceFile) -> [Violation] {
        guard file.lines.count > Self.fileLinesMax else { return [] }
        return [file.violation(Self.fileLinesMax, "more than \(Self.fileLinesMax) lines")]
    }

    /// From the line that declares it to its closing brace; computed properties are functions too.
    static func functionLength(_ file: SourceFile) -> [Violation] {
        file.code.indices.compactMap { start in
            guard Declaration.isFunction(file.code[start]), let end = Declaration.bodyEnd(file.code, from: start),
                end - start + 1 > Self.functionLinesMax
            else { return nil }
            return file.violation(start, "a function of \(end - start + 1) lines, more than \(Self.functionLinesMax)")
        }
    }

    /// A type at the top of a file, and whatever a protocol asks for, has a doc comment. Private types are for the
    /// reader of their own file.
    static func documentation(_ file: SourceFile) -> [Violation] {
        var violations: [Violation] = []
        for (index, line) in file.code.enumerated() where Declaration.isType(line) && !line.hasPrefix(" ") {
            if line.contains("private ") { continue }
            if !Self.isDocumented(file, index) {
                violations.append(file.violation(index, "a type without a doc comment"))
            }
            guard Declaration.isProtocol(line), let end = Declaration.bodyEnd(file.code, from: index) else { continue }
            for inner in index..<end where Declaration.isRequirement(file.code[inner]) {
                if !Self.isDocumented(file, inner) {
                    violations.append(file.violation(inner, "a requirement without a doc comment"))
                }
            }
        }
        return violations
    }

    /// Attributes may stand between the comment and what it is about.
    private static func isDocumented(_ file: SourceFile, _ index: Int) -> Bool {
        let above = file.lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") }
        return above?.drop { $0 == " " }.hasPrefix("///") == true
    }
}

/// What a line of code declares, and where that ends.
enum Declaration {
    private static let modifiers: Set<String> = [
        "package", "internal", "private", "fileprivate", "public", "static", "final", "mutating", "nonmutating",
        "override", "convenience", "required", "lazy", "weak", "nonisolated", "indirect", "borrowing", "consuming",
    ]

    static func isFunction(_ line: String) -> Bool {
        ["func", "init", "init?", "deinit", "subscript", "var"].contains(Self.keyword(line))
    }

    static func isRequirement(_ line: String) -> Bool {
        Self.isFunction(line) || Self.keyword(line) == "associatedtype"
    }

    static func isType(_ line: String) -> Bool {
        ["struct", "class", "enum", "actor", "protocol"].contains(Self.keyword(line))
    }

    static func isProtocol(_ line: String) -> Bool { Self.keyword(line) == "protocol" }

    /// The first word that is neither an attribute nor a modifier, without its parameters.
    private static func keyword(_ line: String) -> String? {
        line.split(separator: " ").lazy.map { String($0.prefix { $0 != "(" && $0 != "<" }) }
            .first { !$0.hasPrefix("@") && !Self.modifiers.contains($0) }
    }

    /// The line of the brace that closes the body of what is declared on line `start`; nil where it has none.
    static func bodyEnd(_ code: [String], from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            // The signature may go on with its results, its errors or its constraints; the body may open below it.
            let goesOn = ["{", "->", "throws", "async", "where", ")"].contains {
                code[index].drop { $0 == " " }.hasPrefix($0)
            }
            if index > start, parentheses == 0, braces == 0, !goesOn { return nil }
            for character in code[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{": braces += 1
                case "}": braces -= 1
                // A variable with a value: what braces may follow are not its own.
                case "=" where parentheses == 0 && braces == 0: return nil
                default: continue
                }
                if character == "}", braces == 0, parentheses == 0 { return index }
                // The brace that closes what the declaration is in.
                if braces < 0 { return nil }
            }
        }
        return nil
    }
}
