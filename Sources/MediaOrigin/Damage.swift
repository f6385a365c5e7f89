import MediaModel

/// A blob that is not what its row says: it cannot be served, and reading it again will not help.
package struct Damage: Hashable, Sendable {
    /// Stable, for the catalog, logs and metrics: `missing`, `truncated`, `corrupt` and so on.
    package let code: String

    package init(code: String) { self.code = code }

    /// Nil where `error` says nothing about the blob itself: a disk that does not answer, a key that is away.
    package init?(_ error: any Error) {
        switch error {
        case let error as SealError where error.code != .cryptography && error.code != .identityTooLong:
            self.code = error.code.description
        case let error as BlobStoreError where error.code == .missing || error.code == .truncated:
            self.code = error.code.description
        default: return nil
        }
    }
}
