import Glibc
import MediaModel

extension KeyRing {
    /// Reads the key ring file at `path`.
    ///
    /// The file must be a regular file of ours that nobody else may touch, and no symbolic link: a ring that others
    /// can read is no secret, and one that others can write would have us seal under their key.
    ///
    /// - Throws: ``KeyError/Code/badKeyRing``; `detail` names the file, the line and what was expected there, and never
    ///   quotes the file.
    package static func open(_ path: String) throws -> KeyRing {
        // Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
        let raw = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard raw >= 0 else { throw Self.systemError(path, "open") }
        let file = OwnedDescriptor(raw)
        try Self.checkOwnership(of: file, path: path)
        var text = SecretBytes(count: Self.fileBytesMax + 1)
        let count = try Self.read(file, into: &text, path: path)
        guard count <= Self.fileBytesMax else {
            throw Self.bad(path, "over \(Self.fileBytesMax) bytes; expected a key ring")
        }
        return KeyRing(keys: try text.withBytes { try Self.parse($0.prefix(count), path: path) })
    }

    static func bad(_ path: String, _ detail: String) -> KeyError {
        KeyError(.badKeyRing, detail: "\(path): \(detail)")
    }

    /// What the operating system said of the call just made, or of one before it.
    ///
    /// - Parameter number: `errno`, read before anything else can change it.
    static func systemError(_ path: String, _ call: String, number: Int32 = errno) -> KeyError {
        Self.bad(path, "\(call): \(String(cString: strerror(number)))")
    }

    /// Asked of the open file, not of its path: the path may lead elsewhere a moment later.
    private static func checkOwnership(of file: borrowing OwnedDescriptor, path: String) throws {
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw Self.systemError(path, "fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.bad(path, "expected a regular file") }
        guard status.st_uid == geteuid() else {
            throw Self.bad(path, "belongs to user \(status.st_uid); expected user \(geteuid())")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw Self.bad(path, "mode 0\(mode); expected 0600, nothing for group and others")
        }
    }

    private static func read(
        _ file: borrowing OwnedDescriptor,
        into text: inout SecretBytes,
        path: String
    ) throws -> Int {
        let descriptor = file.raw
        return try text.withMutableBytes { buffer in
            var count = 0
            while count < buffer.count {
                let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw Self.systemError(path, "read") }
                if got == 0 { break }
                count += got
            }
            return count
        }
    }
}

/// An open file that is closed when its owner lets go.
struct OwnedDescriptor: ~Copyable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    deinit { close(self.raw) }
}
