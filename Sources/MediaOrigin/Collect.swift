package import FoundationEssentials
import Logging
package import MediaModel

/// Takes away what nobody needs any more: assets whose grace is over, blobs without a row, idempotency keys that were
/// kept long enough, and, where that is asked for, what was put aside long ago.
package struct Collect: Sendable {
    /// How often that is done.
    static let interval = Duration.seconds(3600)
    /// Keys freed in one transaction.
    static let keysMax = 1000

    let catalog: any Catalog
    let vault: BlobVault
    let removal: Remove
    let policy: CollectPolicy

    private var orphans: Orphans { Orphans(catalog: self.catalog, vault: self.vault) }

    package init(catalog: any Catalog, vault: BlobVault, removal: Remove, policy: CollectPolicy = CollectPolicy()) {
        self.catalog = catalog
        self.vault = vault
        self.removal = removal
        self.policy = policy
    }

    /// Collects once.
    ///
    /// - Parameters:
    ///   - orphanAge: in place of the policy's. Zero is safe: what is on its way is known and left alone.
    ///   - report: a `row` for each orphan, then `done` with the counts `erased`, `orphans`, `orphanBytes`,
    ///     `idempotencyKeys`, `quarantined`.
    /// - Throws: an error of a port; what was collected before it is.
    package func callAsFunction(
        orphanAge: Duration? = nil,
        now: Date = Date(),
        report: OperationReport
    ) async throws -> Collected {
        var collected = Collected()
        collected.erased = try await self.removal.eraseExpired(now: now)
        try await self.removeOrphans(olderThan: orphanAge ?? self.policy.orphanAge, now: now, report, &collected)
        collected.idempotencyKeys = try await self.freeKeys(now: now)
        collected.quarantined = try await self.emptyQuarantine(now: now)
        await report(OperationLine(.done, collected.description, fields: collected.fields))
        return collected
    }

    /// Collects now and then, until the task is cancelled.
    package func forever() async {
        while !Task.isCancelled {
            do {
                let collected = try await self.callAsFunction(report: Self.log)
                if !collected.isEmpty { Logger.current.notice("Collected: \(collected)") }
            } catch is CancellationError {
                return
            } catch {
                Logger.current.error("Collection failed", metadata: ["error": "\(String(reflecting: error))"])
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    private static let log: OperationReport = { line in
        if line.kind == .row { Logger.current.info("\(line.text)") }
    }

    private func removeOrphans(
        olderThan age: Duration,
        now: Date,
        _ report: OperationReport,
        _ collected: inout Collected
    ) async throws {
        try await self.orphans.forEachPage(olderThan: age, now: now) { page in
            for orphan in page {
                try await self.vault.store.remove(orphan.id)
                collected.orphans += 1
                collected.orphanBytes += orphan.sealedBytes
                await report(Self.line(on: orphan, now: now))
            }
        }
    }

    private static func line(on orphan: StoredBlob, now: Date) -> OperationLine {
        let age = Int(now.timeIntervalSince(orphan.modifiedAt))
        return OperationLine(
            .row,
            "orphan \(orphan.id): \(orphan.sealedBytes) bytes, \(age) s old, removed",
            fields: ["blob": "\(orphan.id)", "bytes": "\(orphan.sealedBytes)", "ageSeconds": "\(age)"]
        )
    }

    private func freeKeys(now: Date) async throws -> Int {
        let limit = now.addingTimeInterval(-self.policy.idempotencyAge.seconds)
        var freed = 0
        while true {
            try Task.checkCancellation()
            let count = try await self.catalog.releaseIdempotencyKeys(before: limit, limit: Self.keysMax)
            freed += count
            if count < Self.keysMax { return freed }
        }
    }

    private func emptyQuarantine(now: Date) async throws -> Int {
        guard let age = self.policy.quarantineAge else { return 0 }
        var removed = 0
        for try await page in Pages({ try await self.vault.store.quarantined(after: $0, limit: $1) }) {
            for blob in page where now.timeIntervalSince(blob.modifiedAt) >= age.seconds {
                try await self.vault.store.removeQuarantined(blob.id)
                removed += 1
            }
        }
        return removed
    }
}

/// When something is old enough to be collected.
package struct CollectPolicy: Sendable {
    /// Of blobs without a row. What this process has on its way is not touched in any case; the age is for whatever
    /// else may write to the store.
    package let orphanAge: Duration
    /// Of idempotency keys: as long as clients may rely on them.
    package let idempotencyAge: Duration
    /// Of what was put aside; nil: never by itself.
    package let quarantineAge: Duration?

    package init(
        orphanAge: Duration = .seconds(3600),
        idempotencyAge: Duration = .seconds(24 * 3600),
        quarantineAge: Duration? = nil
    ) {
        self.orphanAge = orphanAge
        self.idempotencyAge = idempotencyAge
        self.quarantineAge = quarantineAge
    }
}

/// What one collection took away.
package struct Collected: Hashable, Sendable, CustomStringConvertible {
    /// Assets.
    package internal(set) var erased = 0
    /// Blobs without a row, and their bytes in the store.
    package internal(set) var orphans = 0
    package internal(set) var orphanBytes = 0
    package internal(set) var idempotencyKeys = 0
    /// Blobs that had been put aside.
    package internal(set) var quarantined = 0

    package var isEmpty: Bool { self == Collected() }

    package var description: String {
        "\(self.erased) assets erased, \(self.orphans) orphans (\(self.orphanBytes) bytes) removed, "
            + "\(self.idempotencyKeys) idempotency keys freed, \(self.quarantined) quarantined blobs removed"
    }

    var fields: [String: String] {
        [
            "erased": "\(self.erased)", "orphans": "\(self.orphans)", "orphanBytes": "\(self.orphanBytes)",
            "idempotencyKeys": "\(self.idempotencyKeys)", "quarantined": "\(self.quarantined)",
        ]
    }
}
