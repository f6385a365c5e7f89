import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// What a header says to whoever has no row.
@Suite struct SealedFactsTests {
    private static func facts(_ sample: SealedSample, sealedBytes: Int? = nil) throws -> SealedFacts {
        try SealedSample.sealing.readHeader(
            prefix: sample.prefix,
            sealedBytes: sealedBytes ?? sample.sealed.count
        )
    }

    /// What is read makes a row that opens the blob.
    @Test(arguments: [0, 1, 16383, 16384, 100_001], [true, false])
    func theFactsMakeTheRow(bytes: Int, hasSource: Bool) throws {
        let source = hasSource ? BlobID.make() : nil
        var sample = try SealedSample(bytes: bytes, source: source)
        let facts = try Self.facts(sample)
        #expect(facts.id == sample.record.id && facts.identity == sample.record.sealedAs)
        #expect(facts.envelopeKey == SealedSample.key.id && facts.source == source && facts.bytes == bytes)
        sample.record = BlobRecord(
            id: facts.id,
            sealedAs: facts.identity,
            bytes: facts.bytes,
            sealedBytes: sample.sealed.count,
            sha256: sample.record.sha256,
            envelopeKey: facts.envelopeKey
        )
        #expect(sample.readAll().released == sample.plaintext)
    }

    /// The header keeps the first envelope key for ever.
    @Test func aRewrapDoesNotShow() throws {
        let sample = try SealedSample(bytes: 5)
        let key = EnvelopeKey(id: EnvelopeKeyID("k2"), bytes: [UInt8](repeating: 2, count: 32))
        _ = try SealedSample.sealing.rewrap(prefix: sample.prefix, record: sample.record, from: sample.key, to: key)
        #expect(try Self.facts(sample).envelopeKey == SealedSample.key.id)
    }

    @Test(arguments: [Int.min, -1, 0, 512, 568, 583, 568 + 16400, 568 + 16400 + 15])
    func aSizeThatNoBlobHasIsTruncated(sealedBytes: Int) throws {
        let sample = try SealedSample(bytes: 5)
        #expect(code(of: { try Self.facts(sample, sealedBytes: sealedBytes) }) == "truncated")
    }

    @Test(arguments: [0, 512, 567, 569])
    func aPrefixOfAnotherSizeIsTruncated(bytes: Int) throws {
        let sample = try SealedSample(bytes: 500)
        let prefix = Array(sample.sealed.prefix(bytes))
        #expect(
            code(of: { try SealedSample.sealing.readHeader(prefix: prefix, sealedBytes: sample.sealed.count) })
                == "truncated"
        )
    }

    /// What an opener compares byte by byte, and need not understand, is refused where it would become a row.
    @Test(
        arguments: [
            (1, []), (1, [0x74, 0xFF]), (1, Array("a\nb".utf8)), (1, [0x7F]), (1, [UInt8](repeating: 0x74, count: 65)),
            (3, [0, 0, 0, 0, 0, 0, 0, 0]), (3, [0, 0, 0, 0, 0x3B, 0x9A, 0xCA, 0]),
            (3, [UInt8](repeating: 255, count: 8)),
            (4, []), (4, [0xC3]), (4, [0]), (5, []), (5, [0xED, 0xA0, 0x80]), (5, Array("image/webp\r".utf8)),
            (7, [UInt8](repeating: 255, count: 8)),
        ] as [(UInt8, [UInt8])]
    )
    func aFieldThatIsNoIdentityIsMalformed(type: UInt8, value: [UInt8]) throws {
        var sample = try SealedSample(bytes: 5)
        var parts = HeaderTests.Parts(Array(sample.sealed.prefix(512)))
        let index = try #require(parts.fields.firstIndex { $0.type == type })
        parts.fields[index].value = value
        sample.sealed.replaceSubrange(0..<512, with: parts.bytes)
        _ = try SealedHeader(parsing: sample.prefix)
        #expect(code(of: { try Self.facts(sample) }) == "malformed-header")
    }

    @Test func theLargestValuesAreRead() throws {
        let identity = BlobIdentity(
            tenant: Tenant(name: String(repeating: "ä", count: 32)),
            version: VersionRef(asset: AssetID(bytes: [UInt8](repeating: 255, count: 16)), number: .max),
            variant: "größe.webp",
            mediaType: "image/webp",
            createdAt: Date(timeIntervalSince1970: 253_402_300_799.999)
        )
        let sample = try SealedSample(bytes: 5, identity: identity)
        let facts = try Self.facts(sample)
        #expect(facts.identity.tenant == identity.tenant && facts.identity.version == identity.version)
        #expect(facts.identity.variant == identity.variant)
        #expect(abs(facts.identity.createdAt.timeIntervalSince(identity.createdAt)) < 0.0005)
    }

    /// Nobody can give a rendition another source: the field is authenticated like all others.
    @Test func theSourceIsAuthenticated() throws {
        let sample = try SealedSample(bytes: 5, source: .make())
        var parts = HeaderTests.Parts(Array(sample.sealed.prefix(512)))
        #expect(parts.fields.map(\.type) == [1, 2, 3, 4, 5, 6, 7, 0x7F, 0x80])
        var changed = sample
        parts.fields[8].value[0] ^= 1
        changed.sealed.replaceSubrange(0..<512, with: parts.bytes)
        #expect(try Self.facts(changed).source != nil)
        #expect(code(of: changed.readAll().error) == "wrong-key-or-header")
        changed.sealed.replaceSubrange(0..<512, with: parts.dropping(type: 0x80))
        #expect(code(of: changed.readAll().error) == "wrong-key-or-header")
    }

    @Test func mutatedHeadersNeverCrashTheReader() throws {
        var generator = SeededGenerator()
        let sample = try SealedSample(bytes: 0, source: .make())
        var read = 0
        for _ in 0..<30_000 {
            var changed = sample
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let bit = Int.random(in: 0..<200 * 8, using: &generator)
                changed.sealed[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            if (try? Self.facts(changed)) != nil { read += 1 }
        }
        #expect(read > 300, "\(generator)")
    }
}
