import CDisk
import FoundationEssentials
import Glibc
import Synchronization

/// What was made, line by line, in the output folder, so that a run that was killed can be taken up.
///
/// The order is: the output is renamed into its place, then its line is appended. So what has a line is there, after
/// any kill; what is there without a line is made once more. After a power cut that holds for what a checkpoint
/// follows: ``checkpoint()`` syncs the file system as a whole every few seconds, since a sync a file would cost more
/// than most files do. What came later is looked into, byte for byte, before it is believed.
///
/// Each shard has a file of its own, and reads all. While it is open it is locked, and the folder is as well
/// (``ConvertFolderLock``).
final class ConvertJournal: Sendable {
    private static let prefix = ".mediactl-convert"
    private static let suffix = ".journal"
    /// A journal with so many lines more than it needs is written anew when it is opened.
    private static let linesSpareMax = 1024

    private struct State {
        var end: Int
        /// Of the last checkpoint.
        var syncedEnd: Int
        var failure: ConvertFailure?
    }

    /// Of what was there when it was opened.
    let index: JournalIndex
    private let path: String
    private let descriptor: CInt
    /// Held for as long as the journal is.
    private let lock: ConvertFolderLock
    private let state: Mutex<State>

    /// Opens the journal of a folder, which is made where it is missing. Blocks.
    ///
    /// - Throws: ``ConvertFailure``, also where another run has it open.
    init(in folder: String, shard: Shard?) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ConvertFailure("the folder \(folder) cannot be made: \(error)")
        }
        self.lock = try ConvertFolderLock(in: folder, shard: shard)
        let part = shard.map { ".\($0.index)-of-\($0.count)" } ?? ""
        self.path = "\(folder)/\(Self.prefix)\(part)\(Self.suffix)"
        let boot = MachineBoot.id()
        var descriptor = try Self.locked(self.path)
        let own = JournalIndex([self.path], boot: boot)
        if own.counts.lines > 2 * own.counts.outputs + Self.linesSpareMax {
            descriptor = try JournalRewriting.rewritten(self.path, own, boot, in: descriptor)
        }
        self.descriptor = descriptor
        // Its own comes last: what it says is true, even where the shards were others before.
        let path = self.path
        let others = Self.paths(in: folder).filter { $0 != path }
        self.index = JournalIndex(others + [self.path], boot: boot)
        let end = try Self.begin(descriptor, self.path, boot)
        self.state = Mutex(State(end: end, syncedEnd: end))
    }

    deinit { close(self.descriptor) }

    /// What the journals of a folder say, without one of one's own. Blocks.
    static func index(of folder: String) -> JournalIndex {
        JournalIndex(Self.paths(in: folder), boot: MachineBoot.id())
    }

    /// Appends in one piece. Blocks.
    ///
    /// - Throws: ``ConvertFailure``; the run cannot go on then.
    func append(_ lines: [JournalLine]) throws {
        let text = lines.flatMap { JournalText.output($0) }
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            try self.write(text, &state)
        }
    }

    /// Sees that all outputs so far are on the disk, and says so. Blocks for as long as the disk takes.
    ///
    /// - Throws: ``ConvertFailure``.
    func checkpoint() throws {
        let (end, isNews) = self.state.withLock { ($0.end, $0.end > $0.syncedEnd) }
        guard isNews else { return }
        guard cdisk_sync(self.descriptor) == 0 else {
            throw ConvertFailure("the disk of \(self.path) cannot be synced: \(String(errno: errno))")
        }
        try self.state.withLock { state in
            try self.write(JournalText.checkpoint(end), &state)
            state.syncedEnd = state.end
        }
    }

    private func write(_ text: [UInt8], _ state: inout State) throws {
        var rest = text[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                let failure = ConvertFailure("the journal \(self.path) cannot be written: \(String(errno: errno))")
                // Half a line may be there: whatever came after it would be lost with it.
                state.failure = failure
                throw failure
            }
            state.end += written
            rest = rest.dropFirst(written)
        }
    }

    private static func paths(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix(Self.prefix) && $0.hasSuffix(Self.suffix) }.sorted().map {
            "\(folder)/\($0)"
        }
    }

    /// The journal at that path, opened and locked.
    static func locked(_ path: String) throws -> CInt {
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw ConvertFailure("the journal \(path) cannot be opened: \(String(errno: errno))")
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let reason = errno == EWOULDBLOCK ? "another run writes to it; wait for that" : String(errno: errno)
                close(descriptor)
                throw ConvertFailure("the journal \(path) cannot be locked: \(reason)")
            }
            // Somebody may have put a new one in its place before the lock was ours.
            var (ours, named) = (stat(), stat())
            if fstat(descriptor, &ours) == 0, fstatat(AT_FDCWD, path, &named, 0) == 0, ours.st_ino == named.st_ino {
                return descriptor
            }
            close(descriptor)
        }
    }

    /// Says that a run begins.
    ///
    /// - Returns: where the journal ends now.
    private static func begin(_ descriptor: CInt, _ path: String, _ boot: String) throws -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        var last: UInt8 = 0
        let isTorn = end > 0 && pread(descriptor, &last, 1, end - 1) == 1 && last != UInt8(ascii: "\n")
        let text = (isTorn ? [UInt8(ascii: "\n")] : []) + JournalText.start(boot: boot)
        guard end >= 0, Glibc.write(descriptor, text, text.count) == text.count else {
            throw ConvertFailure("the journal \(path) cannot be written: \(String(errno: errno))")
        }
        return Int(end) + text.count
    }
}
