import Glibc

/// Finds the pictures below folders, those that patterns match, and those that are named, a folder at a time.
///
/// Files that would have one output are always in folders with one name, so these are read together, and nothing but
/// the folder at hand is remembered. Two pictures of one stem (`a.jpg`, `a.png`) both keep their extension; which names
/// are given depends on what there is alone, and not on the order in which it is found.
///
/// `next()` blocks.
struct SourceWalk {
    /// What somebody named.
    enum Root: Sendable {
        case file(String)
        case folder(String)
        case pattern(String, Glob)

        fileprivate var isFile: Bool { if case .file = self { true } else { false } }

        fileprivate var isPattern: Bool { if case .pattern = self { true } else { false } }

        fileprivate var path: String {
            switch self {
            case .file(let path), .folder(let path): path
            case .pattern(_, let glob): glob.base
            }
        }
    }

    /// A root that has a folder, and whether all that is in there is meant.
    private struct Share {
        let root: Int
        let isWhole: Bool
    }

    private struct Folder {
        let relative: String
        let shares: [Share]
    }

    private struct Member {
        /// In the folder's names.
        let index: Int
        let name: String
        let path: String
    }

    private let roots: [Root]
    /// Is not looked into, where it lies inside another.
    private let output: FolderListing.Identity?
    private let stop: ConvertStop
    private var waiting: [Folder] = []
    private var names = FolderNames()
    private var folder = ""
    private var position = 0
    /// Of the folder at hand: the full names that outputs have. As bytes: two strings are equal that differ in how
    /// their accents are composed, and two such files are not one.
    private var extended: Set<[UInt8]> = []
    private var found: [ConvertFinding] = []
    private var hasMatch: [Bool]
    private var isOver = false

    /// - Parameters:
    ///   - output: the folder that is written to.
    ///   - stop: ends the walk early.
    init(_ roots: [Root], output: String, stop: ConvertStop) {
        self.roots = roots
        self.stop = stop
        self.output = FolderListing.identity(of: output)
        self.hasMatch = roots.map { !$0.isPattern }
        let shares = roots.indices.map { Share(root: $0, isWhole: !roots[$0].isPattern) }
        self.waiting = [Folder(relative: "", shares: shares)]
    }

    /// What comes next; nil at the end, and where the run is stopped.
    mutating func next() -> ConvertFinding? {
        while self.stop.cause == nil {
            if let finding = self.found.popLast() { return finding }
            if self.position < self.names.count {
                let group = self.names.group(at: self.position)
                self.position = group.upperBound
                self.found = self.findings(of: group).reversed()
            } else if let folder = self.waiting.popLast() {
                self.enter(folder)
            } else if !self.isOver {
                self.isOver = true
                self.found = self.unmatched()
            } else {
                return nil
            }
        }
        return nil
    }

    private mutating func enter(_ folder: Folder) {
        (self.names, self.extended, self.position, self.folder) = (FolderNames(), [], 0, folder.relative)
        // By bytes, as above.
        var inner: [[UInt8]: [Share]] = [:]
        let components = SourcePath.components(of: folder.relative)
        for share in folder.shares {
            let root = self.roots[share.root]
            if case .file(let path) = root {
                self.names.add(SourcePath.name(of: path).utf8, root: share.root)
                continue
            }
            self.read(SourcePath.join(root.path, folder.relative), share, components, &inner)
        }
        self.names.sort()
        self.waiting += inner.sorted { $1.key.lexicographicallyPrecedes($0.key) }.map { name, shares in
            Folder(relative: SourcePath.join(folder.relative, String(decoding: name, as: UTF8.self)), shares: shares)
        }
    }

