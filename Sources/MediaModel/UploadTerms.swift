/// What a client calls an upload, so that it can send it again and not make a second asset
/// (draft-ietf-httpapi-idempotency-key-header-06).
package struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
    package static let lengthMax = 255

    /// 1 ... ``lengthMax`` printable ASCII characters.
    package let description: String

    /// Nil for what is no key.
    package init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        guard (1...Self.lengthMax).contains(characters.count), characters.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        self.description = String(decoding: characters, as: UTF8.self)
    }
}

/// What was uploaded under an idempotency key.
package struct IdempotentUpload: Hashable, Sendable {
    package let ref: VersionRef
    /// What the request asked for: `new`, or the asset whose version it was to be. Another target under the same key is
    /// another request.
    package let target: String
    /// Of the picture as it was sent.
    package let sha256: SHA256Digest
    /// Bytes of the picture.
    package let bytes: Int

    package init(ref: VersionRef, target: String, sha256: SHA256Digest, bytes: Int) {
        self.ref = ref
        self.target = target
        self.sha256 = sha256
        self.bytes = bytes
    }
}

/// What commit 1 of an upload is bound to.
package struct CommitTerms: Hashable, Sendable {
    package let quota: Quota
    /// Taken in the same transaction, together with the target: `new`, or the asset.
    package let idempotencyKey: IdempotencyKey?
    package let target: String

    package init(quota: Quota = .none, idempotencyKey: IdempotencyKey? = nil, target: String = "new") {
        self.quota = quota
        self.idempotencyKey = idempotencyKey
        self.target = target
    }
}

/// How much a tenant may store; nil: as much as there is room.
package struct Quota: Hashable, Sendable {
    package static let none = Quota(bytes: nil, files: nil)

    /// Sealed bytes of sources and renditions in the store.
    package let bytes: Int?
    /// Versions.
    package let files: Int?

    package init(bytes: Int?, files: Int?) {
        self.bytes = bytes
        self.files = files
    }
}

/// How much a tenant has stored.
package struct Usage: Hashable, Sendable {
    package static let none = Usage(bytes: 0, files: 0)

    /// Sealed bytes of sources and renditions in the store, those of deleted assets too until they are erased.
    package let bytes: Int
    /// Versions, those of deleted assets too until they are erased.
    package let files: Int

    package init(bytes: Int, files: Int) {
        self.bytes = bytes
        self.files = files
    }
}

/// Where an asset is in its life.
package enum AssetStanding: String, Hashable, Sendable {
    case present
    /// Gone for every reader; it can be taken back until it is erased.
    case deleted
    /// Only that it was there is known.
    case erased
}
