import MediaCatalog
import MediaModel
import MediaOrigin
import MediaSealing
import MediaStore
import SystemPackage

/// Back-ups, and what is made of them.
extension OperationTable {
    static let backupOperations = [backup, restore, rebuild]

    private static let backup = Operation(
        "backup",
        [OperationOption("to", .folder, isRequired: true), OperationOption("replace-other", .flag)],
        .onOrigin { tools, values, report in
            let folder = values.requiredText("to")
            let storage = tools.storage
            let backup = Backup(
                to: try await BackupFolder.open(folder, of: storage.files),
                mirror: EnvelopeKeyFile(folder: folder),
                of: tools.catalog,
                id: try await storage.database.id(),
                store: storage.store,
                replacesOther: values.isSet("replace-other")
            ) { path in
                try await storage.database.backup(to: path)
                return try await CatalogCopy.open(path)
            }
            _ = try await backup(report: report)
        }
    )

    private static let restore = Operation(
        "restore",
        [OperationOption("from", .folder, isRequired: true), OperationOption("full", .flag)],
        .onFolder { folder, values, report in
            let settings = folder.settings
            let place = try await RestorePlace.find(settings.dataDirectory, keeping: settings.keyRingName)
            // A check that cannot be done is better known before hours of copying than after them.
            if values.isSet("full") { try await folder.checkRootKeys() }
            let restore = Restore(
                to: try await RestoredFolder.open(place, from: values.requiredText("from")),
                openCatalog: CatalogCopy.open,
                check: { depth, report in
                    let check = RestoredCheck(folder: folder, report: report)
                    return switch depth {
                    case .quick: try await check.quickly()
                    case .full: try await check.fully()
                    }
                }
            )
            _ = try await restore(values.isSet("full") ? .full : .quick, report: report)
        }
    )
}

extension CatalogCopy {
    /// Opens a copy of the catalog that nobody else uses.
    fileprivate static func open(_ path: String) async throws -> CatalogCopy {
        let catalog = try await SQLiteCatalog.open(path: path)
        return CatalogCopy(catalog) { try await catalog.close() }
    }
}

extension Settings {
    /// What the key ring is called in the data folder; nil where it is elsewhere.
    fileprivate var keyRingName: String? {
        let ring = FilePath(self.keyRingPath).lexicallyNormalized()
        let folder = FilePath(self.dataDirectory).lexicallyNormalized()
        return ring.removingLastComponent() == folder ? ring.lastComponent?.string : nil
    }
}

extension OperationFolder {
    /// Throws ``KeyError`` where there are no root keys to open blobs with.
    fileprivate func checkRootKeys() async throws {
        let roots = try RootKeys.open(self.settings, mayCreate: false)
        await roots.close()
    }
}

/// Whether a data folder that was just restored is as it should be. Each check returns that, and reports what is not.
/// The restore still holds the folder.
private struct RestoredCheck {
    let folder: OperationFolder
    let report: OperationReport

    private var settings: Settings { self.folder.settings }

    /// The catalog against itself and the blobs' sizes: no key is at hand, and none is asked for.
    func quickly() async throws -> Bool {
        let data = self.settings.dataDirectory
        let store = try await FileBlobStore.open(folder: data)
        let copy = try await SQLiteCatalog.open(path: OriginStorage.catalogPath(self.settings))
        let vault = BlobVault(store: store, sealing: SealedBlobs(), keys: AbsentKeys())
        return try await withClosing {
            try await self.verify(copy, vault, AbsentKeys(), isQuick: true)
        } close: {
            try await copy.close()
        }
    }

    /// Every byte, with the keys.
    func fully() async throws -> Bool {
        let storage = try await OriginStorage.open(
            self.settings,
            for: [],
            holdsFolder: true,
            storageFailure: self.folder.storageFailure
        )
        return try await withClosing {
            try await self.verify(storage.catalog, storage.vault, storage.roots.provider, isQuick: false)
        } close: {
            await storage.close()
        }
    }

    private func verify(
        _ catalog: any Catalog,
        _ vault: BlobVault,
        _ provider: any KeyProvider,
        isQuick: Bool
    ) async throws -> Bool {
        let digests = Digests()
        let mend = Mend(
            catalog: catalog,
            vault: vault,
            // Never started: nothing is repaired here.
            renderer: LateWorkers(self.settings.workerPool, logger: self.folder.logger),
            limits: self.settings.image,
            digests: digests,
            cache: RenditionCache(bytesMax: 0)
        )
        let verify = Verify(catalog: catalog, vault: vault, provider: provider, digests: digests, mend: mend)
        return try await verify(Verify.Scope(isQuick: isQuick), report: self.report).isSound
    }
}
