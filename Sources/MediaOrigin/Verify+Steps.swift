import FoundationEssentials
import MediaModel

extension Verify {
    func auditCatalog(_ check: inout Check) async throws {
        for finding in try await self.catalog.audit(repairs: check.scope.repairs) {
            await check.tell(finding.code, finding.detail, isRepaired: finding.isRepaired, fields: [:])
        }
    }

    /// Every envelope key must still open at its provider; the cache would hide that one does not.
    func checkKeys(_ check: inout Check) async throws {
        let counts = try await self.catalog.blobCounts()
        let records = try await self.catalog.envelopeKeys()
        for record in records {
            guard let error = try await self.failure(of: record) else { continue }
            await check.tell(record.id, cannotBeUsed: error, blobs: counts[record.id, default: 0])
        }
        for (key, count) in counts where !records.contains(where: { $0.id == key }) {
            // A key is retired only when no blob needs it; nothing but a damaged catalog gets here.
            let error = KeyError(.unavailable, detail: "no row has the key")
            await check.tell(key, cannotBeUsed: error, blobs: count)
        }
    }

    private func failure(of record: EnvelopeKeyRecord) async throws -> KeyError? {
        do {
            if let wrapped = record.wrapped {
                _ = try await self.provider.unwrap(wrapped, as: record.id, for: record.tenant)
            } else {
                _ = try await self.provider.formerEnvelopeKey(record.id)
            }
            return nil
        } catch let error as KeyError {
            // It may have been retired since, or wrapped anew.
            let now = try await self.catalog.envelopeKeys().first { $0.id == record.id }
            return now == record ? error : nil
        }
    }

    func checkBlobs(_ check: inout Check) async throws {
        let totals = try await self.catalog.blobTotals()
        let marked = try await BlobMarks(self.catalog)
        for try await page in Pages({ try await self.catalog.blobs(after: $0, limit: $1) }) {
            try await self.check(page, marked, &check)
            guard check.progress.isDue() else { continue }
            await check.report(Self.progress(check.verified, of: totals))
        }
    }

    /// ``width`` of them at a time.
    private func check(_ page: [BlobRecord], _ marked: BlobMarks, _ check: inout Check) async throws {
        let depth = check.depth
        let repairs = check.scope.repairs
        try await withThrowingTaskGroup(of: Looked?.self) { group in
            var waiting = page[...]
            func start() {
                guard let record = waiting.popFirst() else { return }
                group.addTask { try await self.look(at: record, depth, marked, repairs: repairs) }
            }
            for _ in 0..<Self.width { start() }
            while let looked = try await group.next() {
                start()
                // The row is gone.
                guard let looked else { continue }
                check.verified.blobs += 1
                check.verified.sealedBytes += looked.record.sealedBytes
                await check.tell(looked)
            }
        }
    }

    private func look(
        at record: BlobRecord,
        _ depth: InspectionDepth,
        _ marked: BlobMarks,
        repairs: Bool
    ) async throws -> Looked? {
        guard let (record, condition) = try await self.inspection.look(at: record, depth) else { return nil }
        switch condition {
        case .sound:
            // Presence alone does not make a blob sound again.
            guard depth == .contents, let damage = marked[record.id] else { return .sound(record) }
            if repairs { try await self.catalog.setDamage(nil, of: record.id) }
            return .markedButSound(record, was: damage, isUnmarked: repairs)
        case .locked(let error): return .locked(record, error)
        case .damaged(let damage):
            let outcome = repairs ? try await self.repair(damage, of: record) : nil
            return .damaged(record, damage, outcome)
        case .unreadable(let error):
            // Who asks for a repair has decided that the disk will not give it any more.
            let damage = Damage.unreadable
            let outcome = repairs ? try await self.repair(damage, of: record) : nil
            return .damaged(record, damage, outcome, detail: error.detail)
        }
    }

    func findOrphans(_ check: inout Check) async throws {
        let now = Date()
        let orphans = Orphans(catalog: self.catalog, vault: self.vault)
        try await orphans.forEachPage(olderThan: check.scope.orphanAge, now: now) { page in
            // Those of a deletion that goes on are gone in a moment.
            try await Task.sleep(for: self.goingTime)
            for orphan in page {
                guard try await self.isStored(orphan.id) else { continue }
                if check.scope.repairs { try await self.vault.store.remove(orphan.id) }
                let age = Int(now.timeIntervalSince(orphan.modifiedAt))
                await check.tell(
                    "orphan",
                    "blob \(orphan.id): no row names it; \(orphan.sealedBytes) bytes, \(age) s old",
                    isRepaired: check.scope.repairs,
                    fields: [
                        "blob": "\(orphan.id)", "bytes": "\(orphan.sealedBytes)", "ageSeconds": "\(age)",
                    ]
                )
            }
        }
    }

