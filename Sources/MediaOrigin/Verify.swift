import FoundationEssentials
package import MediaModel

/// Checks everything that is stored (RELIABILITY §3.6): the catalog against itself, every key, every blob against its
/// row, and the store against the catalog. What can be put right is, if asked for.
///
/// The service may go on meanwhile: whatever looks wrong is looked at once more before it is told, so that what was
/// deleted, replaced or wrapped anew since is no finding. The steps are in `Verify+Steps.swift`.
package struct Verify: Sendable {
    /// Blobs that are read at once.
    static let width = 4

    let catalog: any Catalog
    let vault: BlobVault
    let provider: any KeyProvider
    let digests: any Digesting
    let mend: Mend
    let goingTime: Duration

    var inspection: BlobInspection {
        BlobInspection(catalog: self.catalog, vault: self.vault, digests: self.digests)
    }
    var repair: DamageRepair { DamageRepair(catalog: self.catalog, mend: self.mend) }

    /// - Parameters:
    ///   - provider: asked for every envelope key, past whatever keeps keys at hand.
    ///   - goingTime: how long a blob without a row has to go by itself: rows are removed before files.
    package init(
        catalog: any Catalog,
        vault: BlobVault,
        provider: any KeyProvider,
        digests: any Digesting,
        mend: Mend,
        goingTime: Duration = .seconds(1)
    ) {
        self.catalog = catalog
        self.vault = vault
        self.provider = provider
        self.digests = digests
        self.mend = mend
        self.goingTime = goingTime
    }

    /// What to check.
    package struct Scope: Sendable {
        /// Only whether each blob is there and has the right size: no key is needed, and no blob is read.
        package let isQuick: Bool
        /// Put right what can be.
        package let repairs: Bool
        /// A blob without a row is a finding only from this age on; a younger one may be an upload's.
        package let orphanAge: Duration

        package init(isQuick: Bool = false, repairs: Bool = false, orphanAge: Duration = .seconds(3600)) {
            self.isQuick = isQuick
            self.repairs = repairs
            self.orphanAge = orphanAge
        }
    }

    /// - Parameter report: a `finding` for each, `progress` about once a second, then `done` with the counts
    ///   `findings`, `repaired`, `blobs`, `bytes` (sealed), `locked` (blobs that no key opened) and `quarantined`.
    /// - Throws: an error of a port that leaves the rest unchecked; the findings before it hold.
    package func callAsFunction(_ scope: Scope = Scope(), report: @escaping OperationReport) async throws -> Verified {
        var check = Check(scope: scope, report: report)
        try await self.auditCatalog(&check)
        if !scope.isQuick { try await self.checkKeys(&check) }
        try await self.checkBlobs(&check)
        try await self.findOrphans(&check)
        let quarantined = try await self.countQuarantined()
        let verified = check.verified
        await report(
            OperationLine(
                .done,
                "\(verified), \(quarantined) in quarantine",
                fields: verified.fields.merging(["quarantined": "\(quarantined)"]) { $1 }
            )
        )
        return verified
    }

    /// A check under way.
    struct Check {
        let scope: Scope
        let report: OperationReport
        var verified = Verified()
        var progress = ProgressClock()
        /// Envelope keys that were told of as unusable.
        var lockedKeys: Set<EnvelopeKeyID> = []

        var depth: InspectionDepth { self.scope.isQuick ? .presence : .contents }

        /// Tells of something that is not as it should be.
        mutating func tell(_ code: String, _ text: String, isRepaired: Bool, fields: [String: String]) async {
            self.verified.findings += 1
            if isRepaired { self.verified.repaired += 1 }
            let all = fields.merging(["code": code, "repaired": "\(isRepaired)"]) { $1 }
            await self.report(OperationLine(.finding, "\(code): \(text)", fields: all))
        }
    }
}

/// What a check has seen.
package struct Verified: Hashable, Sendable, CustomStringConvertible {
    package internal(set) var findings = 0
    /// Findings that were put right.
    package internal(set) var repaired = 0
    package internal(set) var blobs = 0
    /// Of the blobs, in the store.
    package internal(set) var sealedBytes = 0
    /// Blobs that could not be looked into for want of a key.
    package internal(set) var locked = 0

    /// Whether all is as it should be, now at least.
    package var isSound: Bool { self.findings == self.repaired }

    package var description: String {
        "\(self.findings) findings, \(self.repaired) repaired; \(self.blobs) blobs, \(self.sealedBytes) bytes"
            + (self.locked == 0 ? "" : "; \(self.locked) blobs without a key")
    }

    var fields: [String: String] {
        [
            "findings": "\(self.findings)", "repaired": "\(self.repaired)", "blobs": "\(self.blobs)",
            "bytes": "\(self.sealedBytes)", "locked": "\(self.locked)",
        ]
    }
}
