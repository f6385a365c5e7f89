import Foundation

/// Rules about the checkout as a whole.
enum TreeRules {
    /// Test data is made by scripts or lies beside the checkout; a file this large in the repository is there for good.
    static let fileBytesMax = 300_000
    static let dependencies = "docs/DEPENDENCIES.md"
    static let pages = ["README.md", "CHANGELOG.md"]

    static func fileSizes() -> [Violation] {
        Self.folders().flatMap(SourceTree.files(below:)).filter { !Self.isIgnored($0) }.compactMap { path in
            let url = SourceTree.checkout.appending(path: path)
            let bytes = (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
            guard bytes > Self.fileBytesMax else { return nil }
            return Violation(path: path, line: 1, rule: "\(bytes) bytes, more than \(Self.fileBytesMax)")
        }
    }

    /// STYLE 29: no dependency without a sentence that says why.
    ///
    /// - Parameter document: the text of `docs/DEPENDENCIES.md`.
    static func undocumented(_ document: String) -> [Violation] {
        let packages = Self.packages(SourceTree.text("Package.swift") ?? "").map { ("Package.swift", $0) }
        let scripts = SourceTree.files(below: "scripts").filter { $0.hasPrefix("scripts/install") }
        let fromDebian = scripts.flatMap { script in
            Self.debianPackages(SourceTree.text(script) ?? "").map { (script, $0) }
        }
        return (packages + fromDebian).filter { !Self.names($0.1.name, document) }.map { path, found in
            Violation(path: path, line: found.line, rule: "\(found.name) has no entry in \(Self.dependencies)")
        }
    }

    /// The last parts of the URLs in a package manifest.
    static func packages(_ manifest: String) -> [(name: String, line: Int)] {
        Self.numbered(manifest).compactMap { line, number in
            guard let match = line.firstMatch(of: /url: "[^"]*\/([^"\/]+?)(\.git)?"/) else { return nil }
            return (String(match.1), number)
        }
    }

    /// The words of `packages=( … )`, one or more a line, and of `install_packages …`, less what is commented or a
    /// variable.
    static func debianPackages(_ script: String) -> [(name: String, line: Int)] {
        var isInList = false
        return Self.numbered(script).flatMap { line, number -> [(name: String, line: Int)] in
            var words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            if words.first == "packages=(" {
                isInList = true
                return []
            }
            if words.first == ")" { isInList = false }
            if !isInList {
                guard words.first == "install_packages" else { return [] }
                words.removeFirst()
            }
            return words.filter { $0.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) } }.map {
                ($0, number)
            }
        }
    }

    /// Files that a page names and that are not there: a page is not compiled, and a file that is renamed stays in it.
    ///
    /// - Parameters:
    ///   - page: its path and its text.
    ///   - paths: of all files there are.
    static func missingFiles(in page: (path: String, text: String), _ paths: [String]) -> [Violation] {
        Self.numbered(page.text).flatMap { line, number in
            line.matches(of: /[A-Za-z0-9+_\/-]+\.swift\b/).map { String($0.output) }.filter { name in
                !paths.contains { "/\($0)".hasSuffix("/\(name)") }
            }.map { Violation(path: page.path, line: number, rule: "there is no \($0)") }
        }
    }

    /// - Returns: those of the pages in docs and at the top.
    static func missingFiles() -> [Violation] {
        // Some packages are called as files are.
        let packages = Self.packages(SourceTree.text("Package.swift") ?? "").map(\.name)
        let paths = ["Package.swift"] + packages + ["Sources", "Tests", "checks"].flatMap(SourceTree.files(below:))
        let pages = Self.pages + SourceTree.files(below: "docs").filter { $0.hasSuffix(".md") }
        return pages.flatMap { Self.missingFiles(in: ($0, SourceTree.text($0) ?? ""), paths) }
    }

    /// Whether the document speaks of it, and not only of something whose name contains it.
    static func names(_ name: String, _ document: String) -> Bool {
        let isPart: (Character) -> Bool = { $0.isLetter || $0.isNumber || "+-_".contains($0) }
        return document.ranges(of: name).contains { range in
            let before = document[..<range.lowerBound].last
            let after = document[range.upperBound...].first
            return before.map(isPart) != true && after.map(isPart) != true
        }
    }

    private static func numbered(_ text: String) -> [(String, Int)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { (String($1), $0 + 1) }
    }

    /// Those at the top of the checkout, less what is hidden or ignored.
    private static func folders() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: SourceTree.checkout.path)) ?? []
        return names.filter { !$0.hasPrefix(".") && !Self.isIgnored($0) }.sorted()
    }

    private static func isIgnored(_ path: String) -> Bool {
        let ignored = (SourceTree.text(".gitignore") ?? "").split(separator: "\n").map(String.init)
        return ignored.contains { pattern in
            if pattern.hasSuffix("/") { return "\(path)/".contains(pattern) }
            return pattern.hasPrefix("*") ? path.hasSuffix(pattern.dropFirst()) : path == pattern
        }
    }
}
