import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaSealing

/// The vectors of keys (fixtures/vectors/wrappedkeys.json), made by another implementation.
@Suite("Wrapped key vectors")
struct WrappedKeyVectors {
    struct File: Decodable {
        let envelopeKeys: [EnvelopeKeyVector]
        let dataKeys: [DataKeyVector]
        let withSource: [SourceVector]

        enum CodingKeys: String, CodingKey {
            case envelopeKeys = "envelope_keys"
            case dataKeys = "data_keys"
            case withSource = "with_source"
        }
    }

    /// An envelope key under a root key of a ring.
    struct EnvelopeKeyVector: Decodable, Sendable, CustomTestStringConvertible {
        let root: String
        let id: String
        let tenant: String
        let context: String
        let key: String
        let wrapped: String

        var testDescription: String { self.id }
    }

    /// The data key of the envelope vector of that size, under another key.
    struct DataKeyVector: Decodable, Sendable, CustomTestStringConvertible {
        let n: Int
        let key: String
        let nonce: String
        let wrapped: String

        var testDescription: String { "\(self.n) bytes" }
    }

    /// The envelope vector of that size with a source.
    struct SourceVector: Decodable, Sendable, CustomTestStringConvertible {
        let n: Int
        let source: String
        let header: String
        let sealedSHA256: String

        enum CodingKeys: String, CodingKey {
            case n
            case source
            case header
            case sealedSHA256 = "sealed_sha256"
        }

        var testDescription: String { "\(self.n) bytes" }
    }

    static let all: File? = try? JSONDecoder().decode(
        File.self,
        from: Data(Fixtures.bytes("vectors/wrappedkeys.json"))
    )

    @Test("3 envelope keys, 8 data keys and 8 sources are there")
    func theyAreThere() throws {
        let all = try #require(Self.all)
        #expect(all.envelopeKeys.count == 3 && all.dataKeys.count == 8 && all.withSource.count == 8)
    }

    @Test("Envelope keys that a ring wrapped open", arguments: all?.envelopeKeys ?? [])
    func anEnvelopeKeyOpens(vector: EnvelopeKeyVector) async throws {
        let folder = try TemporaryFolder()
        let root = Data(try #require(Hex.decode(vector.root))).base64EncodedString()
        try folder.write("other:\(Data(count: 32).base64EncodedString())\nroot-1:\(root)\n")
        let wrapped = WrappedEnvelopeKey(rootKey: RootKeyID("root-1"), bytes: try #require(Hex.decode(vector.wrapped)))
        let id = EnvelopeKeyID(stringLiteral: vector.id)
        let key = try await KeyRing.open(folder.ring).unwrap(wrapped, as: id, for: Tenant(name: vector.tenant))
        #expect(Hex.encode(key.plain) == vector.key && key.id == id)
        let context = EncryptionContext(key: id, tenant: Tenant(name: vector.tenant)).authenticated
        #expect(context == Array("envelope-key/v1\0\(vector.context)".utf8))
    }

    @Test("Envelope vectors are wrapped anew to the same bytes", arguments: all?.dataKeys ?? [])
    func aDataKeyIsWrappedAnew(vector: DataKeyVector) throws {
        let envelope = try #require(EnvelopeVectors.all.first { $0.n == vector.n })
        var sample = try envelope.sample()
        let new = EnvelopeKey(id: EnvelopeKeyID("new"), bytes: try #require(Hex.decode(vector.key)))
        let sealing = SealedBlobs(
            randomness: .fixed(dataKey: [], wrapNonce: try #require(Hex.decode(vector.nonce)), salt: [])
        )
        let wrapped = try sealing.rewrap(prefix: sample.prefix, record: sample.record, from: sample.key, to: new)
        #expect(Hex.encode(wrapped.bytes) == vector.wrapped)
        sample.record = sample.record.with(envelopeKey: new.id, rewrapped: wrapped)
        sample.key = new
        #expect(Digests.sha256(sample.readAll().released).description == envelope.plaintextSHA256)
    }

    @Test("Envelope vectors with a source are sealed to the same bytes", arguments: all?.withSource ?? [])
    func aSourceIsWritten(vector: SourceVector) throws {
        let envelope = try #require(EnvelopeVectors.all.first { $0.n == vector.n })
        let source = try #require(BlobID(vector.source))
        let sample = try envelope.sample(source: source)
        #expect(Hex.encode(sample.sealed.prefix(SealedHeader.byteCount)) == vector.header)
        #expect(Digests.sha256(sample.sealed).description == vector.sealedSHA256)
        let facts = try SealedBlobs().readHeader(prefix: sample.prefix, sealedBytes: sample.sealed.count)
        #expect(facts.source == source && facts.identity == sample.record.sealedAs && facts.bytes == vector.n)
        #expect(sample.readAll().error == nil)
    }
}
