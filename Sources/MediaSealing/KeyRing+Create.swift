import CCrypto
import FoundationEssentials
import Glibc
import MediaModel

extension KeyRing {
    private static let remark =
        "# Envelope keys, newest first: id:base64 of 32 bytes. A blob whose key is lost is lost: keep a copy.\n"
    /// `O_TMPFILE` (open(2)), which the compiler cannot read from the header: the kernel's own bit and `O_DIRECTORY`,
    /// so that a kernel which does not know it refuses with `EISDIR`. The bit is the same on x86-64 and arm64.
    private static let unnamedFile: Int32 = 0o20_000_000 | O_DIRECTORY

    /// Reads the key ring file at `path`, and makes one with a single random key where there is none.
    ///
    /// Two programs that start at once end with the same ring. On return the ring survives a power cut, so that no
    /// blob is ever sealed under a key that a power cut takes back.
    ///
    /// - Parameter mayCreate: false where something is stored already. A ring that is missing then was lost, or its
    ///   path is mistyped; a new one in its place would hide that until the first read fails.
    /// - Throws: ``KeyError/Code/badKeyRing``.
    package static func openOrCreate(_ path: String, mayCreate: Bool) throws -> KeyRing {
        if access(path, F_OK) != 0, errno == ENOENT {
            guard mayCreate else {
                let detail = """
                    there is no key ring, and a new one cannot open what is stored: restore the ring from its back-up, \
                    or set key.ring.path to where it is
                    """
                throw Self.bad(path, detail)
            }
            try Self.create(path)
        }
        // Also for a ring that was there: whoever made it may have died before its folder was durable.
        try Self.syncFolder(of: path)
        let ring = try Self.open(path)
        // Not before the ring is read: if it were damaged, such a file might be the last copy of its key.
        try Self.removeLeftovers(of: path)
        return ring
    }

    /// Makes a key ring file, unless there is one by the time it is done: then that one stays. The folder is not
    /// synced.
    ///
    /// - Throws: ``KeyError/Code/badKeyRing``; then no file is left of it.
    package static func create(_ path: String) throws {
        if try !Self.createUnnamed(path) { try Self.createNamed(path) }
    }

    /// Writes the ring to a file without a name, so that kill -9 leaves no key behind, and then names it.
    ///
    /// - Returns: false, and nothing is done, where the file system knows no such files (some network and layered ones)
    ///   or /proc, through which they get their names, is not there.
    private static func createUnnamed(_ path: String) throws -> Bool {
        let raw = Glibc.open(Self.folder(of: path), Self.unnamedFile | O_WRONLY | O_CLOEXEC, 0o600)
        guard raw >= 0 else {
            let number = errno
            if [EOPNOTSUPP, EISDIR, EINVAL].contains(number) { return false }
            throw Self.systemError(path, "create", number: number)
        }
        let file = OwnedDescriptor(raw)
        var status = stat()
        guard lstat(Self.procPath(of: file), &status) == 0 else { return false }
        try Self.writeFirstKey(to: file, path: path)
        try Self.name(file, path)
        return true
    }

    /// Unlike a rename, a link does not replace: of two creators the first wins, and the other reads the winner's ring.
    private static func name(_ file: borrowing OwnedDescriptor, _ path: String) throws {
        if linkat(AT_FDCWD, Self.procPath(of: file), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 { return }
        let number = errno
        guard number == EEXIST else { throw Self.systemError(path, "link", number: number) }
    }

    private static func procPath(of file: borrowing OwnedDescriptor) -> String { "/proc/self/fd/\(file.raw)" }

    /// As ``create(_:)`` where there are no unnamed files. What kill -9 leaves of it, `openOrCreate` removes.
    static func createNamed(_ path: String) throws {
        let temporary = "\(path).\(try Self.randomHex()).tmp"
        let raw = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw Self.systemError(path, "create") }
        let file = OwnedDescriptor(raw)
        defer { unlink(temporary) }
        try Self.writeFirstKey(to: file, path: path)
        if link(temporary, path) == 0 { return }
        let number = errno
        // ENOENT: another creator was first, and has taken our file for a leftover.
        guard number == EEXIST || number == ENOENT && access(path, F_OK) == 0 else {
            throw Self.systemError(path, "link", number: number)
        }
    }

    /// Removes the files of creators that were killed: each has a key, which may be the ring's.
    private static func removeLeftovers(of path: String) throws {
        let folder = Self.folder(of: path)
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw Self.bad(folder, "its files could not be listed: \(error)")
        }
        let ring = path.split(separator: "/").last ?? ""
        for name in names where Self.isLeftover(name, of: ring) {
            let leftover = "\(folder)/\(name)"
            if unlink(leftover) == 0 { continue }
            let number = errno
            // Another program that starts may have been faster.
            guard number == ENOENT else { throw Self.systemError(leftover, "unlink", number: number) }
        }
    }

    /// Whether `name` is the ring's, a dot, eight hexadecimal characters and `.tmp`.
    private static func isLeftover(_ name: String, of ring: Substring) -> Bool {
        guard name.hasPrefix("\(ring)."), name.hasSuffix(".tmp") else { return false }
        let random = name.utf8.dropFirst(ring.utf8.count + 1).dropLast(4)
        return random.count == 8 && random.allSatisfy { Self.hexDigits.contains($0) }
    }

    private static let hexDigits = Set("0123456789abcdef".utf8)

    /// The whole text is put together in memory that is wiped, written from there, and synced.
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
        guard fsync(descriptor) == 0 else { throw Self.systemError(path, "fsync") }
    }

    /// Eight random hexadecimal characters.
    private static func randomHex() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 4)
        guard ccrypto_random_public(&bytes, bytes.count) == 1 else {
            throw KeyError(.badKeyRing, detail: "no random bytes from OpenSSL")
        }
        return Hex.encode(bytes)
    }

    private static func folder(of path: String) -> String {
        switch path.lastIndex(of: "/") {
        case nil: "."
        case path.startIndex: "/"
        case .some(let slash): String(path[..<slash])
        }
    }

    private static func syncFolder(of path: String) throws {
        let folder = Self.folder(of: path)
        let raw = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw Self.systemError(folder, "open") }
        let descriptor = OwnedDescriptor(raw)
        guard fsync(descriptor.raw) == 0 else { throw Self.systemError(folder, "fsync") }
    }
}
