import FoundationEssentials
import Glibc

/// Finds files. Every function blocks: none runs on the cooperative pool.
enum SourceTree {
    /// A file to be looked at.
    struct File: Sendable {
        let path: String
        /// Of the folder it lies in, relative to the folder that was named; empty for a file that was named itself.
        let folder: String
        /// Whether it was named, not found in a folder.
        let isNamed: Bool
    }

    private enum Kind {
        case folder
        case file
        case other
    }

    /// What `paths` name, folders with all that is in them, in the order of names; each file once. Symbolic links in
    /// folders are not followed (they may lead anywhere, and round in circles); hidden files are left out, and so is
    /// the folder that is written to, where it lies inside another.
    static func files(at paths: [String], except output: String) -> [File] {
        var files: [File] = []
        var seen: Set<String> = []
        let output = Self.canonical(output)
        for path in paths {
            let found =
                Self.kind(of: path, followsLinks: true) == .folder
                ? Self.walk(path, except: output)
                : [File(path: path, folder: "", isNamed: true)]
            files += found.filter { seen.insert("\($0.folder)//\(Self.canonical($0.path))").inserted }
        }
        return files
    }

    private static func walk(_ root: String, except output: String) -> [File] {
        var files: [File] = []
        var waiting = [""]
        while let folder = waiting.popLast() {
            let path = folder.isEmpty ? root : "\(root)/\(folder)"
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                // Opening it as a file will say what is wrong with it.
                files.append(File(path: path, folder: folder, isNamed: true))
                continue
            }
            var inner: [String] = []
            for name in names.sorted() where !name.hasPrefix(".") {
                let relative = folder.isEmpty ? name : "\(folder)/\(name)"
                switch Self.kind(of: "\(path)/\(name)", followsLinks: false) {
                case .folder where Self.canonical("\(path)/\(name)") != output: inner.append(relative)
                case .file: files.append(File(path: "\(path)/\(name)", folder: folder, isNamed: false))
                case .folder, .other: break
                }
            }
            waiting += inner.reversed()
        }
        return files
    }

    /// The path without links and dots; the path itself for what is not there.
    static func canonical(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func kind(of path: String, followsLinks: Bool) -> Kind {
        var facts = stat()
        guard fstatat(AT_FDCWD, path, &facts, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
        return switch facts.st_mode & S_IFMT {
        case S_IFDIR: .folder
        case S_IFREG: .file
        default: .other
        }
    }
}
