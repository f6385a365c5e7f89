import FoundationEssentials
package import MediaModel

/// Backs a running service up: a copy of the catalog, the blobs that this copy names, and the envelope keys as they are
/// wrapped. Not the root keys: whoever has both can read every picture, so they are kept apart.
///
/// The catalog is copied first, then the blobs are taken that the copy names. A blob that is erased in between is what
/// the copy promises and the store no longer has; then the catalog is copied once more, and what was taken stays taken,
/// so that each round is a fraction of the one before. What the folder held before is a whole back-up until the last
/// step; what is cut off is gone on with by the next one.
///
/// A back-up of another catalog is not replaced unasked: a service that starts without its data disk begins a new and
/// empty catalog, and the next back-up of it would remove every blob of the good one.
package struct Backup: Sendable {
    /// Copies of the catalog that one back-up makes at the most.
    package static let roundsMax = 5

    let target: any BackupTarget
    let mirror: any EnvelopeKeyMirror
    let catalog: any Catalog
    let store: any BlobStore
    let id: CatalogID
    let replacesOther: Bool
    let copyCatalog: @Sendable (_ path: String) async throws -> CatalogCopy

    /// - Parameters:
    ///   - target: the folder of the back-up.
    ///   - mirror: that of the back-up, not of the service.
    ///   - catalog: that of the service.
    ///   - id: that of `catalog`.
    ///   - store: that of the service, which `target` takes blobs of.
    ///   - replacesOther: whether the back-up of another catalog that the folder holds is replaced.
    ///   - copyCatalog: copies the catalog, as it is when it is called or later, to a path at which nothing is, and
    ///     opens the copy.
    package init(
        to target: any BackupTarget,
        mirror: any EnvelopeKeyMirror,
        of catalog: any Catalog,
        id: CatalogID,
        store: any BlobStore,
        replacesOther: Bool = false,
        copyCatalog: @escaping @Sendable (_ path: String) async throws -> CatalogCopy
    ) {
        self.target = target
        self.mirror = mirror
        self.catalog = catalog
        self.id = id
        self.store = store
        self.replacesOther = replacesOther
        self.copyCatalog = copyCatalog
    }

    /// - Parameter report: a `finding` for each blob that could not be backed up because it is damaged, `progress`
    ///   about once a second, then `done` with the counts `blobs` and `bytes` (that the copy of the catalog names),
    ///   `linked`, `copied`, `present` (taken by an earlier back-up), `removed`, `damaged` and `rounds`.
    /// - Throws: an error of a port; ``OriginError/Code/backupOfAnother``, before anything is changed;
    ///   ``OriginError/Code/backupUnsettled``. The folder then has the back-up that it had before, unless it is the
    ///   removal of old blobs that failed: then it has the new one.
    package func callAsFunction(report: @escaping OperationReport) async throws -> BackedUp {
        try self.checkIsOurs()
        for round in 1...Self.roundsMax {
            let (createdAt, transfer) = try await self.takeBlobs(report)
            guard transfer.erased == 0 else {
                await report(Self.anotherRound(after: round, erased: transfer.erased))
                continue
            }
            let manifest = BackupManifest(
                createdAt: createdAt,
                catalog: self.id,
                blobs: transfer.blobs,
                sealedBytes: transfer.sealedBytes
            )
            try await self.target.commit(manifest)
            let removed = try await self.remove(transfer.surplus)
            let backedUp = BackedUp(transfer, removed: removed, rounds: round)
            await report(OperationLine(.done, backedUp.description, fields: backedUp.fields))
            return backedUp
        }
        throw OriginError(
            .backupUnsettled,
            detail:
                "in each of \(Self.roundsMax) rounds blobs were erased after the catalog had been copied; the folder "
                + "has the back-up that it had before; run it again, it goes on from what was taken"
        )
    }

    /// One that was never whole is nobody's. One from before catalogs had ids cannot be told from another's.
    private func checkIsOurs() throws {
        guard let manifest = self.target.manifest, manifest.catalog != self.id, !self.replacesOther else { return }
        let createdAt = manifest.createdAt.map { " of \($0.formatted(.iso8601))" } ?? ""
        let other = manifest.catalog?.description ?? "without an id"
        throw OriginError(
            .backupOfAnother,
            detail:
                "the folder holds a back-up\(createdAt) of another catalog (\(other)), \(manifest.blobs) blobs; this "
                + "one is \(self.id). Is data.dir the right folder, and is its disk there? If so, name another folder, "
                + "or replace that back-up for good with the option replace-other"
        )
    }

    /// One round: a copy of the catalog, the keys, and every blob that the copy names.
    private func takeBlobs(_ report: @escaping OperationReport) async throws -> (Date, BackupTransfer.Tally) {
        let createdAt = Date()
        let copy = try await self.copyCatalog(try await self.target.makeCatalogPath())
        return try await copy.closing {
            // Also for the back-up that was there before: its catalog has keys of its own, the mirror is only for when
            // a catalog is lost.
            try await self.mirror.write(try await copy.catalog.envelopeKeys())
            let transfer = BackupTransfer(to: self.target, report: report) { try await self.reason(why: $0, $1) }
            return (createdAt, try await transfer(of: copy.catalog))
        }
    }

    /// Why the store did not give a blob. Throws what is not about the blob: the back-up's disk is full, say.
    private func reason(why blob: BlobID, _ error: BlobStoreError) async throws -> BackupTransfer.Lack {
        switch error.code {
        case .missing:
            // Rows go before files: a blob that was erased, replaced or sealed anew has no row by now.
            return try await self.catalog.known(among: [blob]).isEmpty ? .erased : .damaged(.absent)
        case .truncated, .failed:
            // One bad sector must not be in the way of all the rest, least of all on a disk that begins to fail.
            return try await self.isReadable(blob) ? .fatal : .damaged(.outOfReach)
        default:
            return .fatal
        }
    }

    private func isReadable(_ id: BlobID) async throws -> Bool {
        do {
            let blob = try await self.store.open(id)
            var position = 0
            while position < blob.sealedBytes {
                try Task.checkCancellation()
                let end = min(blob.sealedBytes, position + SealedBlobReader.readBytesMax)
                _ = try await blob.read(position..<end)
                position = end
            }
            return true
        } catch is BlobStoreError {
            return false
        }
    }

    /// Only now: until the commit they belonged to the back-up before.
    private func remove(_ surplus: [BlobID]) async throws -> Int {
        for blob in surplus {
            try Task.checkCancellation()
            try await self.target.remove(blob)
        }
        return surplus.count
    }

    private static func anotherRound(after round: Int, erased: Int) -> OperationLine {
        OperationLine(
            .progress,
            "\(erased) blobs were erased after the catalog had been copied; it is copied again "
                + "(round \(round + 1) of at "
                + "most \(Self.roundsMax))",
            fields: ["round": "\(round + 1)", "erased": "\(erased)"]
        )
    }
}

