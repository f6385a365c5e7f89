import Glibc
package import MediaModel
package import NIOPosix

/// A data folder that is made of a back-up's folder.
///
/// It is filled under another name, `{folder}.restoring`, and renamed when it is whole: a service that is started too
/// early finds no folder, and not one without a catalog, in which it would begin anew.
package final class RestoredFolder: RestoreTarget {
    package let manifest: BackupManifest
    private let backup: BackupLayout
    private let folder: String
    private let filling: BackupLayout
    private let copier: BlobCopier
    private let lock: DataFolderLock

    private var calls: any FileSystemCalls { self.copier.copies.calls }

    private init(
        _ backup: BackupLayout,
        to folder: String,
        _ filling: BackupLayout,
        manifest: BackupManifest,
        copier: BlobCopier,
        lock: DataFolderLock
    ) {
        self.backup = backup
        self.folder = folder
        self.filling = filling
        self.manifest = manifest
        self.copier = copier
        self.lock = lock
    }

    /// Checks both folders. The back-up is only read, and may be on a medium that cannot be written; what an
    /// interrupted restore left is used.
    ///
    /// - Parameters:
    ///   - folder: where the data folder is to be: nothing, or an empty folder. Its parent must exist.
    ///   - backup: the back-up's folder.
    /// - Throws: ``BlobStoreError``; its `detail` says which folder and why.
    package static func open(
        _ folder: String,
        from backup: String,
        threadPool: NIOThreadPool = .singleton,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) async throws -> RestoredFolder {
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let source = BackupLayout(folder: backup)
        let manifest = try await threadPool.runBlocking {
            try Self.checkIsFree(folder, calls)
            return try Self.manifest(of: source, calls)
        }
        let filling = BackupLayout(folder: "\(folder).restoring")
        let lock = try await threadPool.runBlocking { try DataFolderLock.acquire(folder: filling.folder) }
        let copier = BlobCopier(
            from: FileBlobStore.reading(backup, threadPool: threadPool, calls: calls),
            to: try await FileBlobStore.open(folder: filling.folder, threadPool: threadPool, calls: calls)
        )
        return RestoredFolder(source, to: folder, filling, manifest: manifest, copier: copier, lock: lock)
    }

    package func blobs(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.copier.list(after: after, limit: limit)
    }

    package func take(_ id: BlobID) async throws -> BlobPassage { try await self.copier.take(id) }

    package func takeCatalog() async throws -> String {
        try await self.copier.copies.threadPool.runBlocking {
            // What a restore that was killed left of its catalog would be played into this one.
            for journal in BackupLayout.journals { try WholeFile.remove(self.filling.catalog + journal, self.calls) }
            // Never as a second name: the restored catalog is written to.
            try WholeFile.copy(self.backup.catalog, to: self.filling.catalog, self.calls)
            if try self.copier.source.fileFacts(at: self.backup.mirror) != nil {
                try WholeFile.copy(self.backup.mirror, to: self.filling.mirror, self.calls)
            }
            return self.filling.catalog
        }
    }

    package func commit() async throws {
        try await self.copier.sync()
        try await self.copier.copies.threadPool.runBlocking {
            // What reading the copied catalog left beside it.
            for journal in BackupLayout.journals { try WholeFile.remove(self.filling.catalog + journal, self.calls) }
            try FileBlobStore.syncFolder(self.filling.folder, self.calls)
            // Takes the place of an empty folder, and of nothing else.
            try self.calls.rename(self.filling.folder, to: self.folder)
            try FileBlobStore.syncFolder(WholeFile.folder(of: self.folder), self.calls)
        }
    }

    private static func checkIsFree(_ folder: String, _ calls: any FileSystemCalls) throws {
        guard try BackupLayout.contents(of: folder, calls).isEmpty else {
            throw BlobStoreError(
                .failed,
                detail: "the folder '\(folder)' is not empty; a back-up is restored into an empty folder, or one that "
                    + "is not there yet"
            )
        }
    }

    private static func manifest(of backup: BackupLayout, _ calls: any FileSystemCalls) throws -> BackupManifest {
        guard let manifest = try backup.readManifest(calls), manifest.createdAt != nil else {
            throw BlobStoreError(
                .failed,
                detail: "the folder '\(backup.folder)' holds no finished back-up: BACKUP.json is missing or says so"
            )
        }
        return manifest
    }
}
