package import MediaModel

/// For the day an envelope key is known to be stolen: whoever has it may have the data keys that it ever wrapped, and
/// wrapping those anew changes nothing. Every blob that was under it is opened, and sealed anew under the current key,
/// with a data key and an id of its own; then the old blob is removed.
///
/// It runs beside uploads and reads, whose URLs, bytes and ETags stay as they are. A blob is durable before the catalog
/// names it, and the catalog names the new one before the old one goes: an interruption leaves at most a blob that
/// nothing names, and the next run does the rest.
package struct Reseal: Sendable {
    /// Blobs between two looks at whether to stop.
    static let batchMax = 100
    /// Blobs that are sealed at a time.
    static let sealsMax = 4
    /// Rows that are looked through at a time for blobs that were under the key, …
    static let scanMax = 500
    /// … and headers of them that are read at a time.
    static let readsMax = 16
    /// How long an old blob stays for whoever read its row before it was replaced.
    static let settleTime = Duration.seconds(60)

    let catalog: any Catalog
    let vault: BlobVault
    let keys: EnvelopeKeys
    let clock: KeyClock

    /// - Parameter vault: it takes its keys from `keys`.
    package init(catalog: any Catalog, vault: BlobVault, keys: EnvelopeKeys, clock: KeyClock = .system) {
        self.catalog = catalog
        self.vault = vault
        self.keys = keys
        self.clock = clock
    }

    /// Seals anew what is under the key, and what its header still has under it although its row does not.
    ///
    /// Ends with `failed` where blobs are left; those that could not be read are findings, and do not stop the rest.
    /// So it does where blobs are passed over that were wrapped anew past the key: whether they were under it in
    /// between is not kept.
    ///
    /// - Parameters:
    ///   - id: also of a key that was retired.
    ///   - reachesPassage: takes those blobs in.
    /// - Throws: ``KeyError`` where the provider is away; ``CatalogError``; ``BlobStoreError`` where nothing can be
    ///   written; `CancellationError` between two batches.
    package func callAsFunction(
        _ id: EnvelopeKeyID,
        reachesPassage: Bool = false,
        _ report: OperationReport
    ) async throws {
        let stolen = self.keys.records.first { $0.id == id }
        if let stolen { try await self.leave(stolen, report) }
        var run = ResealRun(key: id, expected: try await self.count(under: id))
        // Uploads that had begun under the key end under it. None begins any more, so this comes to its end.
        var before: Int
        repeat {
            before = run.resealed
            try await self.sealWhatIsUnderIt(&run, report)
        } while run.resealed > before
        try await self.sealWhatWas(&run, reachesPassage: reachesPassage, report)
        try await self.removeAll(&run, report)
        if let finding = run.passageFinding { await report(finding) }
        let isUnknown = stolen == nil && run.resealed == 0 && run.passed == 0
        await report(run.conclusion(left: try await self.count(under: id), isUnknown: isUnknown))
    }

    /// New blobs go under another key.
    private func leave(_ stolen: EnvelopeKeyRecord, _ report: OperationReport) async throws {
        guard self.keys.newest(of: stolen.tenant)?.id == stolen.id else { return }
        let key = try await self.keys.mint(for: stolen.tenant, after: stolen.id)
        await report(OperationLine(.progress, "new blobs of tenant \(stolen.tenant) are under \(key.id) now"))
    }

    private func count(under id: EnvelopeKeyID) async throws -> Int { try await self.catalog.blobCounts()[id] ?? 0 }

    private func sealWhatIsUnderIt(_ run: inout ResealRun, _ report: OperationReport) async throws {
        var last: BlobID?
        var page: [BlobRecord]
        repeat {
            try Task.checkCancellation()
            page = try await self.catalog.blobs(under: run.key, after: last, limit: Self.batchMax)
            last = page.last?.id
            try await self.sealAnew(page, &run, report)
        } while page.count == Self.batchMax
    }

    /// A rewrap leaves the header as it is: whoever has the stolen key and the file needs no more. And it moves a data
    /// key to a newer envelope key, never to an older one: between a blob's first key and the one that it is under now
    /// there may have been any of those that are younger than the first.
    private func sealWhatWas(
        _ run: inout ResealRun,
        reachesPassage: Bool,
        _ report: OperationReport
    ) async throws {
        let key = run.key
        var last: BlobID?
        var page: [BlobRecord]
        repeat {
            try Task.checkCancellation()
            page = try await self.catalog.blobs(after: last, limit: Self.scanMax)
            last = page.last?.id
            let rewrapped = page.filter { $0.rewrapped != nil }
            let outcomes = await rewrapped.concurrentMap(width: Self.readsMax) { record in
                await self.outcome(of: record) { try await self.firstKey(of: record) }
            }
            var due: [BlobRecord] = []
            for (record, outcome) in zip(rewrapped, outcomes) {
                switch outcome {
                case .done(let first):
                    let mayHavePassed = first.isOlder(than: key) && key.isOlder(than: record.envelopeKey)
                    if first == key || mayHavePassed && reachesPassage {
                        due.append(record)
                    } else if mayHavePassed {
                        run.passed += 1
                    }
                default: try await self.take(outcome, &run, report)
                }
            }
            run.scanned += page.count
            if due.isEmpty { await report(run.progress) }
            try await self.sealAnew(due, &run, report)
        } while page.count == Self.scanMax
    }

    private func sealAnew(_ records: [BlobRecord], _ run: inout ResealRun, _ report: OperationReport) async throws {
        let untried = records.filter { !run.unreadable.contains($0.id) }
        if untried.isEmpty { return }
        let outcomes = await untried.concurrentMap(width: Self.sealsMax) { record in
            await self.outcome(of: record) { try await self.replace(record) }
        }
        // What was replaced is noted before an error of another blob ends the run.
        var failure: (any Error)?
        for outcome in outcomes {
            if case .done(let old?) = outcome { run.replaced(old) }
            do {
                try await self.take(outcome, &run, report)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        await self.removeSettled(&run)
        await report(run.progress)
    }

    private func take(
        _ outcome: Outcome<some Sendable>,
        _ run: inout ResealRun,
        _ report: OperationReport
    ) async throws {
        switch outcome {
        case .done, .gone: return
        case .unreadable(let blob, let finding):
            run.unreadable.insert(blob)
            await report(finding)
        case .stopped(let error): throw error
        }
    }
}

extension EnvelopeKeyID {
    /// Names of keys sort by their age; a former key, which has a name of its own, is older than all of them.
    func isOlder(than other: EnvelopeKeyID) -> Bool {
        let prefix = Self.prefix
        guard self.description.hasPrefix(prefix) else { return other.description.hasPrefix(prefix) }
        return other.description.hasPrefix(prefix) && self.description < other.description
    }

    private static var prefix: String { "ek-" }
}
