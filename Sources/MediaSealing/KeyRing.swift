package import MediaModel
import NIOPosix
import Synchronization

/// The root keys of a machine, newest first: the first wraps envelope keys, all of them open what they wrapped.
///
/// They come from a key ring file (docs/BLOB-FORMAT.md, "Key ring file"), which is read once, and read again before it
/// is changed: an operator may have edited it meanwhile. Two processes must not change it at once; the lock of the data
/// folder keeps them apart.
///
/// A key of the ring is never two things under one context: where it wrapped data keys itself, before there were root
/// keys, it did so under another label.
package final class KeyRing: KeyProvider {
    /// Bytes of a key ring file at the most: room for a thousand keys.
    package static let fileBytesMax = 128 * 1024

    private let file: KeyRingFile
    /// Newest first, at least one.
    private let keys: Mutex<[EnvelopeKey]>
    /// Held from the reading of the file to the writing of it.
    private let changing = Mutex(())

    private init(_ file: KeyRingFile) throws(KeyError) {
        self.file = file
        self.keys = Mutex(try file.read().keys)
    }

    /// Reads the key ring file at `path`. Blocks the thread: it belongs into the start of a program.
    ///
    /// The file must be a regular file of ours that nobody else may touch, and no symbolic link.
    ///
    /// - Throws: ``KeyError/Code/badKeyRing``; `detail` names the file, the line and what was expected there, and never
    ///   quotes the file.
    package static func open(_ path: String, calls: any KeyRingCalls = LinuxKeyRingCalls()) throws -> KeyRing {
        try KeyRing(KeyRingFile(path, calls: calls))
    }

    /// Reads the key ring file at `path`, and makes one with a single random key where there is none. Blocks the
    /// thread.
    ///
    /// Two programs that start at once end with the same ring. On return the ring survives a power cut, so that no
    /// blob is ever sealed under a key that a power cut takes back.
    ///
    /// - Parameter mayCreate: false where something is stored already. A ring that is missing then was lost, or its
    ///   path is mistyped; a new one in its place would hide that until the first read fails.
    /// - Throws: ``KeyError/Code/badKeyRing``.
    package static func openOrCreate(
        _ path: String,
        mayCreate: Bool,
        calls: any KeyRingCalls = LinuxKeyRingCalls()
    ) throws -> KeyRing {
        let file = KeyRingFile(path, calls: calls)
        if file.isMissing {
            guard mayCreate else {
                let detail = """
                    there is no key ring, and a new one cannot open what is stored: restore the ring from its back-up, \
                    or set key.ring.path to where it is
                    """
                throw file.bad(detail)
            }
            try file.create()
        }
        // Also for a ring that was there: whoever made it may have died before its folder was durable.
        try file.syncFolder()
        let ring = try KeyRing(file)
        // Not before the ring is read: if it were damaged, such a file might be the last copy of its key.
        try file.removeLeftovers()
        return ring
    }

    /// The ids of all keys, newest first.
    package var ids: [EnvelopeKeyID] { self.keys.withLock { $0.map(\.id) } }

    package func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        let key = try EnvelopeKey.random(id: id)
        return (key, try await self.wrap(key, for: tenant))
    }

    package func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey {
        let root = self.keys.withLock { $0[0] }
        let context = EncryptionContext(key: key.id, tenant: tenant).authenticated
        let bytes = try Self.withKeyErrors { () throws(SealError) in
            let nonce = try SealingRandomness.system.wrapNonce()
            return try key.withBytes { (key) throws(SealError) in
                try KeyWrap.wrapAndCheck(key, under: root, nonce: nonce, context: context)
            }
        }
        return WrappedEnvelopeKey(rootKey: root.rootID, bytes: bytes)
    }

    package func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey {
        guard let root = self.key(wrapped.rootKey.description) else {
            throw KeyError(.unavailable, detail: "key '\(id)' needs the root key '\(wrapped.rootKey)': \(self.advice)")
        }
        let context = EncryptionContext(key: id, tenant: tenant).authenticated
        return try EnvelopeKey(id: id) { key in
            let isOpen = try Self.withKeyErrors { () throws(SealError) in
                try KeyWrap.unwrap(wrapped.bytes, under: root, context: context, into: key)
            }
            guard isOpen else {
                throw KeyError(
                    .mismatch,
                    detail: "what is kept of key '\(id)' was not wrapped for it and tenant '\(tenant)' under root key "
                        + "'\(wrapped.rootKey)'"
                )
            }
        }
    }

    package func currentRoot() async throws -> RootKeyID { self.keys.withLock { $0[0].rootID } }

    /// Puts the line of a new random key above all others. On return it survives a power cut.
    ///
    /// - Throws: ``KeyError/Code/badKeyRing`` where the file cannot be read or written; then the root key is the one of
    ///   before.
    package func rotateRoot() async throws -> RootKeyID {
        try await NIOThreadPool.singleton.runIfActive { try self.addRoot() }
    }

    /// Removes the line of a root key. Its bytes may stay on the disk until they are overwritten, and in backups of the
    /// file.
    ///
    /// - Throws: `.unsupported` for the current root key, `.unavailable` where there is no such line, `.badKeyRing`
    ///   where the file cannot be read or written.
    package func retireRoot(_ id: RootKeyID) async throws {
        try await NIOThreadPool.singleton.runIfActive { try self.removeRoot(id) }
    }

    package func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        guard let key = self.key(id.description) else {
            throw KeyError(.unavailable, detail: "no key '\(id)' in the key ring: \(self.advice)")
        }
        return key
    }

    private var advice: String { "put its line back into \(self.file.path) from a backup, and restart" }

    private func key(_ id: String) -> EnvelopeKey? {
        self.keys.withLock { keys in keys.first { $0.id.description == id } }
    }

    private static func withKeyErrors<Result>(_ body: () throws(SealError) -> Result) throws(KeyError) -> Result {
        do {
            return try body()
        } catch {
            throw KeyError(.unavailable, detail: error.detail)
        }
    }
}

