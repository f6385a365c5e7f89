package import FoundationEssentials

/// Keeps sealed blobs: opaque bytes under a random id, written once, never changed.
///
/// Contract, held by every adapter and tested by one suite (MediaTesting, `BlobStoreContract`):
/// - A blob is invisible until `publish` returns; a draft that is never published leaves nothing that a reader can see,
///   also when the process dies.
/// - When `publish` returns, the blob survives a power cut.
/// - All calls may be made at once from many tasks; a cancelled caller's call may still take effect.
/// - Errors are ``BlobStoreError``.
package protocol BlobStore: Sendable {
    /// Starts a blob that no reader sees.
    ///
    /// - Parameter bytesExpected: how large it will be, when known; the adapter may reserve the space at once, so that
    ///   a full disk is noticed before the body is taken.
    func makeDraft(bytesExpected: Int?) async throws -> any BlobDraft

    /// Opens a published blob. Throws `.missing` where there is none. The blob may be removed while it is open; what
    /// was opened stays readable.
    func open(_ id: BlobID) async throws -> any BlobHandle

    /// The whole of a published blob where that takes no waiting for a medium or a network: for callers on an event
    /// loop.
    ///
    /// - Parameter bytes: how many it has in the store.
    /// - Returns: nil where it does, where there is no such blob, or where it is of another size: ``open(_:)`` says.
    func readAtOnce(_ id: BlobID, bytes: Int) -> [UInt8]?

    /// Removes a blob. Removing what is not there is no error.
    func remove(_ id: BlobID) async throws

    /// A page of the blobs in the store, in the order of their ids.
    ///
    /// A pass over all pages begins with `after: nil`. It has every blob that was published before it began and is
    /// still there when its page is made; what was published since may be missing.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: rows at the most, 1 or more. Fewer than `limit` rows: the end was reached.
    func list(after: BlobID?, limit: Int) async throws -> [StoredBlob]

    /// Puts a blob aside that is not what it should be: no reader finds it and no page has it any more, but it can
    /// still be looked at. Putting aside what is not there is no error.
    func quarantine(_ id: BlobID) async throws

    /// A page of the blobs that were put aside, in the order of their ids; `modifiedAt` is when that was, or later.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: rows at the most, 1 or more. Fewer than `limit` rows: the end was reached.
    func quarantined(after: BlobID?, limit: Int) async throws -> [StoredBlob]

    /// Removes a blob that was put aside. Removing what is not there is no error.
    func removeQuarantined(_ id: BlobID) async throws

    /// How many bytes the store can still take; nil where that has no end.
    func room() async throws -> StoreRoom?

    /// Throws where the store cannot take a blob now.
    func checkHealth() async throws
}

extension BlobStore {
    /// A store without such a way.
    package func readAtOnce(_ id: BlobID, bytes: Int) -> [UInt8]? { nil }
}

/// The space of a store that has an end.
package struct StoreRoom: Hashable, Sendable {
    /// Bytes that can still be written.
    package let free: Int
    /// Bytes in all, used or free.
    package let total: Int

    package init(free: Int, total: Int) {
        self.free = free
        self.total = total
    }
}

/// A blob being written. Used by one task at a time; ends with `publish` or `discard`.
package protocol BlobDraft: Sendable {
    /// Adds bytes at the end. Returns when the adapter has taken them, which is the caller's back-pressure.
    func append(_ bytes: [UInt8]) async throws

    /// Makes the blob durable, then visible under `id`. On an error nothing is visible and the draft is gone.
    func publish(as id: BlobID) async throws

    /// Throws the draft away. No error is reported: what could not be removed is found by age later.
    func discard() async
}

/// A published blob, open for reading. Closed when the last reference goes.
package protocol BlobHandle: Sendable {
    /// Bytes in the store.
    var sealedBytes: Int { get }

    /// Exactly `range`, or `.truncated` where the blob ends before.
    func read(_ range: Range<Int>) async throws -> [UInt8]
}

/// What `list` tells of a blob.
package struct StoredBlob: Hashable, Sendable {
    package let id: BlobID
    package let sealedBytes: Int
    /// When it was published (or last touched).
    package let modifiedAt: Date

    package init(id: BlobID, sealedBytes: Int, modifiedAt: Date) {
        self.id = id
        self.sealedBytes = sealedBytes
        self.modifiedAt = modifiedAt
    }
}

/// Why a blob could not be stored or read.
package struct BlobStoreError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// No blob of that id.
        package static let missing = Code(description: "missing")
        /// The blob is shorter than what was asked for.
        package static let truncated = Code(description: "truncated")
        /// No space, or a quota of the file system is used up.
        package static let full = Code(description: "full")
        /// The operating system would not make data durable: nothing in memory can be trusted any more (RELIABILITY
        /// §3.4).
        package static let syncFailed = Code(description: "sync-failed")
        /// Another process has the store.
        package static let inUse = Code(description: "in-use")
        /// Any other failure of the medium.
        package static let failed = Code(description: "failed")
    }

    package let code: Code
    /// For logs: the operation and the system's words. Never for a client.
    package let detail: String

    package init(_ code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { "blob store: \(self.code)" }
    /// With the detail: for logs.
    package var debugDescription: String { "\(self), \(self.detail)" }
}
