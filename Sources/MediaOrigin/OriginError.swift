import MediaModel

/// Why a use case would not do what it was asked, beyond what the ports report (``RenderError``, ``CatalogError``,
/// ``BlobStoreError``, ``SealError``, ``KeyError`` pass through unchanged).
package struct OriginError: Error, Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// The bytes are no picture of a format that is taken.
        package static let notAPicture = Code(description: "unsupported-media-type")
        /// More bytes than an upload may have.
        package static let tooLarge = Code(description: "content-too-large")
        /// Fewer or more bytes than were announced.
        package static let incompleteBody = Code(description: "incomplete-body")
        /// The asset does not exist.
        package static let unknownAsset = Code(description: "unknown-asset")
        /// The asset has no version of that number.
        package static let unknownVersion = Code(description: "unknown-version")
        /// The asset was deleted.
        package static let gone = Code(description: "gone")
        /// The version is not in the state that the call needs.
        package static let versionNotReady = Code(description: "version-not-ready")
        /// The idempotency key was used for another request.
        package static let idempotencyMismatch = Code(description: "idempotency-key-reused")
        /// The first request under the idempotency key is not answered yet.
        package static let idempotencyRunning = Code(description: "idempotency-key-in-use")
        /// The bytes are not those of `Content-Digest`.
        package static let digestMismatch = Code(description: "digest-mismatch")
        /// The store keeps its last room for deletions and repairs.
        package static let storageFull = Code(description: "storage-full")
        /// The version's source is known to be damaged.
        package static let sourceDamaged = Code(description: "source-damaged")
        /// The path names no rendition.
        package static let unknownRendition = Code(description: "unknown-rendition")
        /// The rendition's blob is damaged and is to be made again, but is not yet.
        package static let renditionPending = Code(description: "rendition-pending")
        /// The rendition is not made of every picture, and cannot be made of this one.
        package static let renditionFailed = Code(description: "rendition-failed")
        /// More unfinished work is waiting than may wait.
        package static let backlogFull = Code(description: "backlog-full")
    }

    package let code: Code
    /// For logs. Never for a client.
    package let detail: String

    package init(_ code: Code, detail: String = "") {
        self.code = code
        self.detail = detail
    }

    package var description: String { "origin: \(self.code)" }
    /// With the detail: for logs.
    package var debugDescription: String { "\(self), \(self.detail)" }
}

/// What the process does when the operating system would not make data durable.
///
/// After a failed fsync the page cache says one thing and the disk another; only a restart from disk is sound
/// (RELIABILITY §1.6, §3.4: PostgreSQL's lesson of 2019). The composition root ends the process here.
package struct StorageFailure: Sendable {
    private let action: @Sendable (String) -> Void

    package init(_ action: @escaping @Sendable (String) -> Void) { self.action = action }

    /// Calls the action when `error` says that data could not be made durable.
    package func inspect(_ error: any Error) {
        switch error {
        case let error as BlobStoreError where error.code == .syncFailed: self.action(error.detail)
        case let error as CatalogError where error.code == .syncFailed: self.action(error.detail)
        default: break
        }
    }
}
