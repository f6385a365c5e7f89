import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// The envelope vectors (fixtures/vectors/sealedblob.json), made by another implementation with fixed randomness.
@Suite("Envelope vectors")
struct EnvelopeVectors {
    static let all: [EnvelopeVector] = {
        let file = try? JSONDecoder().decode(EnvelopeFile.self, from: Data(Fixtures.bytes("vectors/sealedblob.json")))
        return file?.vectors ?? []
    }()

    @Test("8 of 8 envelope vectors are there")
    func thereAre8() { #expect(Self.all.map(\.n) == [0, 1, 16383, 16384, 16385, 32768, 65536, 100_001]) }

    @Test("Envelope vectors are sealed to the same bytes", arguments: all)
    func sealsToTheSameBytes(vector: EnvelopeVector) throws {
        let sample = try vector.sample()
        #expect(Hex.encode(sample.sealed.prefix(SealedHeader.byteCount)) == vector.header)
        #expect(Digests.sha256(sample.sealed).description == vector.sealedSHA256)
        #expect(sample.sealed.count == vector.sealedLength)
        #expect(sample.record == (try vector.record()))
    }

    @Test("Envelope vectors open to their plaintext", arguments: all)
    func opens(vector: EnvelopeVector) throws {
        var sample = try vector.sample()
        sample.record = try vector.record()
        let (released, error) = sample.readAll()
        #expect(error == nil)
        #expect(Digests.sha256(released).description == vector.plaintextSHA256)
    }
}

struct EnvelopeFile: Decodable {
    let vectors: [EnvelopeVector]
}

struct EnvelopeVector: Decodable, Sendable, CustomTestStringConvertible {
    let n: Int
    let kek: String
    let blobID: String
    let dek: String
    let wrapNonce: String
    let salt: String
    let asset: String
    let tenant: String
    let version: Int
    let variant: String
    let type: String
    let kekID: String
    let createdMilliseconds: Int
    let plaintextSHA256: String
    let header: String
    let sealedSHA256: String
    let sealedLength: Int

    enum CodingKeys: String, CodingKey {
        case n
        case kek
        case blobID = "blob_id"
        case dek
        case wrapNonce = "wrap_nonce"
        case salt
        case asset
        case tenant
        case version
        case variant
        case type
        case kekID = "kek_id"
        case createdMilliseconds = "created_ms"
        case plaintextSHA256 = "pt_sha256"
        case header
        case sealedSHA256 = "sealed_sha256"
        case sealedLength = "sealed_len"
    }

    var testDescription: String { "\(self.n) bytes" }

    func identity() throws -> BlobIdentity {
        let asset = AssetID(bytes: try #require(Hex.decode(self.asset)))
        return BlobIdentity(
            tenant: Tenant(name: self.tenant),
            version: VersionRef(asset: asset, number: VersionNumber(self.version)),
            variant: self.variant,
            mediaType: self.type,
            createdAt: Date(timeIntervalSince1970: Double(self.createdMilliseconds) / 1000)
        )
    }

    func record() throws -> BlobRecord {
        BlobRecord(
            id: try #require(BlobID(self.blobID)),
            sealedAs: try self.identity(),
            bytes: self.n,
            sealedBytes: self.sealedLength,
            sha256: try #require(SHA256Digest(hex: self.plaintextSHA256)),
            envelopeKey: EnvelopeKeyID(stringLiteral: self.kekID)
        )
    }

    func key() throws -> EnvelopeKey {
        EnvelopeKey(id: EnvelopeKeyID(stringLiteral: self.kekID), bytes: try #require(Hex.decode(self.kek)))
    }

    /// With the vector's randomness in the place of the system's.
    func sealing() throws -> SealedBlobs {
        SealedBlobs(
            randomness: .fixed(
                dataKey: try #require(Hex.decode(self.dek)),
                wrapNonce: try #require(Hex.decode(self.wrapNonce)),
                salt: try #require(Hex.decode(self.salt))
            )
        )
    }

    func sample(source: BlobID? = nil) throws -> SealedSample {
        try SealedSample(
            bytes: self.n,
            sealing: try self.sealing(),
            identity: try self.identity(),
            id: try #require(BlobID(self.blobID)),
            source: source,
            key: try self.key()
        )
    }
}

extension SealingRandomness {
    static func fixed(dataKey: [UInt8], wrapNonce: [UInt8], salt: [UInt8]) -> SealingRandomness {
        SealingRandomness { purpose, buffer in
            let bytes =
                switch purpose {
                case .dataKey: dataKey
                case .wrapNonce: wrapNonce
                case .salt: salt
                }
            return buffer.count == bytes.count && buffer.update(fromContentsOf: bytes) == bytes.count
        }
    }
}
