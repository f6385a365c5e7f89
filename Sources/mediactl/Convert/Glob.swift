/// A pattern of paths in the syntax that shells have: `*` and `?` within a name, `[a-z]` and `[!a-z]`, `{jpg,png}`, and
/// `**` for any number of folders. For patterns that the shell was kept from expanding: a million names do not fit a
/// command line.
struct Glob: Sendable {
    /// One component of a pattern.
    private enum Part {
        /// `**`
        case folders
        case name([Token])
    }

    private enum Token {
        case scalar(Unicode.Scalar)
        /// `?`
        case any
        /// `*`
        case run
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    /// What stands before the first component with a wildcard; empty for the working folder. All that matches lies in
    /// it.
    let base: String
    /// What follows ``base``, once for each choice of the braces.
    private let alternatives: [[Part]]

    /// Whether a text that names no file may be meant as a pattern.
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[{".contains($0) } }

    /// So many patterns one with braces may stand for, and so many pairs of braces it may have: `{a,b}` doubles them.
    static let choicesMax = 1024
    private static let bracesMax = 64

    /// Whether a text that names no file stands for more than ``choicesMax`` patterns. Blocks.
    static func hasTooManyChoices(_ text: String) -> Bool {
        guard Self.isPattern(text), FolderListing.kind(of: text) == nil else { return false }
        var choices: [String] = []
        return Self.expand(text, into: &choices) && choices.count > Self.choicesMax
            || text.utf8.count { $0 == UInt8(ascii: "{") } > Self.bracesMax
    }

    /// Nil where a bracket or brace is not closed, or there are too many.
    init?(_ text: String) {
        let components = SourcePath.components(of: text)
        // A brace may have slashes in it; its component is the first of the rest then.
        let fixed = components.prefix { !Self.isPattern($0) }
        let root = text.hasPrefix("/") ? "/" : ""
        self.base = root + fixed.joined(separator: "/")
        let rest = components.dropFirst(fixed.count).joined(separator: "/")
        var choices: [String] = []
        guard Self.expand(rest, into: &choices), choices.count <= Self.choicesMax else { return nil }
        var alternatives: [[Part]] = []
        for choice in choices {
            guard let parts = Self.parts(of: choice) else { return nil }
            alternatives.append(parts)
        }
        self.alternatives = alternatives
    }

    /// Whether a path below ``base`` is one of those that are meant.
    func matches(_ path: [String]) -> Bool {
        self.alternatives.contains { Self.matches($0[...], path[...], orBegins: false) }
    }

    /// Whether something in the folder at that path may be.
    func mayMatch(below path: [String]) -> Bool {
        self.alternatives.contains { Self.matches($0[...], path[...], orBegins: true) }
    }

    private static func matches(_ parts: ArraySlice<Part>, _ path: ArraySlice<String>, orBegins: Bool) -> Bool {
        guard let part = parts.first else { return path.isEmpty }
        guard let name = path.first else {
            if orBegins { return true }
            guard case .folders = part else { return false }
            return Self.matches(parts.dropFirst(), path, orBegins: false)
        }
        switch part {
        case .folders:
            return Self.matches(parts.dropFirst(), path, orBegins: orBegins)
                || Self.matches(parts, path.dropFirst(), orBegins: orBegins)
        case .name(let tokens):
            return Self.matches(tokens, Array(name.unicodeScalars))
                && Self.matches(parts.dropFirst(), path.dropFirst(), orBegins: orBegins)
        }
    }

    /// Linear in practice: after a mismatch only the last `*` takes one scalar more.
    private static func matches(_ tokens: [Token], _ name: [Unicode.Scalar]) -> Bool {
        var (token, index) = (0, 0)
        var retry: (token: Int, index: Int)?
        while index < name.count {
            if token < tokens.count, case .run = tokens[token] {
                retry = (token, index)
                token += 1
            } else if token < tokens.count, Self.fits(tokens[token], name[index]) {
                (token, index) = (token + 1, index + 1)
            } else if let last = retry {
                retry = (last.token, last.index + 1)
                (token, index) = (last.token + 1, last.index + 1)
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { if case .run = $0 { true } else { false } }
    }

    private static func fits(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
        switch token {
        case .scalar(let wanted): wanted == scalar
        case .any: true
        case .run: false
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}

extension Glob {
    /// Adds the texts that the first pair of braces stands for, and those that theirs stand for, until there are too
    /// many.
    ///
    /// - Returns: false where a brace is not closed.
    private static func expand(_ text: String, into texts: inout [String]) -> Bool {
        guard texts.count <= Self.choicesMax else { return true }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "{") }) <= Self.bracesMax else { return false }
        guard let open = text.firstIndex(of: "{") else {
            texts.append(text)
            return true
        }
        var depth = 0
        var choices: [String] = [""]
        var index = open
        repeat {
            let character = text[index]
            switch character {
            case "{":
                depth += 1
                if depth > 1 { choices[choices.count - 1].append(character) }
            case "}":
                depth -= 1
                if depth > 0 { choices[choices.count - 1].append(character) }
            case "," where depth == 1: choices.append("")
            default: choices[choices.count - 1].append(character)
            }
            index = text.index(after: index)
        } while depth > 0 && index < text.endIndex
        guard depth == 0 else { return false }
        return choices.allSatisfy { Self.expand("\(text[..<open])\($0)\(text[index...])", into: &texts) }
    }

    private static func parts(of text: String) -> [Part]? {
        var parts: [Part] = []
        for component in text.split(separator: "/") {
            if component == "**" {
                // Of several in a row one says it all, and costs less.
                if case .folders? = parts.last { continue }
                parts.append(.folders)
                continue
            }
            guard let tokens = Self.tokens(of: Array(component.unicodeScalars)) else { return nil }
            parts.append(.name(tokens))
        }
        return parts
    }

    private static func tokens(of name: [Unicode.Scalar]) -> [Token]? {
        var tokens: [Token] = []
        var index = 0
        while index < name.count {
            switch name[index] {
            case "*": tokens.append(.run)
            case "?": tokens.append(.any)
            case "[":
                guard let (set, end) = Self.set(in: name, at: index + 1) else { return nil }
                tokens.append(set)
                index = end
            default: tokens.append(.scalar(name[index]))
            }
            index += 1
        }
        return tokens
    }

    /// - Returns: the set whose first scalar is at `start`, and where its `]` is. A `]` that comes first stands for
    ///   itself (POSIX.2, 2.13.1).
    private static func set(in name: [Unicode.Scalar], at start: Int) -> (Token, Int)? {
        let isNegated = start < name.count && (name[start] == "!" || name[start] == "^")
        let first = start + (isNegated ? 1 : 0)
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var index = first
        while index < name.count, name[index] != "]" || index == first {
            let low = name[index]
            if index + 2 < name.count, name[index + 1] == "-", name[index + 2] != "]", low <= name[index + 2] {
                ranges.append(low...name[index + 2])
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        return index < name.count ? (.set(ranges, isNegated: isNegated), index) : nil
    }
}
