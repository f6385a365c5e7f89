import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// Two implementations agree: what one seals, the other opens (the reference is ../shared/vectors/sealedblob.py).
@Suite struct InteroperabilityTests {
    /// A thousand random sizes each way, up to some chunks.
    private static let blobs = 1000
    private static let bytesMax = 60_000

    @Test(
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.reason)),
        .enabled("needs python3 and its package cryptography") { try await Self.hasPython() }
    )
    func swiftAndPythonOpenWhatTheOtherSealed() async throws {
        var generator = SeededGenerator()
        let folder = try TemporaryFolder()
        let work = folder.url
        let kek = generator.bytes(32)
        let key = EnvelopeKey(id: EnvelopeKeyID("kek-1"), bytes: kek)
        let sealing = SealedBlobs()

        var sealed = Data()
        var descriptions: [Description] = []
        for _ in 0..<Self.blobs {
            let identity = try Self.identity(using: &generator)
            let plaintext = generator.bytes(Int.random(in: 0...Self.bytesMax, using: &generator))
            var sealer = try sealing.makeSealer(for: identity, id: .make(), madeFrom: nil, under: key)
            sealed += try sealer.start() + sealer.seal(plaintext)
            let (tail, record) = try sealer.finish()
            sealed += tail
            descriptions.append(Description(record))
        }
        try sealed.write(to: work.appending(path: "swift.bin"))
        let request = Request(
            kekID: key.id.description,
            kek: Hex.encode(kek),
            seed: UInt32(truncatingIfNeeded: generator.seed),
            bytesMax: Self.bytesMax,
            blobs: descriptions
        )
        try JSONEncoder().encode(request).write(to: work.appending(path: "request.json"))

        let script = Fixtures.folder.appending(path: "vectors/interoperate.py").path()
        let reference = SharedData.folder.appending(path: "vectors").path()
        let outcome = try await Self.python([script, reference, folder.path])
        try #require(outcome.exit == .code(0), "\(outcome.errorText), \(generator)")

        let answer = try JSONDecoder().decode(
            Answer.self,
            from: Data(contentsOf: work.appending(path: "answer.json"))
        )
        #expect(answer.opened == Self.blobs && answer.blobs.count == Self.blobs)
        var theirs = [UInt8](try Data(contentsOf: work.appending(path: "python.bin")))[...]
        for description in answer.blobs {
            var sample = try SealedSample(bytes: 0, key: key)
            sample.record = try description.record(envelopeKey: key.id)
            sample.sealed = Array(theirs.prefix(description.sealedBytes))
            theirs = theirs.dropFirst(description.sealedBytes)
            let (released, error) = sample.readAll()
            #expect(error == nil, "\(generator)")
            #expect(Digests.sha256(released) == sample.record.sha256, "\(generator)")
        }
        #expect(theirs.isEmpty)
    }

    private static func identity(using generator: inout SeededGenerator) throws -> BlobIdentity {
        let tenants = ["default", "tenant-a", "größe"]
        return BlobIdentity(
            tenant: Tenant(name: try #require(tenants.randomElement(using: &generator))),
            version: VersionRef(
                asset: AssetID(bytes: generator.bytes(16)),
                number: VersionNumber(Int.random(in: 1...999_999_999, using: &generator))
            ),
            variant: Bool.random(using: &generator) ? "original" : "thumbnail.webp",
            mediaType: Bool.random(using: &generator) ? "image/jpeg" : "image/webp",
            createdAt: Date(
                timeIntervalSince1970: Double(Int.random(in: 0...4_000_000_000_000, using: &generator)) / 1000
            )
        )
    }

    private static func python(_ arguments: [String]) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run("/usr/bin/env", ["python3"] + arguments)
    }

    private static func hasPython() async throws -> Bool {
        try await Self.python(["-c", "import cryptography"]).exit == .code(0)
    }

    struct Request: Encodable {
        let kekID: String
        let kek: String
        let seed: UInt32
        let bytesMax: Int
        let blobs: [Description]
    }

    struct Answer: Decodable {
        let opened: Int
        let blobs: [Description]
    }

    /// A row, as both sides write it.
    struct Description: Codable {
        let id: String
        let tenant: String
        let asset: String
        let version: Int
        let variant: String
        let mediaType: String
        let createdMilliseconds: Int
        let bytes: Int
        let sealedBytes: Int
        let sha256: String

        init(_ record: BlobRecord) {
            self.id = record.id.description
            self.tenant = record.sealedAs.tenant.description
            self.asset = Hex.encode(record.sealedAs.asset.bytes)
            self.version = record.sealedAs.version.value
            self.variant = record.sealedAs.variant
            self.mediaType = record.sealedAs.mediaType
            self.createdMilliseconds = Int((record.sealedAs.createdAt.timeIntervalSince1970 * 1000).rounded())
            self.bytes = record.bytes
            self.sealedBytes = record.sealedBytes
            self.sha256 = record.sha256.description
        }

        func record(envelopeKey: EnvelopeKeyID) throws -> BlobRecord {
            let asset = AssetID(bytes: try #require(Hex.decode(self.asset)))
            return BlobRecord(
                id: try #require(BlobID(self.id)),
                sealedAs: BlobIdentity(
                    tenant: Tenant(name: self.tenant),
                    version: VersionRef(asset: asset, number: VersionNumber(self.version)),
                    variant: self.variant,
                    mediaType: self.mediaType,
                    createdAt: Date(timeIntervalSince1970: Double(self.createdMilliseconds) / 1000)
                ),
                bytes: self.bytes,
                sealedBytes: self.sealedBytes,
                sha256: try #require(SHA256Digest(hex: self.sha256)),
                envelopeKey: envelopeKey
            )
        }
    }
}
