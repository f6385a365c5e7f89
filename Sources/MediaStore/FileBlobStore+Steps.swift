import FoundationEssentials
import Glibc
import MediaModel

extension FileBlobStore {
    /// Makes what is missing and syncs it. Nothing is remembered of an earlier start: it may have been cut off between
    /// making the folders and syncing them, and syncing what is clean costs next to nothing.
    static func makeFolders(_ layout: StoreLayout, _ calls: any FileSystemCalls) throws(SystemFailure) {
        for folder in [layout.data, layout.blobs, layout.incoming] + StoreLayout.shards.map(layout.shard) {
            do {
                try calls.makeFolder(folder, mode: StoreLayout.folderMode)
            } catch let error where error.number == EEXIST {
                continue
            }
        }
        for folder in [layout.blobs, layout.data] { try Self.syncFolder(folder, calls) }
        do {
            // The data folder's own name may be new, too.
            try Self.syncFolder("\(layout.data)/..", calls)
        } catch let error where error.number == EACCES {
            // Whoever made it there for us, and lets us not look, has done so before.
            return
        }
    }

    static func syncFolder(_ path: String, _ calls: any FileSystemCalls) throws(SystemFailure) {
        let folder = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC, calls: calls)
        try calls.sync(folder.descriptor)
        try folder.close()
    }

    static func removeLeftovers(_ layout: StoreLayout, _ calls: any FileSystemCalls) throws(SystemFailure) {
        for name in try calls.names(in: layout.incoming) where name.hasSuffix(".part") {
            try calls.unlink("\(layout.incoming)/\(name)")
        }
    }

    /// Tries once, at start, so that all drafts of a process are of one kind.
    static func draftKind(_ layout: StoreLayout, _ calls: any FileSystemCalls) throws(SystemFailure) -> DraftKind {
        let file: OpenFile
        do {
            file = try Self.openUnnamed(in: layout.blobs, calls)
        } catch  where [EOPNOTSUPP, EISDIR, EINVAL].contains(error.number) {
            return .named
        }
        do {
            // An unnamed file gets its name through /proc, which a container may lack.
            _ = try calls.facts(at: Self.procPath(of: file))
        } catch let error where error.number == ENOENT {
            return .named
        }
        return .unnamed
    }

    static func openUnnamed(
        in folder: String,
        _ calls: any FileSystemCalls
    ) throws(SystemFailure) -> OpenFile {
        let flags = LinuxFileSystem.unnamedFile | O_WRONLY | O_CLOEXEC
        return try OpenFile(folder, flags: flags, mode: StoreLayout.fileMode, calls: calls)
    }

    static func procPath(of file: OpenFile) -> String { "/proc/self/fd/\(file.descriptor)" }

    /// - Parameter id: what the blob will be called, where that is known: a file system looks for a free inode near the
    ///   folder that a file is made in, and with all drafts in one folder it looked ever longer (half a millisecond on
    ///   ext4 after many removals). linkat(2) works across the folders of one file system, so any other will do.
    func openDraft(near id: BlobID?) throws(SystemFailure) -> DraftFile {
        switch self.drafts {
        case .unnamed:
            let folder = self.layout.shard(of: id ?? .make())
            return DraftFile(file: try Self.openUnnamed(in: folder, self.calls), name: nil)
        case .named:
            let path = self.layout.draft(BlobID.make().description)
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
            let file = try OpenFile(path, flags: flags, mode: StoreLayout.fileMode, calls: self.calls)
            return DraftFile(file: file, name: path)
        }
    }

    /// Sets the space aside, so that a full disk is noticed before the body is taken.
    ///
    /// - Returns: how long the file is now: 0 where the file system cannot reserve.
    func reserve(_ bytes: Int, for file: OpenFile) throws(SystemFailure) -> Int {
        if bytes <= 0 { return 0 }
        // Asked first: reserving takes all there is before it fails, and the catalog's next commit needs a little.
        if try self.calls.room(at: self.layout.blobs).free < bytes {
            throw SystemFailure("statvfs", number: ENOSPC)
        }
        do {
            try self.calls.retrying { () throws(SystemFailure) in
                try self.calls.reserve(file.descriptor, bytes: bytes)
            }
            return bytes
        } catch let error where error.number == EOPNOTSUPP {
            return 0
        }
    }

    /// The ids of one folder in order. What is no blob's name, or lies in the wrong folder, is not ours.
    func ids(in shard: String, after: BlobID?) throws(SystemFailure) -> [BlobID] {
        try self.calls.names(in: self.layout.shard(shard)).filter { $0.hasPrefix(shard) }.compactMap { BlobID($0) }
            .filter { id in after.map { $0 < id } ?? true }.sorted()
    }

    /// Nil for what was removed since its name was read, and for what is no file.
    func storedBlob(_ id: BlobID) throws(SystemFailure) -> StoredBlob? {
        guard let facts = try self.fileFacts(at: self.layout.path(of: id)) else { return nil }
        let modifiedAt = Date(timeIntervalSince1970: facts.modifiedAt)
        return StoredBlob(id: id, sealedBytes: facts.bytes, modifiedAt: modifiedAt)
    }

    /// Nil for what is no file, or not there.
    func fileFacts(at path: String) throws(SystemFailure) -> FileFacts? {
        do {
            let facts = try self.calls.facts(at: path)
            return facts.isRegularFile ? facts : nil
        } catch let error where error.number == ENOENT {
            return nil
        }
    }
}

/// A draft's file and, where it has one, its name.
struct DraftFile: Sendable {
    let file: OpenFile
    /// A path in `incoming/`, or nil for an unnamed file.
    let name: String?
    /// The length that reserving has given the file.
    var bytesReserved = 0

    /// What linkat(2) can take.
    var path: String { self.name ?? FileBlobStore.procPath(of: self.file) }

    /// Best effort: an unnamed file goes with its descriptor, a named one that stays is removed at the next start.
    func throwAway(_ calls: any FileSystemCalls) {
        try? self.file.close()
        if let name = self.name { try? calls.unlink(name) }
    }
}
