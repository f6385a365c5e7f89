import FoundationEssentials
import Glibc
import NIOPosix

/// Writes files so that each is there whole or not at all, whatever ends the program.
enum AtomicFile {
    /// Writes `bytes` to `folder/name`; what was there before is replaced. The folder is made where it is missing.
    ///
    /// - Throws: ``SourceFileError``; nothing is left behind then.
    static func write(_ bytes: [UInt8], to name: String, in folder: String) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw SourceFileError(description: "the folder \(folder) cannot be made: \(error)")
            }
            try Self.writeBlocking(bytes, to: "\(folder)/\(name)", in: folder)
        }
    }

    private static func writeBlocking(_ bytes: [UInt8], to path: String, in folder: String) throws {
        // In the same folder, because a rename between file systems is a copy.
        let temporary = "\(folder)/.mediactl-\(UUID().uuidString.lowercased()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path) }
        do {
            defer { close(descriptor) }
            try Self.fill(descriptor, bytes, path)
            guard fsync(descriptor) == 0 else { throw Self.failure(path) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let failure = Self.failure(path)
            unlink(temporary)
            throw failure
        }
        Self.syncFolder(folder)
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
        SourceFileError(description: "\(path) cannot be written: \(String(errno: errno))")
    }
}
