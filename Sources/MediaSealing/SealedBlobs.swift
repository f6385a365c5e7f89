package import MediaModel

/// Seals and opens blobs in the sealed blob format, version 1 (docs/BLOB-FORMAT.md).
package struct SealedBlobs: BlobSealing {
    private let randomness: SealingRandomness

    /// - Parameter randomness: fixed in tests that reproduce vectors.
    package init(randomness: SealingRandomness = .system) { self.randomness = randomness }

    /// "Writer" in docs/BLOB-FORMAT.md.
    package func makeSealer(
        for identity: BlobIdentity,
        id: BlobID,
        madeFrom source: BlobID?,
        under key: EnvelopeKey
    ) throws -> any BlobSealer {
        let dataKey = try self.randomness.dataKey()
        var header = SealedHeader(blob: id, identity: identity, envelopeKey: key.id, source: source)
        let nonce = try self.randomness.wrapNonce()
        let context = try header.wrapContext()
        header.setWrappedKey(
            try dataKey.withBytes { (bytes) throws(SealError) in
                try KeyWrap.wrap(UnsafeRawBufferPointer(bytes), under: key, nonce: nonce, context: context)
            }
        )
        let headerBytes = try header.encode()
        let salt = try self.randomness.salt()
        let body = try Cobblestone256(
            sealingUnder: dataKey,
            salt: salt,
            context: SealedHeader.bodyContext(headerBytes)
        )
        return SealedBlobSealer(
            id: id,
            identity: identity,
            envelopeKey: key.id,
            prefix: headerBytes + salt + body.commitment,
            body: body
        )
    }

    /// "Reader" in docs/BLOB-FORMAT.md, rules 1 to 5, in that order.
    package func makeOpener(prefix: [UInt8], record: BlobRecord, key: EnvelopeKey) throws -> any BlobOpener {
        let header = try Self.header(prefix, of: record)
        // What the wrap is bound to is the same in the header and the row: it was checked.
        let wrapped = record.rewrapped?.bytes ?? header[.wrappedKey]
        let dataKey = try Self.dataKey(wrapped, boundTo: header, of: record, under: key)
        let saltEnd = SealedHeader.byteCount + Cobblestone256.saltBytes
        let body = try Cobblestone256(
            openingUnder: dataKey,
            salt: Array(prefix[SealedHeader.byteCount..<saltEnd]),
            commitment: Array(prefix[saltEnd..<SealedLayout.prefixBytes]),
            context: SealedHeader.bodyContext(prefix.prefix(SealedHeader.byteCount))
        )
        return SealedBlobOpener(blob: record.id, bytes: record.bytes, body: body)
    }

    /// "Rewrapping" in docs/BLOB-FORMAT.md. The new wrap is opened once before it is returned: the old key may be
    /// destroyed next.
    package func rewrap(
        prefix: [UInt8],
        record: BlobRecord,
        from old: EnvelopeKey,
        to new: EnvelopeKey
    ) throws -> WrappedDataKey {
        let wrapped = try record.rewrapped?.bytes ?? Self.header(prefix, of: record)[.wrappedKey]
        let bound = Self.header(of: record)
        let dataKey = try Self.dataKey(wrapped, boundTo: bound, of: record, under: old)
        let nonce = try self.randomness.wrapNonce()
        let context = try bound.wrapContext()
        return WrappedDataKey(
            bytes: try dataKey.withBytes { (bytes) throws(SealError) in
                try KeyWrap.wrapAndCheck(UnsafeRawBufferPointer(bytes), under: new, nonce: nonce, context: context)
            }
        )
    }

    package func readHeader(prefix: [UInt8], sealedBytes: Int) throws -> SealedFacts {
        guard let bytes = Self.plaintextBytes(prefix: prefix, sealedBytes: sealedBytes) else {
            throw SealError(.truncated, detail: "\(sealedBytes) sealed bytes, a prefix of \(prefix.count)")
        }
        let header = try SealedHeader(parsing: prefix)
        return SealedFacts(
            id: header.blob,
            identity: try header.identity(),
            envelopeKey: header.envelopeKey,
            source: header.source,
            bytes: bytes
        )
    }

    /// The header of the blob that `record` names, rules 1 to 3 kept.
    private static func header(_ prefix: [UInt8], of record: BlobRecord) throws(SealError) -> SealedHeader {
        // The size says at once that something was cut off or added, before a byte of it is believed.
        guard Self.plaintextBytes(prefix: prefix, sealedBytes: record.sealedBytes) == record.bytes else {
            throw SealError(
                .truncated,
                detail: "blob \(record.id): \(record.sealedBytes) sealed bytes, \(record.bytes) of plaintext, "
                    + "a prefix of \(prefix.count)"
            )
        }
        let header = try SealedHeader(parsing: prefix)
        try Self.checkIdentity(header, record: record)
        return header
    }

    /// What the plaintext's size must be; nil where the prefix is no whole one, or no sealed blob has that size.
    private static func plaintextBytes(prefix: [UInt8], sealedBytes: Int) -> Int? {
        guard prefix.count == SealedLayout.prefixBytes, sealedBytes > SealedLayout.prefixBytes else { return nil }
        return Cobblestone256.plaintextBytes(ofMessage: sealedBytes - SealedHeader.byteCount)
    }

    /// What the blob says of itself must be what the catalog says of it, so that a blob moved to another row is
    /// refused.
    ///
    /// The envelope key is the row's affair once the data key was wrapped anew: the header has the first one for ever.
    private static func checkIdentity(_ header: SealedHeader, record: BlobRecord) throws(SealError) {
        let expected = Self.header(of: record)
        guard header.blob == record.id else {
            throw SealError(.identityMismatch, detail: "blob \(record.id) says that it is \(header.blob)")
        }
        for field in Self.fieldsOfRow where header[field] != expected[field] {
            if field == .envelopeKey, record.rewrapped != nil { continue }
            throw SealError(.identityMismatch, detail: "blob \(record.id): \(field) is not that of its row")
        }
    }

    private static let fieldsOfRow: [HeaderField] = [
        .tenant, .asset, .version, .variant, .mediaType, .envelopeKey, .created,
    ]

    private static func header(of record: BlobRecord) -> SealedHeader {
        SealedHeader(blob: record.id, identity: record.sealedAs, envelopeKey: record.envelopeKey)
    }

    /// Rule 4.
    ///
    /// - Parameter header: agrees with `record` in what the wrap is bound to.
    /// - Throws: `.keyMismatch` where `wrapped` does not open.
    private static func dataKey(
        _ wrapped: [UInt8],
        boundTo header: SealedHeader,
        of record: BlobRecord,
        under key: EnvelopeKey
    ) throws(SealError) -> SecretBytes {
        precondition(key.id == record.envelopeKey, "the key is the one that the row names")
        let context = try header.wrapContext()
        var dataKey = SecretBytes(count: Cobblestone256.keyBytes)
        let isOpen = try dataKey.withMutableBytes { (bytes) throws(SealError) in
            try KeyWrap.unwrap(wrapped, under: key, context: context, into: UnsafeMutableRawBufferPointer(bytes))
        }
        guard isOpen else {
            throw SealError(.keyMismatch, detail: "blob \(record.id): its data key is not wrapped under \(key.id)")
        }
        return dataKey
    }
}
