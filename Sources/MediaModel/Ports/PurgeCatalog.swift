package import FoundationEssentials

/// The purge outbox: what targets are still to be told, as rows beside what they speak of.
///
/// A catalog knows its targets from the start. Each call of ``AssetCatalog`` that changes what caches may hold writes,
/// in its own transaction, exactly one record for each of them: `complete` where it moves `latest`, `setLatest` where
/// it is another version, `delete` and `undelete` where they change something; and so does a repair of `latest`. It
/// then rings whoever delivers. Without targets nothing is written.
package protocol PurgeCatalog: Sendable {
    /// Records that may be sent now, those that are due longest first. A record is not among them while an earlier one
    /// of the same asset and target is not sent yet, whenever that is due.
    ///
    /// - Parameter limit: 1 or more.
    func purges(to target: PurgeTargetName, due: Date, limit: Int) async throws -> [PurgeRecord]

    /// When the next record of a target is due, it may be long ago; nil: there is none.
    func nextPurge(to target: PurgeTargetName) async throws -> Date?

    /// Notes what became of attempts, all in one transaction. Records that are gone are passed over.
    func settle(_ purges: [PurgeSettlement]) async throws

    /// What waits for a target.
    func purgeLag(of target: PurgeTargetName) async throws -> PurgeLag

    /// All records in the order of the changes, also those of targets that the catalog does not know any more.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: 1 or more. Fewer rows than `limit`: the end was reached.
    func purges(after: Int64?, limit: Int) async throws -> [PurgeRecord]

    /// Writes a record of ``PurgeChange/requested`` for each target. Throws `.unknownAsset`; a deleted asset is one
    /// that may be asked for, and so is an erased one.
    ///
    /// - Returns: how many were written.
    func requestPurge(of asset: AssetID, at date: Date) async throws -> Int

    /// Makes records due now that wait after a failure.
    ///
    /// - Parameter target: nil for all.
    /// - Returns: how many there were.
    func hastenPurges(to target: PurgeTargetName?, at date: Date) async throws -> Int

    /// Removes records of changes that were made before a date, the oldest first, whoever their target.
    ///
    /// - Returns: those that were removed, `limit` at most.
    func giveUpPurges(before: Date, limit: Int) async throws -> [PurgeRecord]
}
