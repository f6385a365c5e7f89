import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting

/// One sealed blob in memory, and what the catalog would know of it.
struct SealedSample {
    static let key = EnvelopeKey(id: EnvelopeKeyID("k1"), bytes: [UInt8](repeating: 0x5A, count: 32))
    static let sealing = SealedBlobs()
    static let identity = BlobIdentity(
        tenant: .default,
        version: VersionRef(asset: AssetID(bytes: [UInt8](repeating: 3, count: 16)), number: VersionNumber(7)),
        variant: "w640.webp",
        mediaType: "image/webp",
        createdAt: Date(timeIntervalSince1970: 1_795_219_200.123)
    )

    let plaintext: [UInt8]
    var sealed: [UInt8]
    var record: BlobRecord
    /// What an opener is handed for `record.envelopeKey`.
    var key: EnvelopeKey

    var prefix: [UInt8] { Array(self.sealed.prefix(SealedLayout.prefixBytes)) }

    /// Byte j is (31 j + j/256) mod 256, as in the envelope vectors: no two chunks are alike.
    static func plaintext(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 >> 8) } }

    init(
        bytes: Int,
        sealing: SealedBlobs = Self.sealing,
        identity: BlobIdentity = Self.identity,
        id: BlobID = .make(),
        source: BlobID? = nil,
        key: EnvelopeKey = Self.key
    ) throws {
        self.key = key
        self.plaintext = Self.plaintext(bytes)
        var sealer = try sealing.makeSealer(for: identity, id: id, madeFrom: source, under: key)
        self.sealed = try sealer.start()
        self.sealed += try sealer.seal(self.plaintext)
        let (tail, record) = try sealer.finish()
        self.sealed += tail
        self.record = record
    }

    func opener() throws -> any BlobOpener {
        try Self.sealing.makeOpener(prefix: self.prefix, record: self.record, key: self.key)
    }

    /// What a reader of `range` would be handed, from bytes that may be fewer than they should.
    func read(_ range: Range<Int>, with opener: any BlobOpener) throws -> [UInt8] {
        let wanted = opener.sealedRange(for: range)
        let there = wanted.clamped(to: 0..<self.sealed.count)
        return try opener.open(self.sealed[there], range: range)
    }

    /// Reads the blob chunk by chunk to its end, as a delivery does.
    ///
    /// - Returns: what was released before the error, if there was one.
    func readAll() -> (released: [UInt8], error: (any Error)?) {
        var released: [UInt8] = []
        do {
            let opener = try self.opener()
            // An empty blob has one chunk too.
            for start in stride(from: 0, through: max(self.record.bytes - 1, 0), by: SealedLayout.chunkBytes) {
                let end = min(start + SealedLayout.chunkBytes, self.record.bytes)
                released += try self.read(start..<end, with: opener)
            }
            // The last chunk is empty where the size is a multiple of the chunk's: it is what says that nothing was
            // cut.
            _ = try self.read(self.record.bytes..<self.record.bytes, with: opener)
        } catch {
            return (released, error)
        }
        return (released, nil)
    }

    /// The sealed bytes of chunk `index`.
    func chunkRange(_ index: Int) -> Range<Int> {
        let start = SealedLayout.prefixBytes + index * Cobblestone256.sealedChunkBytes
        return start..<min(start + Cobblestone256.sealedChunkBytes, self.sealed.count)
    }
}

/// What an error is called: the code of a ``SealError`` or ``KeyError``.
func code(of error: (any Error)?) -> String? {
    if let error = error as? SealError { return error.code.description }
    if let error = error as? KeyError { return error.code.description }
    return error.map { "\($0)" }
}

func code(of body: () throws -> some Any) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return code(of: error)
    }
}

extension BlobRecord {
    /// The same row with some of its values changed.
    func with(
        id: BlobID? = nil,
        identity: BlobIdentity? = nil,
        bytes: Int? = nil,
        sealedBytes: Int? = nil,
        envelopeKey: EnvelopeKeyID? = nil,
        rewrapped: WrappedDataKey? = nil
    ) -> BlobRecord {
        BlobRecord(
            id: id ?? self.id,
            sealedAs: identity ?? self.sealedAs,
            bytes: bytes ?? self.bytes,
            sealedBytes: sealedBytes ?? self.sealedBytes,
            sha256: self.sha256,
            envelopeKey: envelopeKey ?? self.envelopeKey,
            rewrapped: rewrapped ?? self.rewrapped
        )
    }
}
