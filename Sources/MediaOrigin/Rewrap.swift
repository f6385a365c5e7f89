package import MediaModel

/// Moves what is wrapped under older keys to the current ones, and touches no blob: envelope keys to the current root
/// key, data keys to their tenant's current envelope key. Afterwards the older keys can be retired.
///
/// It runs beside uploads and reads, in batches of one commit each. What an interruption leaves the next run does.
package struct Rewrap: Sendable {
    /// Data keys in one commit of the catalog.
    static let batchMax = 500
    /// Headers that are read at a time.
    static let readsMax = 16

    let catalog: any Catalog
    let vault: BlobVault
    let keys: EnvelopeKeys

    package init(catalog: any Catalog, vault: BlobVault, keys: EnvelopeKeys) {
        self.catalog = catalog
        self.vault = vault
        self.keys = keys
    }

    /// Ends with `failed` where a key or a blob had to stay as it was; those are findings, and do not stop the rest.
    ///
    /// - Throws: ``KeyError`` where the provider is away; ``CatalogError``; ``BlobStoreError`` where the mirror cannot
    ///   be written; `CancellationError` between two batches.
    package func callAsFunction(_ report: OperationReport) async throws {
        var tally = RewrapTally()
        try await self.moveEnvelopeKeys(&tally, report)
        let routes = try await self.routes()
        tally.blobsExpected = routes.reduce(0) { $0 + $1.blobs }
        // Uploads that had begun under an older key end under it. None begins any more, so this comes to its end.
        var before: Int
        repeat {
            before = tally.blobs
            for route in routes { try await self.moveBlobs(route, &tally, report) }
        } while tally.blobs > before
        await report(tally.conclusion)
    }

    // Envelope keys.

    private func moveEnvelopeKeys(_ tally: inout RewrapTally, _ report: OperationReport) async throws {
        let root = try await self.keys.provider.currentRoot()
        // A former key is no more than a line of the key ring: blobs are moved away from it.
        for record in self.keys.records where record.wrapped != nil && !record.needs(root) {
            try Task.checkCancellation()
            do {
                let key = try await self.keys.key(record.id)
                let wrapped = try await self.keys.provider.wrap(key, for: record.tenant)
                try await self.keys.setWrapped(wrapped, of: record)
                tally.keys += 1
            } catch let error as KeyError where !error.code.isTransient {
                tally.keysFailed.insert(record.id)
                await report(.finding(on: record, error))
            }
        }
        try await self.keys.writeMirror()
    }

    // Data keys.

    /// From one envelope key to another.
    private struct Route {
        let old: EnvelopeKeyRecord
        let new: EnvelopeKey
        let blobs: Int
    }

    /// The current keys as they are now: an epoch that ends meanwhile does not make the work begin again.
    private func routes() async throws -> [Route] {
        let counts = try await self.catalog.blobCounts()
        let records = self.keys.records
        var routes: [Route] = []
        for tenant in Set(records.filter { counts[$0.id] != nil }.map(\.tenant)) {
            let current = try await self.keys.currentKey(of: tenant)
            routes += records.filter { $0.tenant == tenant && $0.id != current.id }
                .map { Route(old: $0, new: current, blobs: counts[$0.id] ?? 0) }
        }
        return routes
    }

    private func moveBlobs(_ route: Route, _ tally: inout RewrapTally, _ report: OperationReport) async throws {
        var last: BlobID?
        var page: [BlobRecord]
        repeat {
            try Task.checkCancellation()
            page = try await self.catalog.blobs(under: route.old.id, after: last, limit: Self.batchMax)
            guard !page.isEmpty, let old = try await self.oldKey(of: route, &tally, report) else { return }
            last = page.last?.id
            let untried = page.filter { !tally.blobsFailed.contains($0.id) }
            let outcomes = await untried.concurrentMap(width: Self.readsMax) { record in
                await self.change(of: record, from: old, to: route.new)
            }
            let changes = outcomes.compactMap { try? $0.get() }
            if !changes.isEmpty { tally.blobs += try await self.catalog.rewrap(changes) }
            let failures = zip(untried, outcomes).filter { (try? $0.1.get()) == nil }
            if !failures.isEmpty { try await self.tell(of: failures, &tally, report) }
            await report(tally.progress)
        } while page.count == Self.batchMax
    }

    /// - Returns: nil where the key will not open: nothing that is under it can be moved.
    private func oldKey(
        of route: Route,
        _ tally: inout RewrapTally,
        _ report: OperationReport
    ) async throws -> EnvelopeKey? {
        do {
            return try await self.keys.key(route.old.id)
        } catch let error as KeyError where !error.code.isTransient {
            let isNews = tally.keysFailed.insert(route.old.id).inserted
            if isNews { await report(.finding(on: route.old, error)) }
            return nil
        }
    }

    private func change(
        of record: BlobRecord,
        from old: EnvelopeKey,
        to new: EnvelopeKey
    ) async -> Result<DataKeyChange, any Error> {
        do {
            let prefix = record.rewrapped == nil ? try await self.vault.prefix(of: record) : []
            let wrapped = try await OriginMeters.shared.countingDamage {
                try self.vault.sealing.rewrap(prefix: prefix, record: record, from: old, to: new)
            }
            return .success(DataKeyChange(blob: record.id, from: old.id, to: new.id, wrapped: wrapped))
        } catch {
            return .failure(error)
        }
    }

    /// Blobs that could not be read: those that were erased meanwhile are nobody's concern.
    private func tell(
        of failures: [(BlobRecord, Result<DataKeyChange, any Error>)],
        _ tally: inout RewrapTally,
        _ report: OperationReport
    ) async throws {
        let named = try await self.catalog.known(among: failures.map(\.0.id))
        for (record, outcome) in failures where named.contains(record.id) {
            guard case .failure(let error) = outcome else { continue }
            guard let finding = OperationLine.finding(on: record, error) else { throw error }
            tally.blobsFailed.insert(record.id)
            await report(finding)
        }
    }
}

