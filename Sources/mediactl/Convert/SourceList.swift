import Glibc

/// Paths from a file or from standard input, one a line or with a NUL after each (`find -print0`), read as they are
/// needed.
///
/// A list may be in any order and as long as it likes; of each entry two hashes are remembered, by which the second one
/// with an output is known. `next()` blocks.
struct SourceList {
    /// Of one entry. Linux takes no path of more than 4096 bytes.
    private static let entryBytesMax = 64 << 10
    private static let chunkBytes = 64 << 10
    /// After so long somebody who waits looks whether the run is stopped.
    private static let pauseMilliseconds: CInt = 100

    private let name: String
    private let descriptor: CInt
    private let separator: UInt8
    /// Nothing in there is a source.
    private let output: FolderListing.Identity?
    private let stop: ConvertStop
    /// The last entry's folder, and whether it lies in the output folder: entries of one folder mostly come together.
    private var lastFolder: (path: [UInt8], isOutput: Bool) = ([], false)
    private var buffer: [UInt8] = []
    private var start = 0
    private var isOver = false
    /// The picture that has an output, by the output; both as hashes.
    private var owners: [UInt64: UInt64] = [:]

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - hasNULs: else an entry is a line.
    ///   - output: the folder that is written to.
    ///   - stop: ends the list early, also while nothing comes.
    /// - Throws: ``ConvertFailure``.
    init(_ path: String, hasNULs: Bool, output: String, stop: ConvertStop) throws {
        self.output = FolderListing.identity(of: output)
        self.stop = stop
        self.name = path == "-" ? "standard input" : path
        self.separator = hasNULs ? 0 : UInt8(ascii: "\n")
        self.descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            throw ConvertFailure("the list \(path) cannot be opened: \(String(errno: errno))")
        }
    }

    /// What comes next; nil at the end, and where nothing is there yet.
    ///
    /// - Parameter mayWait: for whoever writes to the pipe.
    /// - Throws: ``ConvertFailure`` where the list cannot be read on.
    mutating func next(mayWait: Bool) throws -> ConvertFinding? {
        while let entry = try self.entry(mayWait) {
            if let finding = self.finding(of: entry) { return finding }
        }
        return nil
    }

    /// Nil for one that was there before, and for a folder.
    private mutating func finding(of entry: [UInt8]) -> ConvertFinding? {
        guard let path = String(validating: entry, as: UTF8.self) else {
            let shown = String(decoding: entry, as: UTF8.self)
            return .refused(path: shown, relative: shown, code: "file", reason: "is a path that is no UTF-8; rename it")
        }
        let components = SourcePath.components(of: path).filter { $0 != "." }
        let relative = components.joined(separator: "/")
        guard let name = components.last, !components.contains("..") else {
            let reason = "is a path that leads out of the output folder; list it without '..'"
            return .refused(path: path, relative: path, code: "file", reason: reason)
        }
        let folder = components.dropLast().joined(separator: "/")
        let stem = SourcePath.stem(of: name)
        // `find` without `-type f` lists these, too; what is in them has entries of its own.
        if FolderListing.kind(of: path) == .folder { return nil }
        if self.isInOutput(folder, isAbsolute: path.utf8.first == UInt8(ascii: "/")) {
            return .skipped(path: path, relative: relative, reason: "lies in the output folder, which has no sources")
        }
        // What is no picture has no outputs that another's could be.
        if (try? SourceFile.format(at: path)) != nil {
            let owner = StableHash.of(relative)
            let output = StableHash.of(SourcePath.join(folder, stem))
            if let other = self.owners[output] {
                if other == owner { return nil }
                let reason = "would have the outputs of another file of the list; rename one, or list them apart"
                return .refused(path: path, relative: relative, code: ConvertOutcome.collision, reason: reason)
            }
            self.owners[output] = owner
        }
        return .source(
            ConvertSource(
                path: path,
                relative: relative,
                folder: folder,
                stem: stem,
                isNamed: true,
                bytes: FolderListing.bytes(of: path)
            )
        )
    }

    /// Whether the folder is the output folder, or is in it. The working folder is not asked for: where all of a list
    /// lies in the output folder, that is meant.
    private mutating func isInOutput(_ folder: String, isAbsolute: Bool) -> Bool {
        guard let output = self.output else { return false }
        let bytes = (isAbsolute ? [UInt8(ascii: "/")] : []) + Array(folder.utf8)
        if bytes == self.lastFolder.path { return self.lastFolder.isOutput }
        var path = isAbsolute ? "/" : ""
        let isOutput = SourcePath.components(of: folder).contains { name in
            path = SourcePath.join(path, name)
            return FolderListing.identity(of: path) == output
        }
        self.lastFolder = (bytes, isOutput)
        return isOutput
    }

    /// Not empty, without what ends it; nil at the end, where the run is stopped, and where one would have to wait.
    private mutating func entry(_ mayWait: Bool) throws -> [UInt8]? {
        while self.stop.cause == nil {
            if let end = self.buffer[self.start...].firstIndex(of: self.separator) {
                let entry = self.trimmed(self.buffer[self.start..<end])
                self.start = end + 1
                if !entry.isEmpty { return entry }
            } else if self.isOver {
                let entry = self.trimmed(self.buffer[self.start...])
                self.start = self.buffer.count
                return entry.isEmpty ? nil : entry
            } else if self.isReady(mayWait ? Self.pauseMilliseconds : 0) {
                try self.fill()
            } else if !mayWait {
                return nil
            }
        }
        return nil
    }

    /// Whether reading would not block; what fails is left to the reading.
    private func isReady(_ milliseconds: CInt) -> Bool {
        var wanted = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        let count = poll(&wanted, 1, milliseconds)
        return count > 0 || (count < 0 && errno != EINTR)
    }

    /// A list that was written on Windows has carriage returns; a name that ends in one needs NULs.
    private func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        Array(self.separator != 0 && line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }

    private mutating func fill() throws {
        self.buffer.removeFirst(self.start)
        self.start = 0
        guard self.buffer.count <= Self.entryBytesMax else {
            let hint =
                self.separator == 0 ? "is it one path a line? Then leave out --null" : "has it NULs? Then add --null"
            throw ConvertFailure("the list \(self.name) has an entry of more than \(Self.entryBytesMax) bytes: \(hint)")
        }
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        var taken: Int
        repeat { taken = read(self.descriptor, &chunk, chunk.count) } while taken < 0 && errno == EINTR
        guard taken >= 0 else { throw ConvertFailure("the list \(self.name) cannot be read: \(String(errno: errno))") }
        self.isOver = taken == 0
        self.buffer += chunk[..<taken]
    }
}
