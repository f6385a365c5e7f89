import FoundationEssentials
import MediaCatalog
import MediaModel
import MediaOrigin
import MediaSealing
import MediaStore

/// A new catalog, made of what the blobs say of themselves.
extension OperationTable {
    static let rebuild = Operation(
        "rebuild",
        [OperationOption("wraps", .folder)],
        .onFolder { folder, values, report in
            let lock = try DataFolderLock.acquire(folder: folder.settings.dataDirectory)
            defer { lock.release() }
            try await Rebuilding(folder: folder, backup: values.text("wraps"), report: report).run()
        }
    )
}

/// One rebuild, from what it needs to the catalog in its place. The caller holds the data folder.
private struct Rebuilding {
    let folder: OperationFolder
    /// A back-up whose catalog knows data keys that were wrapped anew; an absolute path.
    let backup: String?
    let report: OperationReport

    private var settings: Settings { self.folder.settings }

    func run() async throws {
        let catalog = try await RebuiltCatalog.begin(OriginStorage.catalogPath(self.settings))
        do {
            let roots = try RootKeys.open(self.settings, mayCreate: false)
            try await withClosing {
                try await self.fill(catalog.database, roots)
            } close: {
                await roots.close()
            }
        } catch {
            await catalog.abandon()
            throw error
        }
        try await catalog.finish()
    }

    private func fill(_ database: SQLiteCatalog, _ roots: RootKeys) async throws {
        let older = try await OlderCatalog.open(self.backup, beside: OriginStorage.catalogPath(self.settings))
        let workers = LateWorkers(self.settings.workerPool, logger: self.folder.logger)
        try await withClosing {
            let rebuild = try await self.rebuild(database, roots, older: older?.database, workers)
            _ = try await rebuild(report: self.report)
        } close: {
            await workers.shutdown()
            await older?.close()
        }
    }

    private func rebuild(
        _ database: SQLiteCatalog,
        _ roots: RootKeys,
        older: SQLiteCatalog?,
        _ workers: LateWorkers
    ) async throws -> Rebuild {
        let data = self.settings.dataDirectory
        let files = try await FileBlobStore.open(folder: data)
        return Rebuild(
            store: MeteredBlobStore(files, storageFailure: self.folder.storageFailure),
            sealing: SealedBlobs(),
            mirror: EnvelopeKeyFile(folder: data),
            provider: roots.provider,
            renderer: workers,
            digests: Digests(),
            limits: self.settings.image,
            presets: self.settings.presets,
            older: older,
            addKey: { try await database.add($0) },
            insert: { asset, tenant, versions, last in
                try await database.insertRestored(asset: asset, tenant: tenant, versions: versions, last: last)
            },
            keep: { _ = try await database.keep($0, of: $1, quota: .none, oneOffsMax: nil) }
        )
    }
}

/// The catalog of a back-up, to be looked into: a copy, because opening it writes, and a back-up is not written to.
private struct OlderCatalog {
    let database: SQLiteCatalog
    private let path: String

    /// - Parameters:
    ///   - backup: its folder; nil: there is none.
    ///   - path: of the data folder's catalog; the copy lies beside it as long as it is open.
    /// - Throws: ``OfflineOriginError`` where the folder has no catalog; ``CatalogError``.
    static func open(_ backup: String?, beside path: String) async throws -> OlderCatalog? {
        guard let backup else { return nil }
        let source = "\(backup)/catalog.sqlite"
        let copy = "\(path).older"
        Self.remove(copy)
        do {
            try FileManager.default.copyItem(atPath: source, toPath: copy)
        } catch {
            throw OfflineOriginError(.noCatalog, "the catalog '\(source)' of the back-up cannot be copied: \(error)")
        }
        return OlderCatalog(database: try await SQLiteCatalog.open(path: copy), path: copy)
    }

    func close() async {
        try? await self.database.close()
        Self.remove(self.path)
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}
