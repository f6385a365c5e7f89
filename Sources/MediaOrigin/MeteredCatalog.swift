package import MediaModel
import Metrics

/// A catalog whose calls are timed by what they were.
///
/// It stands next to the adapter: a commit that could not be made durable may be on the disk all the same, and only a
/// restart can tell. So the process ends right where that shows, before any caller undoes what may have happened.
package struct MeteredCatalog: Catalog {
    /// What the calls are in the metrics; one a requirement of the port.
    enum Operation: String, CaseIterable {
        case reserveVersion
        case releaseVersion
        case skipVersions
        case begin
        case complete
        case fail
        case announce
        case discard
        case source
        case upload
        case releaseIdempotencyKeys
        case usage
        case version
        case newestVersion
        case versions
        case latest
        case rendition
        case furtherRendition
        case keep
        case oneOffs
        case page
        case unfinished
        case standing
        case setLatest
        case delete
        case undelete
        case deleted
        case erase
        case envelopeKeys
        case add
        case setWrapped
        case retire
        case blobCounts
        case blobsUnderKey
        case rewrap
        case known
        case blobPage
        case blobTotals
        case uses
        case setDamage
        case damaged
        case replace
        case replaceAll
        case audit
        case scrubProgress
        case setScrubProgress
        case strike
        case poison
        case poisoned
        case clearPoison
        case duePurges
        case nextPurge
        case settlePurges
        case purgeLag
        case purgePage
        case requestPurge
        case hastenPurges
        case giveUpPurges
        case health

        /// The value of the label: words with hyphens.
        var label: String {
            self.rawValue.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
        }
    }

    /// A call that takes longer is counted as slow. A commit waits for a sync of the disk, some milliseconds.
    static let slowOperationMin = Duration.milliseconds(100)

    let base: any Catalog
    private let storageFailure: StorageFailure
    private let timers: [Operation: Timer]

    package init(_ base: any Catalog, storageFailure: StorageFailure) {
        self.base = base
        self.storageFailure = storageFailure
        self.timers = Dictionary(
            uniqueKeysWithValues: Operation.allCases.map { operation in
                let dimensions = [("operation", operation.label)]
                return (operation, Timer(label: "media_catalog_operation_duration_seconds", dimensions: dimensions))
            }
        )
    }

    package func checkHealth() async throws { try await self.timed(.health) { try await self.base.checkHealth() } }

    private func record(_ operation: Operation, _ time: Duration) {
        self.timers[operation]?.record(duration: time)
        guard time > Self.slowOperationMin else { return }
        let dimensions = [("operation", operation.label)]
        Counter(label: "media_catalog_slow_operations_total", dimensions: dimensions).increment()
    }

    /// Times one call, however it ends.
    func timed<Result>(_ operation: Operation, _ call: () async throws -> Result) async throws -> Result {
        let start = ContinuousClock.now
        defer { self.record(operation, ContinuousClock.now - start) }
        do {
            return try await call()
        } catch {
            self.storageFailure.inspect(error)
            throw error
        }
    }
}
