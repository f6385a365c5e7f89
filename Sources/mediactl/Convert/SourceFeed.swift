import NIOPosix
import Synchronization

/// What there is to convert, found as it is asked for: the first picture is in work while the last folder has not been
/// opened.
final class SourceFeed: Sendable {
    /// Where pictures are looked for.
    enum Origin: Sendable {
        /// Files, folders and patterns.
        case paths([String])
        /// `-` is standard input.
        case list(String, hasNULs: Bool)
    }

    /// One of the two; both are changed in place, which an enumeration's values are not.
    private struct Search {
        var walk: SourceWalk?
        var list: SourceList?

        mutating func next(mayWait: Bool) throws -> ConvertFinding? {
            if let finding = self.walk?.next() { return finding }
            return try self.list?.next(mayWait: mayWait) ?? nil
        }
    }

    private let search: Mutex<Search>
    private let shard: Shard?

    /// Blocks.
    ///
    /// - Parameters:
    ///   - output: the folder that is written to.
    ///   - stop: ends the search early, also while a pipe is waited for.
    /// - Throws: ``ConvertFailure`` for a list that cannot be opened.
    init(_ origin: Origin, output: String, shard: Shard?, stop: ConvertStop) throws {
        self.shard = shard
        switch origin {
        case .paths(let paths):
            self.search = Mutex(Search(walk: SourceWalk(paths.map(Self.root), output: output, stop: stop), list: nil))
        case .list(let path, let hasNULs):
            let list = try SourceList(path, hasNULs: hasNULs, output: output, stop: stop)
            self.search = Mutex(Search(walk: nil, list: list))
        }
    }

    /// At most so many of the next, fewer where the rest would have to be waited for; empty at the end.
    ///
    /// - Throws: ``ConvertFailure`` for a list that cannot be read on.
    func next(_ countMax: Int) async throws -> [ConvertFinding] {
        try await NIOThreadPool.singleton.runIfActive {
            try self.search.withLock { search in
                var findings: [ConvertFinding] = []
                while findings.count < countMax, let finding = try search.next(mayWait: findings.isEmpty) {
                    if self.shard?.has(finding.relative) ?? true { findings.append(finding) }
                }
                return findings
            }
        }
    }

    /// What is there is taken as it is, whatever characters it is called by.
    private static func root(_ path: String) -> SourceWalk.Root {
        switch FolderListing.kind(of: path) {
        case .folder: return .folder(path)
        case .file, .other: return .file(path)
        case nil:
            if Glob.isPattern(path), let glob = Glob(path) { return .pattern(path, glob) }
            return .file(path)
        }
    }
}
