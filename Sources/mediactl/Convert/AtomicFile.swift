import FoundationEssentials
import Glibc
import NIOPosix

/// Writes files so that each is there whole or not at all, whatever ends the program.
enum AtomicFile {
    /// What a power cut may take back.
    enum Durability {
        /// Nothing: the file is on the disk when it is written.
        case synced
        /// What came since the disk was last synced, by somebody else: a sync a file would take longer than to make
        /// most files.
        case unsynced
    }

    /// Writes `bytes` to `folder/name`; what was there before is replaced. The folder is made where it is missing.
    ///
    /// - Throws: ``SourceFileError``; nothing is left behind then.
    static func write(_ bytes: [UInt8], to name: String, in folder: String) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            try Self.writeBlocking(bytes, to: name, in: folder, .synced)
        }
    }

    /// As ``write(_:to:in:)``, on a thread that may block.
    static func writeBlocking(
        _ bytes: [UInt8],
        to name: String,
        in folder: String,
        _ durability: Durability
    ) throws {
        let path = "\(folder)/\(name)"
        // In the same folder, because a rename between file systems is a copy. Always the same for a file, so that one
        // that was left behind by a kill is taken up by the next attempt.
        let temporary = "\(folder)/.mediactl-\(String(StableHash.of(name), radix: 16)).part"
        let descriptor = try Self.create(temporary, in: folder, path)
        do {
            defer { close(descriptor) }
            try Self.fill(descriptor, bytes, path)
            if durability == .synced, fsync(descriptor) != 0 { throw Self.failure(path) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let failure = Self.failure(path)
            unlink(temporary)
            throw failure
        }
        if durability == .synced { Self.syncFolder(folder) }
    }

    private static func create(_ temporary: String, in folder: String, _ path: String) throws -> CInt {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let descriptor = open(temporary, flags, 0o644)
        if descriptor >= 0 { return descriptor }
        guard errno == ENOENT else { throw Self.failure(path) }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw SourceFileError(description: "the folder \(folder) cannot be made: \(error)")
        }
        let second = open(temporary, flags, 0o644)
        guard second >= 0 else { throw Self.failure(path) }
        return second
    }

    private static func fill(_ descriptor: CInt, _ bytes: [UInt8], _ path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.failure(path) }
            rest = rest.dropFirst(written)
        }
    }

    /// Makes the rename durable. Some network file systems cannot; the file itself is whole there as well.
    private static func syncFolder(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String) -> SourceFileError {
        SourceFileError(description: "\(path) cannot be written: \(String(errno: errno))", number: errno)
    }
}
