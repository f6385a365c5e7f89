import MediaModel

/// Brings the blobs that a catalog names to where they are copied: into a back-up, or out of one. Copies that are there
/// in the right size are left alone, so that it goes on where an earlier one stopped.
///
/// It holds a page of rows at a time, and the ids of copies that are not named.
struct BackupTransfer: Sendable {
    /// Blobs that are taken at once.
    static let width = 8

    /// Why a blob was not taken.
    enum Lack: Sendable {
        /// It is no longer needed.
        case erased
        case damaged(Damage)
        /// It is not about the blob: the whole must stop.
        case fatal
    }

    /// What a transfer came to.
    struct Tally: Sendable {
        /// Blobs that the catalog names, and their bytes in the store.
        var blobs = 0
        var sealedBytes = 0
        var present = 0
        var linked = 0
        var copied = 0
        var erased = 0
        var damaged = 0
        /// Copies that the catalog does not name.
        var surplus: [BlobID] = []
    }

    private let copies: any BlobCopies
    private let report: OperationReport
    private let judge: @Sendable (BlobID, BlobStoreError) async throws -> Lack

    /// - Parameter judge: says why a blob could not be taken.
    init(
        to copies: any BlobCopies,
        report: @escaping OperationReport,
        judge: @escaping @Sendable (BlobID, BlobStoreError) async throws -> Lack
    ) {
        self.copies = copies
        self.report = report
        self.judge = judge
    }

    /// - Parameter catalog: one that does not change.
    /// - Throws: ``CatalogError``, ``BlobStoreError``, `CancellationError`; what `judge` throws.
    func callAsFunction(of catalog: any Catalog) async throws -> Tally {
        var tally = Tally()
        var progress = ProgressClock()
        let totals = try await catalog.blobTotals()
        var copies = Pages({ try await self.copies.blobs(after: $0, limit: $1) }).rows
        for try await page in Pages({ try await catalog.blobs(after: $0, limit: $1) }) {
            var lacking: [BlobRecord] = []
            for record in page {
                tally.blobs += 1
                tally.sealedBytes += record.sealedBytes
                while let copy = try await copies.peek(), copy.id < record.id {
                    tally.surplus.append(copy.id)
                    _ = try await copies.next()
                }
                guard let copy = try await copies.peek(), copy.id == record.id else {
                    lacking.append(record)
                    continue
                }
                _ = try await copies.next()
                // A copy that an earlier one cut off has no name, so this is what a disk or a person did to it.
                if copy.sealedBytes == record.sealedBytes { tally.present += 1 } else { lacking.append(record) }
            }
            try await self.take(lacking, &tally)
            if progress.isDue() { await self.report(tally.progress(of: totals)) }
        }
        while let copy = try await copies.next() { tally.surplus.append(copy.id) }
        return tally
    }

    /// ``width`` of them at a time.
    private func take(_ records: [BlobRecord], _ tally: inout Tally) async throws {
        try await withThrowingTaskGroup(of: (BlobRecord, Taken).self) { group in
            var waiting = records[...]
            func start() {
                guard let record = waiting.popFirst() else { return }
                group.addTask { (record, try await self.take(record.id)) }
            }
            for _ in 0..<Self.width { start() }
            while let (record, taken) = try await group.next() {
                start()
                switch taken {
                case .by(.linked): tally.linked += 1
                case .by(.copied): tally.copied += 1
                case .not(.damaged(let damage), let error):
                    tally.damaged += 1
                    await self.report(.finding(on: record, damage, error.detail))
                case .not(.erased, _): tally.erased += 1
                case .not(.fatal, let error): throw error
                }
            }
        }
    }

    private enum Taken: Sendable {
        case by(BlobPassage)
        case not(Lack, BlobStoreError)
    }

    private func take(_ id: BlobID) async throws -> Taken {
        do {
            return .by(try await self.copies.take(id))
        } catch let error as BlobStoreError {
            return .not(try await self.judge(id, error), error)
        }
    }
}

extension BackupTransfer.Tally {
    fileprivate func progress(of totals: BlobTotals) -> OperationLine {
        OperationLine(
            .progress,
            "\(self.blobs) of \(totals.blobs) blobs, \(self.sealedBytes) of \(totals.sealedBytes) bytes",
            fields: [
                "blobs": "\(self.blobs)", "blobsTotal": "\(totals.blobs)",
                "bytes": "\(self.sealedBytes)", "bytesTotal": "\(totals.sealedBytes)",
            ]
        )
    }
}

extension OperationLine {
    /// A blob that is in the catalog and cannot be had.
    fileprivate static func finding(on record: BlobRecord, _ damage: Damage, _ detail: String) -> OperationLine {
        let identity = record.sealedAs
        return OperationLine(
            .finding,
            "\(damage.code): blob \(record.id) (\(identity.variant) of "
                + "\(identity.asset)/v\(identity.version)): \(detail)",
            fields: [
                "code": damage.code, "blob": "\(record.id)", "asset": "\(identity.asset)",
                "version": "\(identity.version)", "variant": identity.variant,
            ]
        )
    }
}

extension Damage {
    /// There is no blob of that id.
    static let absent = Damage(code: BlobStoreError.Code.missing.description)
    /// The medium does not give the bytes. The code is that of a check.
    static let outOfReach = Damage(code: "read-failed")
}
