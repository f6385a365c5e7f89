import FoundationEssentials
package import MediaModel

/// Makes a data folder of a back-up, and checks it. The root keys are not in a back-up: whoever keeps them puts them
/// there, before or afterwards.
///
/// Versions may have been published after the back-up, and caches keep them for a year: their numbers, which the
/// catalog does not know, are skipped. Assets that it does not know have random ids, which do not come again.
package struct Restore: Sendable {
    /// How closely the restored folder is looked at.
    package enum Depth: Sendable {
        /// The catalog against itself, and whether every blob is there in its size. No key is needed.
        case quick
        /// All of it: every blob is opened, so the root keys must be at hand.
        case full
    }

    let target: any RestoreTarget
    let openCatalog: @Sendable (_ path: String) async throws -> CatalogCopy
    let check: @Sendable (_ depth: Depth, _ report: @escaping OperationReport) async throws -> Bool

    /// - Parameters:
    ///   - target: the data folder that is to be, and the back-up.
    ///   - openCatalog: opens the catalog at a path.
    ///   - check: checks the data folder, which has its name by then; its findings go to the report. Returns whether
    ///     all is as it should be.
    package init(
        to target: any RestoreTarget,
        openCatalog: @escaping @Sendable (_ path: String) async throws -> CatalogCopy,
        check: @escaping @Sendable (_ depth: Depth, _ report: @escaping OperationReport) async throws -> Bool
    ) {
        self.target = target
        self.openCatalog = openCatalog
        self.check = check
    }

    /// - Parameter report: `progress`, a `finding` for each blob that the back-up does not have or give, and what the
    ///   check says, then `done` with the counts `blobs`, `bytes`, `linked`, `copied`, `present` (brought by a restore
    ///   that was cut off), `damaged`, and `sound`.
    /// - Throws: an error of a port. There is no data folder then, unless it was the check that threw.
    package func callAsFunction(_ depth: Depth = .quick, report: @escaping OperationReport) async throws -> Restored {
        await report(self.beginning)
        let copy = try await self.openCatalog(try await self.target.takeCatalog())
        let transfer = try await copy.closing {
            try await copy.catalog.skipVersions()
            let transfer = BackupTransfer(to: self.target, report: report) { Self.reason(why: $0, $1) }
            return try await transfer(of: copy.catalog)
        }
        try await self.target.commit()
        // There is one last line, and it is ours.
        let isSound = try await self.check(depth) { line in
            await report(line.kind == .done ? OperationLine(.progress, line.text, fields: line.fields) : line)
        }
        let restored = Restored(transfer, depth, isSound: isSound && transfer.damaged == 0)
        await report(OperationLine(.done, restored.description, fields: restored.fields))
        return restored
    }

    /// What the back-up lacks must not be in the way of what it has: it may be all that is left. A disk that is full,
    /// or will not make data durable, is.
    private static func reason(why blob: BlobID, _ error: BlobStoreError) -> BackupTransfer.Lack {
        switch error.code {
        case .missing: .damaged(.absent)
        case .truncated, .failed: .damaged(.outOfReach)
        default: .fatal
        }
    }

    private var beginning: OperationLine {
        let manifest = self.target.manifest
        let createdAt = manifest.createdAt.map { $0.formatted(.iso8601) } ?? "an unknown time"
        return OperationLine(
            .progress,
            "a back-up of \(createdAt), made by version \(manifest.product): \(manifest.blobs) blobs, "
                + "\(manifest.sealedBytes) bytes",
            fields: ["blobsTotal": "\(manifest.blobs)", "bytesTotal": "\(manifest.sealedBytes)"]
        )
    }
}

/// What a restore came to.
package struct Restored: Hashable, Sendable, CustomStringConvertible {
    /// Blobs that the catalog names, and their bytes in the store.
    package let blobs: Int
    package let sealedBytes: Int
    /// Blobs that were brought: as another name of the same file, or as a copy.
    package let linked: Int
    package let copied: Int
    /// Blobs that a restore which was cut off had brought.
    package let present: Int
    /// Blobs that are named and could not be brought.
    package let damaged: Int
    /// How closely it was looked at.
    package let depth: Restore.Depth
    /// Whether all was brought, and the check found nothing.
    package let isSound: Bool

    init(_ transfer: BackupTransfer.Tally, _ depth: Restore.Depth, isSound: Bool) {
        self.blobs = transfer.blobs
        self.sealedBytes = transfer.sealedBytes
        self.linked = transfer.linked
        self.copied = transfer.copied
        self.present = transfer.present
        self.damaged = transfer.damaged
        self.depth = depth
        self.isSound = isSound
    }

    package var description: String {
        "\(self.blobs) blobs, \(self.sealedBytes) bytes: \(self.linked) linked, \(self.copied) copied, \(self.present) "
            + "were there, \(self.damaged) could not be brought; "
            + (self.isSound ? "the check found nothing" : "NOT all is as it should be, see the findings")
            + (self.depth == .full ? "" : Self.keyAdvice)
    }

    private static let keyAdvice =
        ". No back-up has the root keys, and none was used: before the service starts, put the key ring of that day "
        + "there, or name the KMS"

    var fields: [String: String] {
        [
            "blobs": "\(self.blobs)", "bytes": "\(self.sealedBytes)", "linked": "\(self.linked)",
            "copied": "\(self.copied)", "present": "\(self.present)", "damaged": "\(self.damaged)",
            "sound": "\(self.isSound)",
        ]
    }
}
