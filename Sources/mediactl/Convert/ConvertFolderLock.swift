import Glibc

/// Keeps runs apart that would write the same outputs: a run without shards has a folder alone, shards share it with
/// others of the same count.
///
/// The lock is the kernel's and ends with the process; in the file is the count of those that share it.
final class ConvertFolderLock: Sendable {
    private static let name = ".mediactl-convert.lock"
    /// For as long as another shard may take to write the count.
    private static let attemptsMax = 50
    private static let pauseMicroseconds: UInt32 = 20_000

    private let descriptor: CInt

    /// Blocks, for a second at most.
    ///
    /// - Throws: ``ConvertFailure``, also where another run has it.
    init(in folder: String, shard: Shard?) throws {
        let path = "\(folder)/\(Self.name)"
        self.descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard self.descriptor >= 0 else {
            throw ConvertFailure("the lock \(path) cannot be opened: \(String(errno: errno))")
        }
        for attempt in 1...Self.attemptsMax {
            if attempt > 1 { usleep(Self.pauseMicroseconds) }
            if try self.take(LOCK_EX, path) {
                guard let shard else { return }
                // No count but this one is read from here on: whoever had the lock is gone.
                let text = Array("\(shard.count)\n".utf8)
                guard ftruncate(self.descriptor, 0) == 0, pwrite(self.descriptor, text, text.count, 0) == text.count
                else { throw ConvertFailure("the lock \(path) cannot be written: \(String(errno: errno))") }
            }
            guard let shard else { break }
            // From exclusive to shared is two steps; another may come between, so that the count is read.
            guard try self.take(LOCK_SH, path) else { continue }
            if self.count == shard.count { return }
            break
        }
        throw ConvertFailure(
            "the folder \(folder) is in use: another run writes to it; wait for that (shards of one count share it)"
        )
    }

    deinit { close(self.descriptor) }

    /// - Returns: false where another run has it.
    private func take(_ kind: CInt, _ path: String) throws -> Bool {
        if flock(self.descriptor, kind | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else {
            throw ConvertFailure("the lock \(path) cannot be taken: \(String(errno: errno))")
        }
        return false
    }

    private var count: Int? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let taken = pread(self.descriptor, &bytes, bytes.count, 0)
        return taken > 0
            ? Int(String(decoding: bytes[..<taken].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) : nil
    }
}
