import Glibc

extension SourceFeed.Origin {
    /// Whether what is converted may lie where outputs are written: beside its own outputs, or beside another's. A
    /// folder that the output folder lies in is no such thing: what is in the output folder is left out there. Blocks.
    ///
    /// - Parameter output: the folder that is written to; it need not be there.
    func mayLie(in output: String) -> Bool {
        guard let folder = Self.resolved(output) else { return false }
        switch self {
        // What is listed lies below the working folder, and is mirrored from there.
        case .list: return Self.resolved(".") == folder || folder == "/"
        case .paths(let paths): return paths.contains { Self.place(of: $0).map { Self.lies($0, in: folder) } ?? false }
        }
    }

    /// The folder whose files a path means; nil where it is not there.
    private static func place(of path: String) -> String? {
        switch FolderListing.kind(of: path) {
        case .folder: return Self.resolved(path)
        case .file, .other: return Self.resolved(SourcePath.folder(of: path))
        case nil: return Glob(path).flatMap { Self.resolved($0.base) }
        }
    }

    private static func lies(_ path: String, in folder: String) -> Bool {
        let (names, outer) = (SourcePath.components(of: path), SourcePath.components(of: folder))
        return zip(names, outer).allSatisfy { $0.utf8.elementsEqual($1.utf8) } && names.count >= outer.count
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path.isEmpty ? "." : path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
