import CCrypto
import Glibc
import MediaModel

extension KeyRing {
    private static let remark =
        "# Envelope keys, newest first: id:base64 of 32 bytes. A blob whose key is lost is lost: keep a copy.\n"

    /// Reads the key ring file at `path`, and makes one with a single random key where there is none.
    ///
    /// Two programs that start at once end with the same ring. On return the ring survives a power cut, so that no
    /// blob is ever sealed under a key that a power cut takes back.
    ///
    /// - Throws: ``KeyError/Code/badKeyRing``.
    package static func openOrCreate(_ path: String) throws -> KeyRing {
        if access(path, F_OK) != 0, errno == ENOENT { try Self.create(path) }
        // Also for a ring that was there: whoever made it may have died before its folder was durable.
        try Self.syncFolder(of: path)
        return try Self.open(path)
    }

    /// Makes a key ring file, unless there is one by the time it is done: then that one stays. The folder is not
    /// synced.
    ///
    /// - Throws: ``KeyError/Code/badKeyRing``; then no file is left of it.
    package static func create(_ path: String) throws {
        let temporary = "\(path).\(try Self.randomHex()).tmp"
        let raw = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw Self.systemError(temporary, "create") }
        let file = OwnedDescriptor(raw)
        defer { unlink(temporary) }
        try Self.writeFirstKey(to: file, path: temporary)
        guard fsync(file.raw) == 0 else { throw Self.systemError(temporary, "fsync") }
        // Unlike a rename, a link does not replace: of two creators the first wins, and the other reads the winner's
        // ring.
        guard link(temporary, path) == 0 || errno == EEXIST else { throw Self.systemError(path, "link") }
    }

    /// The whole text is put together in memory that is wiped, and written from there.
    private static func writeFirstKey(to file: borrowing OwnedDescriptor, path: String) throws {
        var key = SecretBytes(count: EnvelopeKey.byteCount)
        guard key.withMutableBytes({ ccrypto_random_secret($0.baseAddress, $0.count) }) == 1 else {
            throw Self.bad(path, "no random bytes from OpenSSL")
        }
        let opening = Array("\(Self.remark)k\(try Self.randomHex()):".utf8)
        var text = SecretBytes(count: opening.count + KeyBase64.length + 1)
        text.withMutableBytes { text in
            for (index, character) in opening.enumerated() { text[index] = character }
            key.withBytes { KeyBase64.encode($0, into: text, at: opening.count) }
            text[text.count - 1] = UInt8(ascii: "\n")
        }
        let descriptor = file.raw
        try text.withBytes { text in
            var written = 0
            while written < text.count {
                let count = write(descriptor, text.baseAddress?.advanced(by: written), text.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.systemError(path, "write") }
                written += count
            }
        }
    }

    /// Eight random hexadecimal characters.
    private static func randomHex() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 4)
        guard ccrypto_random_public(&bytes, bytes.count) == 1 else {
            throw KeyError(.badKeyRing, detail: "no random bytes from OpenSSL")
        }
        return Hex.encode(bytes)
    }

    private static func syncFolder(of path: String) throws {
        let folder: String
        switch path.lastIndex(of: "/") {
        case nil: folder = "."
        case path.startIndex: folder = "/"
        case .some(let slash): folder = String(path[..<slash])
        }
        let raw = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw Self.systemError(folder, "open") }
        let descriptor = OwnedDescriptor(raw)
        guard fsync(descriptor.raw) == 0 else { throw Self.systemError(folder, "fsync") }
    }
}
