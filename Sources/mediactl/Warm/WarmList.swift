import ArgumentParser
import FoundationEssentials
import MediaModel
import MediaRuntime

/// What is to be warmed, as paths.
enum WarmList {
    /// The renditions of a version, and the same as `latest`.
    static func paths(of manifest: Manifest) -> [String] {
        manifest.urls(at: "").flatMap { _, _, url -> [String] in
            guard let path = Self.path(url) else { return [] }
            guard let delivery = DeliveryPath(path) else { return [path] }
            let latest = DeliveryPath(
                asset: delivery.asset,
                version: .latest,
                preset: delivery.preset,
                format: delivery.format
            )
            return [path, latest.description]
        }
    }

    /// A line each; empty ones and those that begin with `#` are none.
    ///
    /// - Throws: `ValidationError` for a line that is no URL, or a file that cannot be read.
    static func paths(ofFile name: String) throws -> [String] {
        let file = name == "-" ? "/dev/stdin" : name
        guard let text = try? String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self) else {
            throw ValidationError("--urls: '\(Printable.text(name))' cannot be read")
        }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { $0 != " " && $0 != "\t" } }
        return try lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.map { line in
            guard let path = Self.path(line) else {
                throw ValidationError("--urls: '\(Printable.text(line))' is no URL: expected https://… or /a/…")
            }
            return path
        }
    }

    /// What follows the host; nil: it is neither a URL nor a path.
    static func path(_ url: String) -> String? {
        let isPrintable = url.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isPrintable else { return nil }
        if url.hasPrefix("/") { return url }
        guard let scheme = url.firstRange(of: "://"), ["http", "https"].contains(url[..<scheme.lowerBound]) else {
            return nil
        }
        let path = url[scheme.upperBound...].drop { $0 != "/" }
        return path.isEmpty ? nil : String(path)
    }
}

/// Since when.
enum WarmSince {
    /// A span before now, or a moment.
    ///
    /// - Throws: `ValidationError`.
    static func moment(_ text: String) throws -> Date {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        if let span = TimeSpan.parse(text) { return Date().addingTimeInterval(-(span / .seconds(1))) }
        throw ValidationError(
            "--since '\(Printable.text(text))': expected a time as in 30m, 2h or 30d, or 2026-11-21T07:00:00Z"
        )
    }

    static func isMade(_ manifest: Manifest, since date: Date) -> Bool {
        guard let text = manifest.createdAt, let made = try? Date(text, strategy: .iso8601) else { return false }
        return made >= date
    }
}
