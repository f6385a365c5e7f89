import FoundationEssentials
import Glibc
import MediaCatalog
import MediaModel

/// A catalog on its way to being that of a data folder. It has another name until it is whole, so that no service
/// starts on half of one.
struct RebuiltCatalog {
    /// What SQLite may leave beside a database.
    private static let journals = ["-wal", "-shm", "-journal"]

    let database: SQLiteCatalog
    private let path: String
    private let draft: String

    /// - Parameter path: where it is to be.
    /// - Throws: ``OfflineOriginError`` where there is a catalog already; ``CatalogError``.
    static func begin(_ path: String) async throws -> RebuiltCatalog {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw OfflineOriginError(
                .hasCatalog,
                "there is a catalog, '\(path)'; 'mediactl fsck' checks it. If it cannot be used, move it away (with "
                    + "its -wal and -shm), and keep it until the new one is found sound"
            )
        }
        let draft = "\(path).rebuilding"
        Self.remove(draft)
        return RebuiltCatalog(database: try await SQLiteCatalog.open(path: draft), path: path, draft: draft)
    }

    /// Closes it and gives it its name; it is durable on return. Throws ``CatalogError``.
    func finish() async throws {
        try await self.database.close()
        // A journal beside a database is played into it when it is opened, also one that was another's.
        Self.removeJournals(of: self.path)
        Self.removeJournals(of: self.draft)
        guard rename(self.draft, self.path) == 0 else { throw Self.failure("rename", self.path) }
        let folder = String(self.path[..<(self.path.lastIndex(of: "/") ?? self.path.endIndex)])
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("fsync", folder) }
    }

    /// Leaves nothing of it.
    func abandon() async {
        try? await self.database.close()
        Self.remove(self.draft)
    }

    private static func remove(_ path: String) {
        unlink(path)
        Self.removeJournals(of: path)
    }

    private static func removeJournals(of path: String) { for suffix in Self.journals { unlink(path + suffix) } }

    private static func failure(_ call: String, _ path: String) -> CatalogError {
        CatalogError(.failed, detail: "\(call) '\(path)': \(String(cString: strerror(errno)))")
    }
}
