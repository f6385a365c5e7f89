/// One file to convert, and what its renditions are called.
struct ConvertSource: Sendable {
    /// As it is opened and reported.
    let path: String
    /// In what it was found in; decides its shard, so that every machine comes to the same.
    let relative: String
    /// Of the renditions, below the output folder; empty for the output folder itself.
    let folder: String
    /// What the renditions' names begin with: the file's name without its extension, or with it where another picture
    /// has the same.
    let stem: String
    /// Whether somebody asked for it: it was named, not found in a folder.
    let isNamed: Bool
    /// As it was when it was found; 0 where that cannot be told.
    let bytes: Int
}

/// What a search comes upon.
enum ConvertFinding: Sendable {
    case source(ConvertSource)
    /// Lies where no sources are looked for.
    case skipped(path: String, relative: String, reason: String)
    /// Is a line of the report, and no picture.
    case refused(path: String, relative: String, code: String, reason: String)

    /// See ``ConvertSource/relative``.
    var relative: String {
        switch self {
        case .source(let source): source.relative
        case .skipped(_, let relative, _): relative
        case .refused(_, let relative, _, _): relative
        }
    }
}

/// Paths below a folder, without a slash too many. Taken apart by bytes, as the system does: a slash or a dot with a
/// combining mark behind it is one `Character`, and none of its own.
enum SourcePath {
    static func join(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        if name.isEmpty { return folder }
        return folder.utf8.last == UInt8(ascii: "/") ? folder + name : "\(folder)/\(name)"
    }

    /// The part after the last slash.
    static func name(of path: String) -> String { Self.components(of: path).last ?? path }

    /// Without the empty ones.
    static func components(of path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    /// The part before the last slash; empty without one.
    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A name without its extension. A dot at the start is part of it.
    static func stem(of name: String) -> String {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }
}
