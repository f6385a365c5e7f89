package import MediaModel

/// A stand-in for the seal with the real layout and none of its secrecy: plaintext XOR 0x5A, tags that are the chunk's
/// number, data keys that are only the fingerprint of the envelope key. What uses the port cannot tell the difference;
/// what looks for plaintext in the store finds none, and what hands over a wrong key gets `.keyMismatch`.
package struct FakeSealing: BlobSealing {
    package init() {}

    package func makeSealer(
        for identity: BlobIdentity,
        id: BlobID,
        madeFrom source: BlobID?,
        under key: EnvelopeKey
    ) throws -> any BlobSealer {
        let facts = SealedFacts(id: id, identity: identity, envelopeKey: key.id, source: source, bytes: 0)
        return FakeSealer(facts: facts, prefix: try FakeHeader(facts: facts, wrapped: FakeWrap.make(id, key)).encode())
    }

    package func makeOpener(prefix: [UInt8], record: BlobRecord, key: EnvelopeKey) throws -> any BlobOpener {
        precondition(key.id == record.envelopeKey, "the key is that of the row")
        let header = try FakeHeader(parsing: prefix, sealedBytes: record.sealedBytes)
        guard header.facts.bytes == record.bytes else { throw SealError(.truncated, detail: "blob \(record.id)") }
        // Compared as written: a header keeps milliseconds, a `Date` may have more.
        let claimed = SealedFacts(
            id: record.id,
            identity: record.sealedAs,
            envelopeKey: record.rewrapped == nil ? record.envelopeKey : header.facts.envelopeKey,
            source: header.facts.source,
            bytes: record.bytes
        )
        guard try FakeHeader(facts: claimed, wrapped: header.wrapped).encode() == prefix else {
            throw SealError(.identityMismatch, detail: "blob \(record.id) says that it is \(header.facts)")
        }
        try FakeWrap.check(record.rewrapped ?? header.wrapped, of: record.id, under: key)
        return FakeOpener(bytes: record.bytes)
    }

    package func rewrap(
        prefix: [UInt8],
        record: BlobRecord,
        from old: EnvelopeKey,
        to new: EnvelopeKey
    ) throws -> WrappedDataKey {
        precondition(old.id == record.envelopeKey, "the old key is that of the row")
        let wrapped =
            try record.rewrapped ?? FakeHeader(parsing: prefix, sealedBytes: record.sealedBytes).wrapped
        try FakeWrap.check(wrapped, of: record.id, under: old)
        return FakeWrap.make(record.id, new)
    }

    package func readHeader(prefix: [UInt8], sealedBytes: Int) throws -> SealedFacts {
        try FakeHeader(parsing: prefix, sealedBytes: sealedBytes).facts
    }

    /// Not SHA-256, but as good as one for telling test pictures apart.
    package static func digest(_ bytes: [UInt8]) -> SHA256Digest {
        var state: [UInt64] = [0xcbf2_9ce4_8422_2325, 1, 2, 3]
        for byte in bytes {
            for index in state.indices { state[index] = (state[index] ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return SHA256Digest(
            bytes: state.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        )
    }
}

private struct FakeSealer: BlobSealer {
    let facts: SealedFacts
    let prefix: [UInt8]
    var plaintext: [UInt8] = []
    var sealed = 0

    mutating func start() throws -> [UInt8] { self.prefix }

    mutating func seal(_ plaintext: [UInt8]) throws -> [UInt8] {
        self.plaintext += plaintext
        var out: [UInt8] = []
        while self.plaintext.count - self.sealed >= SealedLayout.chunkBytes {
            out += self.chunk(self.sealed..<self.sealed + SealedLayout.chunkBytes)
            self.sealed += SealedLayout.chunkBytes
        }
        return out
    }

    mutating func finish() throws -> (tail: [UInt8], record: BlobRecord) {
        let tail = self.chunk(self.sealed..<self.plaintext.count)
        let record = BlobRecord(
            id: self.facts.id,
            sealedAs: self.facts.identity,
            bytes: self.plaintext.count,
            sealedBytes: SealedLayout.sealedBytes(for: self.plaintext.count),
            sha256: FakeSealing.digest(self.plaintext),
            envelopeKey: self.facts.envelopeKey
        )
        return (tail, record)
    }

    private func chunk(_ range: Range<Int>) -> [UInt8] {
        let number = UInt8(truncatingIfNeeded: range.lowerBound / SealedLayout.chunkBytes)
        return self.plaintext[range].map { $0 ^ 0x5A } + [UInt8](repeating: number, count: SealedLayout.tagBytes)
    }
}

private struct FakeOpener: BlobOpener {
    static let sealedChunk = SealedLayout.chunkBytes + SealedLayout.tagBytes
    let bytes: Int

    func sealedRange(for range: Range<Int>) -> Range<Int> {
        let first = range.lowerBound / SealedLayout.chunkBytes
        let last = max(range.lowerBound, range.upperBound - 1) / SealedLayout.chunkBytes
        let end = min(
            SealedLayout.sealedBytes(for: self.bytes),
            SealedLayout.prefixBytes + (last + 1) * Self.sealedChunk
        )
        return SealedLayout.prefixBytes + first * Self.sealedChunk..<end
    }

    func open(_ sealed: ArraySlice<UInt8>, range: Range<Int>) throws -> [UInt8] {
        let sealed = Array(sealed)
        let first = range.lowerBound / SealedLayout.chunkBytes
        var plaintext: [UInt8] = []
        for (index, start) in stride(from: 0, to: sealed.count, by: Self.sealedChunk).enumerated() {
            let chunk = sealed[start..<min(sealed.count, start + Self.sealedChunk)]
            let tag = [UInt8](
                repeating: UInt8(truncatingIfNeeded: first + index),
                count: SealedLayout.tagBytes
            )
            guard Array(chunk.suffix(SealedLayout.tagBytes)) == tag else { throw SealError(.corrupt, detail: "tag") }
            plaintext += chunk.dropLast(SealedLayout.tagBytes).map { $0 ^ 0x5A }
        }
        let offset = first * SealedLayout.chunkBytes
        return Array(plaintext[range.lowerBound - offset..<range.upperBound - offset])
    }
}
