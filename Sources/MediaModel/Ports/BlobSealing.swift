/// Turns plaintext into sealed blobs and back (docs/BLOB-FORMAT.md). Pure computation: no file, no network.
package protocol BlobSealing: Sendable {
    /// Starts sealing one blob under the current envelope key with a fresh data key. Throws ``KeyError``,
    /// ``SealError``.
    func makeSealer(for identity: BlobIdentity, id: BlobID) throws -> any BlobSealer

    /// Checks a blob's header against its row, unwraps the data key and checks the commitment: all that must hold
    /// before the first chunk may be opened.
    ///
    /// - Parameters:
    ///   - prefix: the blob's first ``SealedLayout/prefixBytes`` bytes.
    ///   - record: what the catalog says of the blob; the header must agree with it.
    /// - Throws: ``SealError``, ``KeyError``.
    func makeOpener(prefix: [UInt8], record: BlobRecord) throws -> any BlobOpener
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
    func open(_ sealed: [UInt8], range: Range<Int>) throws -> [UInt8]
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
