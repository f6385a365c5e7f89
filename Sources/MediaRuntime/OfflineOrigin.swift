import ArgumentParser
import FoundationEssentials
import Glibc
package import Logging
import MediaModel
package import MediaOrigin

/// Operations without a service: this process takes the data folder for as long as one lasts.
package enum OfflineOrigin {
    /// Runs an operation to its last line, as ``OperationTable/run(_:_:report:)`` does.
    ///
    /// - Throws: ``OperationOptionsError``; ``OfflineOriginError`` where the folder cannot be had; an error of a port
    ///   where it cannot be opened. Nothing was done then.
    package static func run(
        _ name: String,
        _ options: [String: String],
        settings: Settings,
        logger: Logger,
        report: @escaping OperationReport
    ) async throws {
        let operation = try OperationTable.operation(name)
        let values = try OperationValues(options, for: operation)
        try FolderOwner.check(settings.dataDirectory)
        ProcessMemory.keepPrivate(logger)
        try await withLogger(logger) { logger in
            switch operation.work {
            case .onOrigin: try await Self.run(name, options, on: settings, logger, report)
            case .onFolder(let work):
                let folder = OperationFolder(
                    settings: settings,
                    logger: logger,
                    storageFailure: Self.storageFailure
                )
                try await OperationRunner(report).run { try await work(folder, values, $0) }
            }
        }
    }

    private static func run(
        _ name: String,
        _ options: [String: String],
        on settings: Settings,
        _ logger: Logger,
        _ report: @escaping OperationReport
    ) async throws {
        let storage = try await Self.open(settings)
        let workers = LateWorkers(settings.workerPool, logger: logger)
        let tools = OperationTools(
            storage,
            renderer: workers,
            // Nobody reads from it before this process ends.
            cache: RenditionCache(bytesMax: 0),
            settings: settings
        )
        try await withClosing {
            try await OperationTable(tools).run(name, options, report: report)
        } close: {
            await workers.shutdown()
            await storage.close()
        }
    }

    private static func open(_ settings: Settings) async throws -> OriginStorage {
        // A path that was mistyped must not become a new data folder, with keys of its own.
        guard FileManager.default.fileExists(atPath: OriginStorage.catalogPath(settings)) else {
            throw OfflineOriginError(
                .noCatalog,
                "there is no catalog in the data folder '\(settings.dataDirectory)'; say where the folder is with "
                    + "--data-dir, or start with 'mediad serve', 'mediactl restore' or 'mediactl fsck --rebuild'"
            )
        }
        do {
            // No tenant's keys are kept at hand: no upload comes, and a look at the keys must not make one.
            return try await OriginStorage.open(settings, for: [], storageFailure: Self.storageFailure)
        } catch let error as BlobStoreError where error.code == .inUse {
            throw OfflineOriginError(.folderInUse, error.detail)
        }
    }

    private static let storageFailure = StorageFailure { detail in
        CommandExit.complain(
            "mediactl: data could not be made durable: \(detail); look at the disk, and run it again from what is on it"
        )
        // Not `exit`: nothing may run any more that still believes in what is in memory.
        _exit(CommandExit.failed.rawValue)
    }
}

/// What an operation has that works on a data folder nobody has open.
package struct OperationFolder: Sendable {
    let settings: Settings
    let logger: Logger
    let storageFailure: StorageFailure
}

/// Why this process cannot have the data folder.
package struct OfflineOriginError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// Another process has it.
        package static let folderInUse = Code(description: "folder-in-use")
        /// There is nothing to work on.
        package static let noCatalog = Code(description: "no-catalog")
        /// There is one already.
        package static let hasCatalog = Code(description: "has-catalog")
        /// The folder is another user's.
        package static let otherUser = Code(description: "other-user")
    }

    package let code: Code
    /// What happened, where, and what to do.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package var debugDescription: String { self.description }
}
