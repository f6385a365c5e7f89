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
    private let place: RestorePlace
    private let filling: BackupLayout
    private let copier: BlobCopier
    private let lock: DataFolderLock

    private var calls: any FileSystemCalls { self.copier.copies.calls }

    private init(
        _ backup: BackupLayout,
        to place: RestorePlace,
        _ filling: BackupLayout,
        manifest: BackupManifest,
        copier: BlobCopier,
        lock: DataFolderLock
    ) {
        self.backup = backup
        self.place = place
        self.filling = filling
        self.manifest = manifest
        self.copier = copier
        self.lock = lock
    }

    /// Checks the back-up, which is only read, and may be on a medium that cannot be written. What an interrupted
    /// restore left is used.
    ///
    /// - Parameters:
    ///   - place: where the data folder is to be.
    ///   - backup: the back-up's folder.
    /// - Throws: ``BlobStoreError``; its `detail` says which folder and why.
    package static func open(
        _ place: RestorePlace,
        from backup: String,
        threadPool: NIOThreadPool = .singleton
    ) async throws -> RestoredFolder {
        let calls = place.calls
        let source = BackupLayout(folder: backup)
        let manifest = try await threadPool.runBlocking { try Self.manifest(of: source, calls) }
        let filling = BackupLayout(folder: place.filling)
        let lock = try await threadPool.runBlocking { try DataFolderLock.acquire(folder: filling.folder) }
        let copier = BlobCopier(
            from: FileBlobStore.reading(backup, threadPool: threadPool, calls: calls),
            to: try await FileBlobStore.open(folder: filling.folder, threadPool: threadPool, calls: calls)
        )
        return RestoredFolder(source, to: place, filling, manifest: manifest, copier: copier, lock: lock)
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
            try self.place.take()
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
