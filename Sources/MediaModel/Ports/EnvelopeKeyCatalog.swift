/// What the catalog keeps of envelope keys, and of data keys that were wrapped anew.
package protocol EnvelopeKeyCatalog: Sendable {
    /// All of them, newest first (by their making, then by id).
    func envelopeKeys() async throws -> [EnvelopeKeyRecord]

    /// Adds a key. Throws `.conflict` where its id is taken.
    func add(_ key: EnvelopeKeyRecord) async throws

    /// Replaces how a key is wrapped: its root key is another now. Throws `.conflict` where there is no such key.
    func setWrapped(_ wrapped: WrappedEnvelopeKey, of key: EnvelopeKeyID) async throws

    /// Forgets a key: what is wrapped under it can never be opened again. Throws `.keyInUse` while a blob needs it.
    /// Retiring what is not there is no error.
    func retire(_ key: EnvelopeKeyID) async throws

    /// How many blobs need each key; keys that none needs are not in the answer.
    func blobCounts() async throws -> [EnvelopeKeyID: Int]

    /// Blobs that need a key, in the order of their ids.
    ///
    /// - Parameters:
    ///   - after: the last id of the page before; nil for the first page.
    ///   - limit: 1 or more. Fewer rows than `limit`: the end was reached.
    func blobs(under key: EnvelopeKeyID, after: BlobID?, limit: Int) async throws -> [BlobRecord]

    /// Records data keys that were wrapped anew, all in one transaction. A blob that is gone, or does not need
    /// `change.from` any more, is passed over.
    ///
    /// - Returns: how many were changed.
    /// - Throws: `.keyRetired` where a new key is not in the catalog.
    func rewrap(_ changes: [DataKeyChange]) async throws -> Int
}

/// A data key that was wrapped under another envelope key.
package struct DataKeyChange: Hashable, Sendable {
    package let blob: BlobID
    package let from: EnvelopeKeyID
    package let to: EnvelopeKeyID
    package let wrapped: WrappedDataKey

    package init(blob: BlobID, from: EnvelopeKeyID, to: EnvelopeKeyID, wrapped: WrappedDataKey) {
        self.blob = blob
        self.from = from
        self.to = to
        self.wrapped = wrapped
    }
}
