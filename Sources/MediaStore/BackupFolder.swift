import Glibc
package import MediaModel
package import NIOPosix

/// A back-up as a folder. ``BackupLayout`` draws it.
package final class BackupFolder: BackupTarget {
    package let manifest: BackupManifest?
    private let layout: BackupLayout
    private let copier: BlobCopier
    private let lock: DataFolderLock

    private var calls: any FileSystemCalls { self.copier.copies.calls }
    private var threadPool: NIOThreadPool { self.copier.copies.threadPool }

    private init(_ layout: BackupLayout, manifest: BackupManifest?, copier: BlobCopier, lock: DataFolderLock) {
        self.layout = layout
        self.manifest = manifest
        self.copier = copier
        self.lock = lock
    }

    /// Opens a folder with a back-up, or one without anything (its parent must exist), and holds it until the last
    /// reference goes.
    ///
    /// - Parameters:
    ///   - folder: an absolute path, on any file system.
    ///   - store: whose blobs are backed up.
    /// - Throws: ``BlobStoreError``; its `detail` says which folder and why: it holds other things, or another process
    ///   holds it.
    package static func open(
        _ folder: String,
        of store: FileBlobStore,
        threadPool: NIOThreadPool = .singleton,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) async throws -> BackupFolder {
        let layout = BackupLayout(folder: folder)
        let lock = try await threadPool.runBlocking { try DataFolderLock.acquire(folder: folder) }
        let manifest = try await threadPool.runBlocking { try Self.claim(layout, calls) }
        let copies = try await FileBlobStore.open(folder: folder, threadPool: threadPool, calls: calls)
        return BackupFolder(layout, manifest: manifest, copier: BlobCopier(from: store, to: copies), lock: lock)
    }

    package func blobs(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        try await self.copier.list(after: after, limit: limit)
    }

    package func take(_ id: BlobID) async throws -> BlobPassage { try await self.copier.take(id) }

    package func remove(_ id: BlobID) async throws { try await self.copier.copies.remove(id) }

    package func makeCatalogPath() async throws -> String {
        try await self.threadPool.runBlocking {
            let path = self.layout.nextCatalog
            for name in [path] + BackupLayout.journals.map({ path + $0 }) { try WholeFile.remove(name, self.calls) }
            return path
        }
    }

    /// The blobs first; then the catalog that names them, in one rename; then the manifest, whose figures are for
    /// people.
    package func commit(_ manifest: BackupManifest) async throws {
        try await self.copier.sync()
        try await self.threadPool.runBlocking {
            let next = self.layout.nextCatalog
            try WholeFile.sync(next, self.calls)
            // A journal beside a database is played into it when it is opened, also one that was not its own.
            for journal in BackupLayout.journals {
                try WholeFile.remove(next + journal, self.calls)
                try WholeFile.remove(self.layout.catalog + journal, self.calls)
            }
            try self.calls.rename(next, to: self.layout.catalog)
            try WholeFile.replace(self.layout.manifest, with: manifest.encoded(), self.calls)
        }
    }

    /// A folder without a manifest must be empty: in another one this would overwrite a catalog and remove blobs. Its
    /// manifest is written first, so that an interrupted back-up is known for what it is.
    private static func claim(_ layout: BackupLayout, _ calls: any FileSystemCalls) throws -> BackupManifest? {
        if let manifest = try layout.readManifest(calls) { return manifest.createdAt == nil ? nil : manifest }
        guard try BackupLayout.contents(of: layout.folder, calls).subtracting(["LOCK"]).isEmpty else {
            throw BlobStoreError(
                .failed,
                detail: "the folder '\(layout.folder)' is not empty and has no BACKUP.json; name a folder that is "
                    + "empty, not there yet, or holds a back-up"
            )
        }
        let unfinished = BackupManifest(createdAt: nil, catalog: nil, blobs: 0, sealedBytes: 0)
        try WholeFile.replace(layout.manifest, with: unfinished.encoded(), calls)
        return nil
    }
}