    private mutating func read(
        _ path: String,
        _ share: Share,
        _ components: [String],
        _ inner: inout [[UInt8]: [Share]]
    ) {
        let glob: Glob? = if case .pattern(_, let glob) = self.roots[share.root], !share.isWhole { glob } else { nil }
        let failure = FolderListing.forEach(in: path) { bytes, kind in
            if kind == .other { return }
            let name = String(decoding: bytes, as: UTF8.self)
            let isMeant = glob.map { $0.matches(components + [name]) } ?? true
            if isMeant { self.hasMatch[share.root] = true }
            if kind == .file {
                if isMeant { self.names.add(bytes, root: share.root) }
                return
            }
            guard isMeant || glob?.mayMatch(below: components + [name]) == true else { return }
            let isOutput = self.output != nil && FolderListing.identity(of: SourcePath.join(path, name)) == self.output
            if !isOutput { inner[Array(bytes), default: []].append(Share(root: share.root, isWhole: isMeant)) }
        }
        guard let failure else { return }
        let relative = components.joined(separator: "/")
        // A pattern whose folder is not there says so as one that matches nothing.
        if case .pattern = self.roots[share.root], components.isEmpty, failure == ENOENT { return }
        self.found.append(
            .refused(
                path: path,
                relative: relative,
                code: ConvertOutcome.file,
                reason: "is a folder that cannot be read: \(String(errno: failure))"
            )
        )
    }

    /// The files of one stem.
    private mutating func findings(of group: Range<Int>) -> [ConvertFinding] {
        var findings: [ConvertFinding] = []
        let members = self.members(of: group, &findings)
        guard let first = members.first, let stem = self.names.stem(first.index) else { return findings }
        // Only here are files looked into before their turn.
        let rivals = members.count > 1 ? members.filter { Self.isPicture($0.path) } : members
        let isShared = rivals.count > 1 || self.extended.contains(Array(stem.utf8))
        for member in members {
            let isRival = isShared && rivals.contains { $0.index == member.index }
            if isRival { self.extended.insert(Array(member.name.utf8)) }
            findings.append(.source(self.source(member, stem: isRival ? member.name : stem)))
        }
        return findings
    }

    /// Those of different names; of one name, which two roots may have, the first that is a picture.
    private func members(of group: Range<Int>, _ findings: inout [ConvertFinding]) -> [Member] {
        var members: [Member] = []
        for index in group {
            guard let name = self.names.name(index) else {
                let relative = SourcePath.join(self.folder, self.names.displayName(index))
                let reason = "has a name that is no UTF-8; rename it"
                findings.append(.refused(path: relative, relative: relative, code: "file", reason: reason))
                continue
            }
            let path = self.path(of: index, name)
            // Names are in order, so that equal ones stand together.
            guard let owner = members.last, owner.name.utf8.elementsEqual(name.utf8) else {
                members.append(Member(index: index, name: name, path: path))
                continue
            }
            if FolderListing.identity(of: owner.path) == FolderListing.identity(of: path) { continue }
            let member = Member(index: index, name: name, path: path)
            if !Self.isPicture(path) {
                findings.append(.source(self.source(member, stem: name)))
            } else if Self.isPicture(owner.path) {
                findings.append(self.collision(path, name, owner.path))
            } else {
                findings.append(.source(self.source(owner, stem: name)))
                members[members.count - 1] = member
            }
        }
        return members
    }

    private func source(_ member: Member, stem: String) -> ConvertSource {
        ConvertSource(
            path: member.path,
            relative: SourcePath.join(self.folder, member.name),
            folder: self.folder,
            stem: stem,
            isNamed: self.roots[self.names.root(member.index)].isFile,
            bytes: FolderListing.bytes(of: member.path)
        )
    }

    private func collision(_ path: String, _ name: String, _ owner: String) -> ConvertFinding {
        let reason = "would have the outputs of \(owner); rename one of them, or convert them into two folders"
        let relative = SourcePath.join(self.folder, name)
        return .refused(path: path, relative: relative, code: ConvertOutcome.collision, reason: reason)
    }

    private func path(of index: Int, _ name: String) -> String {
        let root = self.roots[self.names.root(index)]
        if case .file(let path) = root { return path }
        return SourcePath.join(root.path, SourcePath.join(self.folder, name))
    }

    /// One that cannot be read counts: the others would else change their names the day that it can.
    private static func isPicture(_ path: String) -> Bool {
        do { return try SourceFile.format(at: path) != nil } catch { return true }
    }

    private func unmatched() -> [ConvertFinding] {
        zip(self.roots, self.hasMatch).compactMap { root, hasMatch in
            guard case .pattern(let text, _) = root, !hasMatch else { return nil }
            return .refused(path: text, relative: text, code: "file", reason: "matches no file")
        }
    }
}
