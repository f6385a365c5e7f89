/// Turns plaintext into sealed blobs and back (docs/BLOB-FORMAT.md). Pure computation: no file, no network.
package protocol BlobSealing: Sendable {
    /// Starts sealing one blob with a fresh data key, which is wrapped under `key`. Throws ``SealError``.
    ///
    /// - Parameter source: the blob of the picture that a rendition was made of; it goes into the header, so that a
    ///   lost catalog can be made again from the blobs alone. Of a picture that was sealed anew: the blob it was at
    ///   first, which is what the renditions made of it say.
    func makeSealer(
        for identity: BlobIdentity,
        id: BlobID,
        madeFrom source: BlobID?,
        under key: EnvelopeKey
    ) throws -> any BlobSealer

    /// Checks a blob's header against its row, unwraps the data key and checks the commitment: all that must hold
    /// before the first chunk may be opened.
    ///
    /// - Parameters:
    ///   - prefix: the blob's first ``SealedLayout/prefixBytes`` bytes.
    ///   - record: what the catalog says of the blob; the header must agree with it.
    ///   - key: the key of the id `record.envelopeKey`.
    /// - Throws: ``SealError``.
    func makeOpener(prefix: [UInt8], record: BlobRecord, key: EnvelopeKey) throws -> any BlobOpener

    /// Wraps a blob's data key anew. The blob itself is not touched, and the old wrap still opens under the old key.
    ///
    /// - Parameters:
    ///   - prefix: the blob's first ``SealedLayout/prefixBytes`` bytes; not looked at where `record.rewrapped` is
    ///     there.
    ///   - record: what the catalog says of the blob.
    ///   - old: the key of the id `record.envelopeKey`.
    ///   - new: the key to wrap under.
    /// - Throws: ``SealError``.
    func rewrap(
        prefix: [UInt8],
        record: BlobRecord,
        from old: EnvelopeKey,
        to new: EnvelopeKey
    ) throws -> WrappedDataKey

    /// What a blob's header says, for whoever has no row to go by. Nothing of it is proven until an opener made of it
    /// has opened the last chunk. Throws ``SealError``.
    ///
    /// - Parameters:
    ///   - prefix: the blob's first ``SealedLayout/prefixBytes`` bytes.
    ///   - sealedBytes: the blob's size in the store.
    func readHeader(prefix: [UInt8], sealedBytes: Int) throws -> SealedFacts
}

/// What a sealed blob says of itself.
package struct SealedFacts: Hashable, Sendable {
    package let id: BlobID
    package let identity: BlobIdentity
    /// The key that the header's data key is wrapped under.
    package let envelopeKey: EnvelopeKeyID
    /// The blob of the picture that this rendition was made of. For a picture that was sealed anew, the blob it was at
    /// first. Nil for any other picture, and for renditions from before this was written down.
    package let source: BlobID?
    /// Of plaintext, as the blob's size has it.
    package let bytes: Int

    package init(id: BlobID, identity: BlobIdentity, envelopeKey: EnvelopeKeyID, source: BlobID?, bytes: Int) {
        self.id = id
        self.identity = identity
        self.envelopeKey = envelopeKey
        self.source = source
        self.bytes = bytes
    }
}

/// Seals one blob, from front to back. Used by one task at a time.
package protocol BlobSealer: Sendable {
    /// The blob's first bytes: header, salt and commitment.
    mutating func start() throws -> [UInt8]

    /// Takes more plaintext; returns the chunks that are complete (possibly none). At most one chunk is held back.
    mutating func seal(_ plaintext: [UInt8]) throws -> [UInt8]

    /// The last chunk, and what the catalog must remember.
    mutating func finish() throws -> (tail: [UInt8], record: BlobRecord)
}

/// Opens chunks of one blob, in any order. No plaintext is returned before its tag was verified.
package protocol BlobOpener: Sendable {
    /// The sealed bytes that hold the plaintext `range` (0 ... plaintext size; may be empty): whole chunks.
    func sealedRange(for range: Range<Int>) -> Range<Int>

    /// Opens the sealed bytes `sealedRange(for: range)` and returns the plaintext `range`. Throws ``SealError``.
    func open(_ sealed: ArraySlice<UInt8>, range: Range<Int>) throws -> [UInt8]
}

/// Sizes that follow from the format alone.
package enum SealedLayout {
    /// Header 512, salt 24, commitment 32.
    package static let prefixBytes = 568
    /// Plaintext bytes of a chunk; the last one is always shorter, possibly empty.
    package static let chunkBytes = 16384
    package static let tagBytes = 16

    /// The sealed size of `bytes` of plaintext.
    package static func sealedBytes(for bytes: Int) -> Int {
        Self.prefixBytes + bytes + Self.tagBytes * (bytes / Self.chunkBytes + 1)
    }
}

/// Why a blob could not be sealed or must not be served.
package struct SealError: Error, Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// The size is not that of the row, or of no sealed blob at all. No cryptography was done.
        package static let truncated = Code(description: "truncated")
        /// The header breaks the format's rules.
        package static let malformedHeader = Code(description: "malformed-header")
        /// The header is sound but speaks of another blob than the row.
        package static let identityMismatch = Code(description: "identity-mismatch")
        /// The wrapped data key did not open under the envelope key.
        package static let keyMismatch = Code(description: "key-mismatch")
        /// The commitment does not fit: another key, or a header that was changed.
        package static let wrongKeyOrHeader = Code(description: "wrong-key-or-header")
        /// A chunk's tag did not verify.
        package static let corrupt = Code(description: "corrupt")
        /// The identity cannot be written into a header (a field over 255 bytes, or all over 512).
        package static let identityTooLong = Code(description: "identity-too-long")
        /// OpenSSL would not work.
        package static let cryptography = Code(description: "cryptography")
    }

    package let code: Code
    /// For logs: never plaintext, never key bytes.
    package let detail: String

    package init(_ code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { "sealing: \(self.code)" }
    /// With the detail: for logs.
    package var debugDescription: String { "\(self), \(self.detail)" }
}