    private func isStored(_ blob: BlobID) async throws -> Bool {
        do {
            _ = try await self.vault.store.open(blob)
            return true
        } catch let error as BlobStoreError where error.code == .missing {
            return false
        }
    }

    func countQuarantined() async throws -> Int {
        var count = 0
        for try await page in Pages({ try await self.vault.store.quarantined(after: $0, limit: $1) }) {
            count += page.count
        }
        return count
    }

    private static func progress(_ verified: Verified, of totals: BlobTotals) -> OperationLine {
        OperationLine(
            .progress,
            "\(verified.blobs) of \(totals.blobs) blobs, \(verified.sealedBytes) of \(totals.sealedBytes) bytes",
            fields: verified.fields.merging(
                ["blobsTotal": "\(totals.blobs)", "bytesTotal": "\(totals.sealedBytes)"]
            ) { $1 }
        )
    }
}

/// One blob that was looked at, and what was done.
struct Looked: Sendable {
    /// What it came to.
    enum Result: Sendable {
        case sound
        case markedButSound(was: String, isUnmarked: Bool)
        case damaged(Damage, DamageRepair.Outcome?, detail: String)
        case locked(KeyError)
    }

    let record: BlobRecord
    let result: Result

    static func sound(_ record: BlobRecord) -> Looked { Looked(record: record, result: .sound) }

    static func markedButSound(_ record: BlobRecord, was damage: String, isUnmarked: Bool) -> Looked {
        Looked(record: record, result: .markedButSound(was: damage, isUnmarked: isUnmarked))
    }

    static func damaged(
        _ record: BlobRecord,
        _ damage: Damage,
        _ outcome: DamageRepair.Outcome?,
        detail: String = ""
    ) -> Looked {
        Looked(record: record, result: .damaged(damage, outcome, detail: detail))
    }

    static func locked(_ record: BlobRecord, _ error: KeyError) -> Looked {
        Looked(record: record, result: .locked(error))
    }
}

extension Verify.Check {
    mutating func tell(_ looked: Looked) async {
        let record = looked.record
        let identity = record.sealedAs
        var fields = [
            "blob": "\(record.id)", "asset": "\(identity.asset)", "version": "\(identity.version)",
            "variant": identity.variant,
        ]
        switch looked.result {
        case .sound: return
        case .markedButSound(let damage, let isUnmarked):
            fields["damage"] = damage
            let text = "blob \(record.id) (\(record.place)) was marked as \(damage) and is sound"
            await self.tell("sound-again", text, isRepaired: isUnmarked, fields: fields)
        case .locked(let error):
            self.verified.locked += 1
            guard !self.lockedKeys.contains(record.envelopeKey) else { return }
            await self.tell(record.envelopeKey, cannotBeUsed: error, blobs: nil)
        case .damaged(let damage, let outcome, let detail):
            var text = "blob \(record.id) (\(record.place))"
            if !detail.isEmpty { text += ": \(detail)" }
            var isRepaired = false
            switch outcome {
            case .mended(let new):
                isRepaired = true
                fields["newBlob"] = "\(new.id)"
                text += "; made again as blob \(new.id)"
            case .marked(let reason):
                fields["reason"] = reason
                text += "; marked, cannot be made again: \(reason)"
            case nil: break
            }
            await self.tell(damage.code, text, isRepaired: isRepaired, fields: fields)
        }
    }

    mutating func tell(_ key: EnvelopeKeyID, cannotBeUsed error: KeyError, blobs: Int?) async {
        self.lockedKeys.insert(key)
        var fields = ["key": "\(key)"]
        fields["blobs"] = blobs.map { "\($0)" }
        let needed = blobs.map { "; \($0) blobs need it" } ?? ""
        let text = "envelope key \(key): \(error.detail)\(needed)"
        await self.tell(error.code.description, text, isRepaired: false, fields: fields)
    }
}

extension Damage {
    /// The medium does not give the bytes, though asked twice.
    static let unreadable = Damage(code: "read-failed")
}