/// What a back-up came to.
package struct BackedUp: Hashable, Sendable, CustomStringConvertible {
    /// Blobs that its catalog names, and their bytes in the store.
    package let blobs: Int
    package let sealedBytes: Int
    /// Blobs that were taken: as another name of the same file, or as a copy.
    package let linked: Int
    package let copied: Int
    /// Blobs that an earlier back-up into the folder had taken.
    package let present: Int
    /// Blobs of earlier back-ups that this one does not name.
    package let removed: Int
    /// Blobs that are named and could not be taken.
    package let damaged: Int
    /// Copies of the catalog that it took, 1 or more.
    package let rounds: Int

    init(_ transfer: BackupTransfer.Tally, removed: Int, rounds: Int) {
        self.blobs = transfer.blobs
        self.sealedBytes = transfer.sealedBytes
        self.linked = transfer.linked
        self.copied = transfer.copied
        self.present = transfer.present
        self.removed = removed
        self.damaged = transfer.damaged
        self.rounds = rounds
    }

    package var description: String {
        "\(self.blobs) blobs, \(self.sealedBytes) bytes: \(self.linked) linked, \(self.copied) copied, \(self.present) "
            + "were there; \(self.removed) old ones removed"
            + (self.damaged == 0 ? "" : "; \(self.damaged) damaged blobs are NOT in it, see the findings")
            + ". The root keys (key ring, or KMS) are NOT in it: keep them apart, nothing opens without them"
    }

    var fields: [String: String] {
        [
            "blobs": "\(self.blobs)", "bytes": "\(self.sealedBytes)", "linked": "\(self.linked)",
            "copied": "\(self.copied)", "present": "\(self.present)", "removed": "\(self.removed)",
            "damaged": "\(self.damaged)", "rounds": "\(self.rounds)",
        ]
    }
}

/// A catalog in a file of its own that nobody else uses.
package struct CatalogCopy: Sendable {
    let catalog: any Catalog
    private let close: @Sendable () async throws -> Void

    /// - Parameter close: ends all use of the file; what it leaves beside it is not needed.
    package init(_ catalog: any Catalog, close: @escaping @Sendable () async throws -> Void) {
        self.catalog = catalog
        self.close = close
    }

    /// Closes the copy when `body` ends, however it does.
    func closing<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await withClosing(body, close: self.close)
    }
}

extension OriginError.Code {
    /// Blobs were erased faster than they could be backed up.
    package static let backupUnsettled = OriginError.Code(description: "backup-unsettled")
    /// The folder holds the back-up of another catalog.
    package static let backupOfAnother = OriginError.Code(description: "backup-of-another")
}