/// How far a ``Rewrap`` is.
struct RewrapTally {
    var keys = 0
    var keysFailed: Set<EnvelopeKeyID> = []
    /// How many there were to move when it began; uploads that end meanwhile add some.
    var blobsExpected = 0
    var blobs = 0
    var blobsFailed: Set<BlobID> = []

    var progress: OperationLine {
        OperationLine(
            .progress,
            "\(self.blobs) of about \(self.blobsExpected) data keys wrapped anew",
            fields: self.fields
        )
    }

    var conclusion: OperationLine {
        let done = "\(self.keys) envelope keys and \(self.blobs) data keys wrapped anew"
        if self.keysFailed.isEmpty, self.blobsFailed.isEmpty { return OperationLine(.done, done, fields: self.fields) }
        let left = "\(self.keysFailed.count) envelope keys and \(self.blobsFailed.count) blobs stay as they were"
        return OperationLine(.failed, "\(done); \(left), see the findings above", fields: self.fields)
    }

    private var fields: [String: String] {
        [
            "keys": "\(self.keys)", "keysFailed": "\(self.keysFailed.count)", "blobs": "\(self.blobs)",
            "blobsFailed": "\(self.blobsFailed.count)", "blobsExpected": "\(self.blobsExpected)",
        ]
    }
}

extension OperationLine {
    static func finding(on key: EnvelopeKeyRecord, _ error: KeyError) -> OperationLine {
        OperationLine(
            .finding,
            "envelope key \(key.id) cannot be opened: \(String(reflecting: error))",
            fields: ["key": key.id.description, "code": error.code.description]
        )
    }

    /// Nil where `error` is not about this blob.
    static func finding(on blob: BlobRecord, _ error: any Error) -> OperationLine? {
        let code: String
        switch error {
        case let error as SealError: code = error.code.description
        case let error as BlobStoreError: code = error.code.description
        case let error as KeyError where !error.code.isTransient: code = error.code.description
        default: return nil
        }
        return OperationLine(
            .finding,
            "blob \(blob.id) (\(blob.sealedAs.variant) of \(blob.sealedAs.asset), version \(blob.sealedAs.version)) "
                + "cannot be read: \(String(reflecting: error))",
            fields: ["blob": blob.id.description, "asset": blob.sealedAs.asset.description, "code": code]
        )
    }
}

extension BlobVault {
    /// A blob's header, salt and commitment, without more of it being read.
    func prefix(of record: BlobRecord) async throws -> [UInt8] {
        let handle = try await self.store.open(record.id)
        guard handle.sealedBytes == record.sealedBytes else {
            throw SealError(
                .truncated,
                detail: "blob \(record.id) has \(handle.sealedBytes) bytes, its row says \(record.sealedBytes)"
            )
        }
        return try await handle.read(0..<SealedLayout.prefixBytes)
    }
}
