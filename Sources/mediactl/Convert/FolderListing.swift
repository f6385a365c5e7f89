import Glibc

/// Looks into folders and at files. Every function blocks: none runs on the cooperative pool.
enum FolderListing {
    enum Kind {
        case folder
        case file
        /// Symbolic links too: in folders they are not followed, for they may lead anywhere, and round in circles.
        case other
    }

    /// Which file it is, whatever it is called.
    struct Identity: Hashable {
        let device: UInt
        let number: UInt
    }

    /// Calls `body` with the bytes of each name in the folder and with what it is; hidden ones are left out.
    ///
    /// - Returns: the system's number for why not all could be read; nil where it could.
    static func forEach(in folder: String, _ body: (UnsafeBufferPointer<UInt8>, Kind) -> Void) -> CInt? {
        guard let stream = opendir(folder.isEmpty ? "." : folder) else { return errno }
        defer { closedir(stream) }
        guard let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) else { return ENOTSUP }
        while true {
            // The end and an error are both nil.
            errno = 0
            guard let entry = readdir(stream) else { return errno == 0 ? nil : errno }
            let text = UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: UInt8.self)
            if text[0] == UInt8(ascii: ".") { continue }
            let name = UnsafeBufferPointer(
                start: text,
                count: strlen(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self))
            )
            let kind: Kind =
                switch Int(entry.pointee.d_type) {
                case Int(DT_DIR): .folder
                case Int(DT_REG): .file
                // Some file systems do not say.
                case Int(DT_UNKNOWN): Self.kind(of: name, in: dirfd(stream))
                default: .other
                }
            body(name, kind)
        }
    }

    private static func kind(of name: UnsafeBufferPointer<UInt8>, in folder: CInt) -> Kind {
        var facts = stat()
        let path = UnsafeRawPointer(name.baseAddress)?.assumingMemoryBound(to: CChar.self)
        guard let path, fstatat(folder, path, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
        return Self.kind(facts)
    }

    /// Links are followed.
    static func kind(of path: String) -> Kind? { Self.facts(path).map(Self.kind) }

    /// 0 where it is not there any more.
    static func bytes(of path: String) -> Int { Self.facts(path).map { Int($0.st_size) } ?? 0 }

    /// Nil for what is not there.
    static func identity(of path: String) -> Identity? {
        Self.facts(path).map { Identity(device: UInt($0.st_dev), number: UInt($0.st_ino)) }
    }

    private static func facts(_ path: String) -> stat? {
        var facts = stat()
        return fstatat(AT_FDCWD, path.isEmpty ? "." : path, &facts, 0) == 0 ? facts : nil
    }

    private static func kind(_ facts: stat) -> Kind {
        switch facts.st_mode & S_IFMT {
        case S_IFDIR: .folder
        case S_IFREG: .file
        default: .other
        }
    }
}
