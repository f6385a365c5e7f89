import Foundation

/// One place that breaks one rule.
struct Violation: Hashable, Comparable, CustomStringConvertible {
    let path: String
    /// From 1.
    let line: Int
    let rule: String

    var description: String { "\(self.path):\(self.line) \(self.rule)" }

    static func < (left: Violation, right: Violation) -> Bool { (left.path, left.line) < (right.path, right.line) }
}

/// A file of ours, as text and as code: the latter has blanks where the former has comments and strings, so that a rule
/// about code does not speak of words.
struct SourceFile {
    /// Relative to the checkout: `Sources/{module}/…` or `Tests/{module}/…`.
    let path: String
    let lines: [String]
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        self.lines = Self.lines(text)
        self.code = Self.lines(SourceMask.code(of: text))
    }

    var isSwift: Bool { self.path.hasSuffix(".swift") }
    var isTest: Bool { self.path.hasPrefix("Tests/") }
    var module: String { self.path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// - Parameter index: from 0.
    func violation(_ index: Int, _ rule: String) -> Violation {
        Violation(path: self.path, line: index + 1, rule: rule)
    }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}

/// The checkout that the tests were built from.
enum SourceTree {
    /// Found from this file; `MEDIA_CHECKOUT` overrides.
    static let checkout: URL =
        ProcessInfo.processInfo.environment["MEDIA_CHECKOUT"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All code below Sources and Tests.
    static let code: [SourceFile] = ["Sources", "Tests"].flatMap { folder in
        Self.files(below: folder).filter { [".swift", ".c", ".h"].contains(where: $0.hasSuffix) }.map { path in
            SourceFile(path: path, text: Self.text(path) ?? "")
        }
    }

    static var sources: [SourceFile] { Self.code.filter { !$0.isTest } }

    /// The text of a file; nil where there is none.
    static func text(_ path: String) -> String? {
        try? String(contentsOf: Self.checkout.appending(path: path), encoding: .utf8)
    }

    /// The paths of all files below a folder, in order.
    static func files(below folder: String) -> [String] {
        let names = try? FileManager.default.subpathsOfDirectory(atPath: Self.checkout.appending(path: folder).path)
        return (names ?? []).sorted().map { "\(folder)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            let url = Self.checkout.appending(path: path)
            return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }
}
