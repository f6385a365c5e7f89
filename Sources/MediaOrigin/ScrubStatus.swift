import FoundationEssentials
package import MediaModel

/// Tells how far the scrub is on its way through all blobs, and which blobs are known to be damaged.
package struct ScrubStatus: Sendable {
    /// Damaged blobs that are told of at the most.
    static let damagedMax = 1000

    let catalog: any Catalog

    package init(catalog: any Catalog) { self.catalog = catalog }

    /// A `finding` for each damaged blob, then `done` with `damaged` and, once a round began, `startedAt`,
    /// `completedAt` (of the last whole round), `percent` (of the one under way). Throws ``CatalogError``.
    package func callAsFunction(_ report: OperationReport) async throws {
        let progress = try await self.catalog.scrubProgress()
        let damaged = try await self.catalog.damaged(limit: Self.damagedMax)
        for blob in damaged { await report(Self.finding(blob)) }
        let count = damaged.count == Self.damagedMax ? "\(damaged.count) or more" : "\(damaged.count)"
        var fields = ["damaged": "\(damaged.count)"]
        if let progress { fields.merge(Self.fields(progress)) { $1 } }
        await report(
            OperationLine(.done, "\(count) damaged blobs; \(Self.sentence(progress))", fields: fields)
        )
    }

    private static func finding(_ damaged: DamagedBlob) -> OperationLine {
        let identity = damaged.blob.sealedAs
        return OperationLine(
            .finding,
            "\(identity.asset)/v\(identity.version) \(identity.variant) is damaged",
            fields: [
                "code": damaged.damage, "blob": damaged.blob.id.description, "asset": identity.asset.description,
            ]
        )
    }

    private static func sentence(_ progress: ScrubProgress?) -> String {
        guard let progress else { return "no round has begun yet" }
        let last = progress.completedAt.map { "the last whole round ended at \(Self.text($0))" }
        guard let percent = Self.percent(progress) else { return last ?? "a round begins" }
        let now = "a round that began at \(Self.text(progress.startedAt)) is at \(percent) %"
        return last.map { "\(now); \($0)" } ?? now
    }

    private static func fields(_ progress: ScrubProgress) -> [String: String] {
        [
            "startedAt": Self.text(progress.startedAt),
            "completedAt": progress.completedAt.map(Self.text),
            "percent": Self.percent(progress).map(String.init),
        ].compactMapValues { $0 }
    }

    /// Ids are random, so where the last one lies among all ids is how much is done. Nil between two rounds.
    private static func percent(_ progress: ScrubProgress) -> Int? {
        guard let position = progress.position else {
            return progress.completedAt.map { $0 < progress.startedAt } == false ? nil : 0
        }
        return Int(position.bytes[0]) * 100 / 256
    }

    private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}