extension KeyRing {
    private func addRoot() throws(KeyError) -> RootKeyID {
        try self.changing.withLock { (_) throws(KeyError) in
            let text = try self.readAgain()
            let taken = Set(text.keys.map(\.id))
            var id = try Self.randomID()
            while taken.contains(id) { id = try Self.randomID() }
            return try self.change(to: text.adding(.random(id: id)))[0].rootID
        }
    }

    private func removeRoot(_ id: RootKeyID) throws(KeyError) {
        try self.changing.withLock { (_) throws(KeyError) in
            let text = try self.readAgain()
            guard id != self.keys.withLock({ $0[0].rootID }), id != text.keys[0].rootID else {
                throw KeyError(.unsupported, detail: "'\(id)' is the current root key: make a new one first")
            }
            if let line = text.lines.first(where: { $0.key.rootID == id }) {
                _ = try self.change(to: text.removing(line))
                return
            }
            guard self.key(id.description) != nil else {
                throw KeyError(.unavailable, detail: "no root key '\(id)' in the key ring")
            }
            // Somebody else removed the line, or we did and could not sync the folder.
            try self.file.syncFolder()
            self.keys.withLock { $0 = text.keys }
        }
    }

    /// The file as it is now. Throws where it cannot be read, or has other keys under the ids that we know: to write
    /// then would make somebody's mistake final.
    private func readAgain() throws(KeyError) -> KeyRingText {
        let text = try self.file.read()
        for key in text.keys {
            guard let known = self.key(key.id.description) else { continue }
            let isSame = known.withBytes { known in key.withBytes { constantTimeEqual(known, $0) } }
            guard isSame else {
                throw self.file.bad("key '\(key.id)' is not the one that was read at the start; expected a new id")
            }
        }
        return text
    }

    /// Writes the file and goes by it.
    ///
    /// - Returns: its keys.
    private func change(to text: consuming SecretBytes) throws(KeyError) -> [EnvelopeKey] {
        try self.file.checkSize(text.count)
        // Nothing is written that would not be read.
        let parsed = try KeyRingText(parsing: text, path: self.file.path)
        let keys = parsed.keys
        try self.file.replace(with: parsed.text)
        self.keys.withLock { $0 = keys }
        return keys
    }
}
