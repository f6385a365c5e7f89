import Foundation

/// Rules that one line, or the few above it, can break.
enum LineRules {
    static let lineColumnsMax = 120
    /// Where the proof of an unchecked conformance is looked for.
    static let proofLinesMax = 6

    static let programs: Set<String> = ["mediad", "mediactl", "mediaworker"]
    /// Rule 5: MediaHTTP alone decides on a status; `mediactl` is a client and reads what was decided.
    static let statusModules: Set<String> = ["MediaHTTP", "mediactl"]
    /// Rule 5: who may read the environment: the settings, and who starts programs with one of their own.
    static let environmentReaders: Set<String> = ["MediaRuntime", "MediaTesting", "MediaWorkers"]

    /// On the text, comments and strings included.
    static func text(_ file: SourceFile) -> [Violation] {
        // Put together, or this file would break its own rule.
        let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        return file.lines.enumerated().flatMap { index, line -> [Violation] in
            var rules: [String] = []
            if line.contains("\t") { rules.append("a tab") }
            if line.count > Self.lineColumnsMax { rules.append("more than \(Self.lineColumnsMax) columns") }
            let words = line.split { !$0.isLetter }.map(String.init)
            if markers.contains(where: words.contains) { rules.append("a marker of unfinished work") }
            return rules.map { file.violation(index, $0) }
        }
    }

    /// On Swift code.
    static func code(_ file: SourceFile) -> [Violation] {
        file.code.enumerated().flatMap { index, line -> [Violation] in
            var rules: [String] = []
            if Self.unwrapsByForce(line) { rules.append("unwraps or tries by force") }
            if !file.isTest { rules += Self.rulesForSources(file, index, line) }
            return rules.map { file.violation(index, $0) }
        }
    }

    private static func rulesForSources(_ file: SourceFile, _ index: Int, _ line: String) -> [String] {
        var rules: [String] = []
        let isProgram = Self.programs.contains(file.module)
        if !isProgram, !Self.calls(line).isDisjoint(with: ["print", "debugPrint", "dump"]) {
            rules.append("a library prints")
        }
        if line.split(separator: " ").contains("public") {
            rules.append("public: the package promises nothing outside")
        }
        if line.contains("@unchecked Sendable"), !Self.hasProof(file, index) {
            rules.append("no proof: the \(Self.proofLinesMax) lines above do not say why it is '@unchecked Sendable'")
        }
        let isStatus = line.contains("HTTPResponse.Status") || line.contains("HTTPResponseStatus")
        if isStatus, !Self.statusModules.contains(file.module) {
            rules.append("HTTP status codes belong to MediaHTTP (rule 5)")
        }
        let readsEnvironment = line.contains("processInfo.environment") || line.contains("getenv(")
        if readsEnvironment, !Self.environmentReaders.contains(file.module) {
            rules.append("the environment belongs to MediaRuntime (rule 5)")
        }
        return rules
    }

    /// `x!`, `try!`, `as!`: an exclamation mark right after something, which is neither `!=` nor a negation. The
    /// formatter has the same rule, but not for files that import XCTest or Testing.
    private static func unwrapsByForce(_ line: String) -> Bool {
        let bytes = Array(line.utf8)
        return bytes.indices.dropFirst().contains { index in
            guard bytes[index] == UInt8(ascii: "!"), index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "=")
            else { return false }
            let before = Character(UnicodeScalar(bytes[index - 1]))
            return before.isLetter || before.isNumber || "_)]>}\"?".contains(before)
        }
    }

    /// The names right before an opening parenthesis, without those of methods.
    private static func calls(_ line: String) -> Set<String> {
        let pieces = line.split(separator: "(", omittingEmptySubsequences: false).dropLast()
        return Set(
            pieces.compactMap { piece in
                let name = piece.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.count
                let isMethod = piece.dropLast(name).last == "."
                return isMethod ? nil : String(piece.suffix(name))
            }
        )
    }

    private static func hasProof(_ file: SourceFile, _ index: Int) -> Bool {
        file.lines[max(0, index - Self.proofLinesMax)..<index].contains { line in
            line.contains("//") && line.contains("@unchecked Sendable")
        }
    }
}
