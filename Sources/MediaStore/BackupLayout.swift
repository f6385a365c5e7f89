import Glibc
import MediaModel

/// Where things lie in the folder of a back-up.
///
/// ```
/// LOCK                    who writes into the folder (DataFolderLock)
/// BACKUP.json             what it is: BackupManifest
/// catalog.sqlite          a copy of the catalog
/// catalog.sqlite.new      the next one, while a back-up runs
/// envelope-keys.json      the mirror of the envelope keys (EnvelopeKeyMirror)
/// blobs/, incoming/       as in a data folder
/// ```
struct BackupLayout: Sendable {
    /// A manifest has a few hundred bytes.
    static let manifestBytesMax = 64 * 1024
    /// What a back-up never has, and a copy of the catalog may have got from whoever opened it.
    static let journals = ["-wal", "-shm", "-journal"]

    let folder: String

    var store: StoreLayout { StoreLayout(data: self.folder) }
    var manifest: String { "\(self.folder)/BACKUP.json" }
    var catalog: String { "\(self.folder)/catalog.sqlite" }
    var nextCatalog: String { "\(self.catalog).new" }
    var mirror: String { "\(self.folder)/envelope-keys.json" }

    /// The manifest of the folder; nil where it has none.
    ///
    /// - Throws: ``SystemFailure``; ``BlobStoreError`` `.failed` for one that this program does not understand.
    func readManifest(_ calls: any FileSystemCalls) throws -> BackupManifest? {
        guard let bytes = try WholeFile.read(self.manifest, bytesMax: Self.manifestBytesMax, calls) else { return nil }
        guard let manifest = try? BackupManifest(decoding: bytes) else {
            throw BlobStoreError(.failed, detail: "'\(self.manifest)' is not the manifest of a back-up")
        }
        guard manifest.format == BackupManifest.formatNow else {
            throw BlobStoreError(
                .failed,
                detail: "'\(self.manifest)' is of format \(manifest.format), made by \(manifest.product); this program "
                    + "knows format \(BackupManifest.formatNow)"
            )
        }
        return manifest
    }

    /// What is in a folder; nothing where it is not there.
    static func contents(
        of folder: String,
        _ calls: any FileSystemCalls
    ) throws(SystemFailure) -> Set<String> {
        do {
            return try Set(calls.names(in: folder)).subtracting([".", ".."])
        } catch let error where error.number == ENOENT {
            return []
        }
    }
}
