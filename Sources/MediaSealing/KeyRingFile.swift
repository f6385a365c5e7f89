import Glibc
import MediaModel

/// The file that a key ring is kept in.
///
/// Every method blocks.
struct KeyRingFile: Sendable {
    let path: String
    let calls: any KeyRingCalls

    init(_ path: String, calls: any KeyRingCalls = LinuxKeyRingCalls()) {
        self.path = path
        self.calls = calls
    }

    /// Reads the file.
    ///
    /// It must be a regular file of ours that nobody else may touch, and no symbolic link: a ring that others can read
    /// is no secret, and one that others can write would have us seal under their key.
    ///
    /// - Throws: `.badKeyRing`; `detail` names the file, the line and what was expected there, and never quotes the
    ///   file.
    func read() throws(KeyError) -> KeyRingText {
        // Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
        let raw = Glibc.open(self.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard raw >= 0 else { throw self.systemError("open", errno) }
        let file = OwnedDescriptor(raw)
        try self.checkOwnership(of: file)
        var text = SecretBytes(count: KeyRing.fileBytesMax + 1)
        let count = try self.read(file, into: &text)
        try self.checkSize(count)
        return try KeyRingText(parsing: text.withBytes { SecretBytes(joining: $0[..<count]) }, path: self.path)
    }

    /// Whether there is nothing of its name; a symbolic link that leads nowhere counts as nothing here, and is refused
    /// by all else.
    var isMissing: Bool { access(self.path, F_OK) != 0 && errno == ENOENT }

    /// Throws unless a ring may have so many bytes.
    func checkSize(_ bytes: Int) throws(KeyError) {
        guard bytes <= KeyRing.fileBytesMax else { throw self.bad("over \(KeyRing.fileBytesMax) bytes") }
    }

    /// The folder that the file is in.
    var folder: String {
        switch self.path.lastIndex(of: "/") {
        case nil: "."
        case self.path.startIndex: "/"
        case .some(let slash): String(self.path[..<slash])
        }
    }

    func bad(_ detail: String) -> KeyError { KeyError(.badKeyRing, detail: "\(self.path): \(detail)") }

    /// - Parameter number: `errno`, read before anything else can change it.
    func systemError(_ call: String, _ number: Int32) -> KeyError {
        self.bad("\(call): \(String(cString: strerror(number)))")
    }

    func error(_ failure: KeyRingCallFailure) -> KeyError { self.systemError(failure.call, failure.number) }

    /// Asked of the open file, not of its path: the path may lead elsewhere a moment later.
    private func checkOwnership(of file: borrowing OwnedDescriptor) throws(KeyError) {
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw self.systemError("fstat", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw self.bad("expected a regular file") }
        guard status.st_uid == geteuid() else {
            throw self.bad("belongs to user \(status.st_uid); expected user \(geteuid())")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw self.bad("mode 0\(mode); expected 0600, nothing for group and others")
        }
    }

    private func read(_ file: borrowing OwnedDescriptor, into text: inout SecretBytes) throws(KeyError) -> Int {
        let descriptor = file.raw
        return try text.withMutableBytes { (buffer) throws(KeyError) in
            var count = 0
            while count < buffer.count {
                let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw self.systemError("read", errno) }
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
