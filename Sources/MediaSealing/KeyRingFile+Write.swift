import CCrypto
import FoundationEssentials
import Glibc
import MediaModel

extension KeyRingFile {
    /// `O_TMPFILE` (open(2)), which the compiler cannot read from the header: the kernel's own bit and `O_DIRECTORY`,
    /// so that a kernel which does not know it refuses with `EISDIR`. The bit is the same on x86-64 and arm64.
    private static let unnamedFile: Int32 = 0o20_000_000 | O_DIRECTORY

    /// Makes the file with a single random key, unless there is one by the time it is done: then that one stays. The
    /// folder is not synced.
    ///
    /// - Throws: ``KeyError``; then no file is left of it.
    func create() throws(KeyError) {
        if try !self.createUnnamed() { try self.createNamed() }
    }

    /// Writes the ring to a file without a name, so that kill -9 leaves no key behind, and then names it.
    ///
    /// - Returns: false, and nothing is done, where the file system knows no such files (some network and layered ones)
    ///   or /proc, through which they get their names, is not there.
    private func createUnnamed() throws(KeyError) -> Bool {
        let file: OwnedDescriptor
        do {
            file = OwnedDescriptor(
                try self.calls.open(self.folder, flags: Self.unnamedFile | O_WRONLY | O_CLOEXEC, mode: 0o600)
            )
        } catch {
            if [EOPNOTSUPP, EISDIR, EINVAL].contains(error.number) { return false }
            throw self.systemError("create", error.number)
        }
        let procPath = "/proc/self/fd/\(file.raw)"
        var status = stat()
        guard lstat(procPath, &status) == 0 else { return false }
        try self.write(Self.firstText(), to: file)
        do {
            // Unlike a rename, a link does not replace: of two creators the first wins, and the other reads the
            // winner's ring.
            try self.calls.link(procPath, to: self.path)
        } catch {
            guard error.number == EEXIST else { throw self.error(error) }
        }
        return true
    }

    /// As ``create()`` where there are no unnamed files. What kill -9 leaves of it, ``removeLeftovers()`` removes.
    func createNamed() throws(KeyError) {
        let temporary = try self.writeTemporary(Self.firstText())
        defer { unlink(temporary) }
        do {
            try self.calls.link(temporary, to: self.path)
        } catch {
            // ENOENT: another creator was first, and has taken our file for a leftover.
            guard error.number == EEXIST || error.number == ENOENT && access(self.path, F_OK) == 0 else {
                throw self.error(error)
            }
        }
    }

    /// Puts `text` in the place of the whole file: whoever reads it sees the old text or the new one, and nothing else,
    /// also after a power cut.
    ///
    /// - Throws: `.badKeyRing`. The old file is unchanged then, or, where the folder could not be synced, the new one
    ///   is there and a power cut may bring the old one back.
    func replace(with text: consuming SecretBytes) throws(KeyError) {
        let temporary = try self.writeTemporary(text)
        do {
            try self.calls.rename(temporary, to: self.path)
        } catch {
            unlink(temporary)
            throw self.error(error)
        }
        try self.syncFolder()
    }

    /// Makes the folder's names durable.
    func syncFolder() throws(KeyError) {
        do {
            let folder = OwnedDescriptor(
                try self.calls.open(self.folder, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode: 0)
            )
            try self.calls.sync(folder.raw)
        } catch {
            throw KeyRingFile(self.folder).error(error)
        }
    }

    /// Removes the files of writers that were killed: each has a key, which may be the ring's.
    func removeLeftovers() throws(KeyError) {
        let folder = self.folder
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw KeyRingFile(folder).bad("its files could not be listed: \(error)")
        }
        let ring = self.path.split(separator: "/").last ?? ""
        for name in names where Self.isLeftover(name, of: ring) {
            let leftover = "\(folder)/\(name)"
            do {
                try self.calls.unlink(leftover)
            } catch {
                // Another program that starts may have been faster.
                guard error.number == ENOENT else { throw KeyRingFile(leftover).error(error) }
            }
        }
    }

    /// Whether `name` is the ring's, a dot, eight hexadecimal characters and `.tmp`.
    private static func isLeftover(_ name: String, of ring: Substring) -> Bool {
        guard name.hasPrefix("\(ring)."), name.hasSuffix(".tmp") else { return false }
        let random = name.utf8.dropFirst(ring.utf8.count + 1).dropLast(4)
        return random.count == 8 && random.allSatisfy { Self.hexDigits.contains($0) }
    }

    private static let hexDigits = Set("0123456789abcdef".utf8)

    private static func firstText() throws(KeyError) -> SecretBytes {
        KeyRingText.text(of: try .random(id: KeyRing.randomID()))
    }

    /// Writes `text` to a new file beside the ring, and syncs it.
    ///
    /// - Returns: its path. Where this throws, there is no such file.
    private func writeTemporary(_ text: consuming SecretBytes) throws(KeyError) -> String {
        let temporary = "\(self.path).\(try KeyRing.randomHex()).tmp"
        let file: OwnedDescriptor
        do {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            file = OwnedDescriptor(try self.calls.open(temporary, flags: flags, mode: 0o600))
        } catch {
            throw self.systemError("create", error.number)
        }
        do {
            try self.write(text, to: file)
        } catch {
            unlink(temporary)
            throw error
        }
        return temporary
    }

    private func write(_ text: borrowing SecretBytes, to file: borrowing OwnedDescriptor) throws(KeyError) {
        let descriptor = file.raw
        do {
            try text.withBytes { (text) throws(KeyRingCallFailure) in
                var rest = UnsafeRawBufferPointer(text)
                while !rest.isEmpty {
                    rest = UnsafeRawBufferPointer(
                        rebasing: rest.dropFirst(try self.writeSome(of: rest, to: descriptor))
                    )
                }
            }
            try self.calls.sync(descriptor)
        } catch {
            throw self.error(error)
        }
    }

    /// - Returns: how many bytes were written, which is none where a signal came between.
    private func writeSome(
        of bytes: UnsafeRawBufferPointer,
        to descriptor: Int32
    ) throws(KeyRingCallFailure) -> Int {
        do {
            return try self.calls.write(descriptor, bytes)
        } catch {
            if error.number == EINTR { return 0 }
            throw error
        }
    }
}
