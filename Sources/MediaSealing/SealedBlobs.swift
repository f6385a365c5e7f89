package import MediaModel

/// Seals and opens blobs in the sealed blob format, version 1 (docs/BLOB-FORMAT.md).
package struct SealedBlobs: BlobSealing {
    private let keys: any KeyProvider
    private let randomness: SealingRandomness

    /// - Parameters:
    ///   - keys: the envelope keys: the current one wraps new data keys, the others open older blobs.
    ///   - randomness: fixed in tests that reproduce vectors.
    package init(keys: any KeyProvider, randomness: SealingRandomness = .system) {
        self.keys = keys
        self.randomness = randomness
    }

    /// "Writer" in docs/BLOB-FORMAT.md.
    package func makeSealer(for identity: BlobIdentity, id: BlobID) throws -> any BlobSealer {
        let envelopeKey = try self.keys.current()
        let dataKey = try self.randomness.dataKey()
        let header = try self.header(for: identity, id: id, dataKey: dataKey, under: envelopeKey)
        let salt = try self.randomness.salt()
        let body = try Cobblestone256(
            sealingUnder: dataKey,
            salt: salt,
            context: SealedHeader.bodyContext(header)
        )
        return SealedBlobSealer(
            id: id,
            identity: identity,
            envelopeKey: envelopeKey.id,
            prefix: header + salt + body.commitment,
            body: body
        )
    }

    /// "Reader" in docs/BLOB-FORMAT.md, rules 1 to 4, in that order.
    package func makeOpener(prefix: [UInt8], record: BlobRecord) throws -> any BlobOpener {
        try Self.checkGeometry(prefix: prefix, record: record)
        let header = try SealedHeader(parsing: prefix)
        try Self.checkIdentity(header, record: record)
        let dataKey = try self.unwrap(header)
        let headerBytes = prefix.prefix(SealedHeader.byteCount)
        let saltEnd = SealedHeader.byteCount + Cobblestone256.saltBytes
        let body = try Cobblestone256(
            openingUnder: dataKey,
            salt: Array(prefix[SealedHeader.byteCount..<saltEnd]),
            commitment: Array(prefix[saltEnd..<SealedLayout.prefixBytes]),
            context: SealedHeader.bodyContext(headerBytes)
        )
        return SealedBlobOpener(blob: record.id, bytes: record.bytes, body: body)
    }

    private func header(
        for identity: BlobIdentity,
        id: BlobID,
        dataKey: borrowing SecretBytes,
        under envelopeKey: EnvelopeKey
    ) throws -> [UInt8] {
        var header = SealedHeader(blob: id, identity: identity, envelopeKey: envelopeKey.id)
        let nonce = try self.randomness.wrapNonce()
        let wrapped = try XAES256GCM.seal(
            dataKey,
            key: SecretBytes(copying: envelopeKey),
            nonce: nonce,
            aad: try header.wrapContext()
        )
        header.setWrappedKey(nonce: nonce, sealed: wrapped)
        return try header.encode()
    }

    /// The size says at once that something was cut off or added, before a byte of it is believed.
    private static func checkGeometry(prefix: [UInt8], record: BlobRecord) throws(SealError) {
        guard prefix.count == SealedLayout.prefixBytes, record.sealedBytes > SealedLayout.prefixBytes,
            let bytes = Cobblestone256.plaintextBytes(ofMessage: record.sealedBytes - SealedHeader.byteCount),
            bytes == record.bytes
        else {
            throw SealError(
                .truncated,
                detail: "blob \(record.id): \(record.sealedBytes) sealed bytes, \(record.bytes) of plaintext, "
                    + "a prefix of \(prefix.count)"
            )
        }
    }

    /// What the blob says of itself must be what the catalog says of it, so that a blob moved to another row is
    /// refused.
    private static func checkIdentity(_ header: SealedHeader, record: BlobRecord) throws(SealError) {
        let expected = SealedHeader(blob: record.id, identity: record.sealedAs, envelopeKey: record.envelopeKey)
        guard header.blob == record.id else {
            throw SealError(.identityMismatch, detail: "blob \(record.id) says that it is \(header.blob)")
        }
        for field in HeaderField.allCases where field != .wrappedKey && header[field] != expected[field] {
            throw SealError(.identityMismatch, detail: "blob \(record.id): \(field) is not that of its row")
        }
    }

    private func unwrap(_ header: SealedHeader) throws -> SecretBytes {
        let key = try self.keys.key(header.envelopeKey)
        let wrapped = header[.wrappedKey]
        let dataKey = try XAES256GCM.open(
            Array(wrapped.dropFirst(XAES256GCM.nonceBytes)),
            key: SecretBytes(copying: key),
            nonce: Array(wrapped.prefix(XAES256GCM.nonceBytes)),
            aad: try header.wrapContext()
        )
        guard let dataKey else {
            throw SealError(.keyMismatch, detail: "blob \(header.blob): its data key is not wrapped under \(key.id)")
        }
        return dataKey
    }
}
