import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// A blob is read as what its row says, and the error tells what does not agree.
@Suite struct IdentityTests {
    private static let identity = SealedSample.identity

    private static func identity(
        tenant: Tenant = identity.tenant,
        asset: AssetID = identity.asset,
        version: VersionNumber = identity.version,
        variant: String = identity.variant,
        mediaType: String = identity.mediaType,
        createdAt: Date = identity.createdAt
    ) -> BlobIdentity {
        BlobIdentity(
            tenant: tenant,
            version: VersionRef(asset: asset, number: version),
            variant: variant,
            mediaType: mediaType,
            createdAt: createdAt
        )
    }

    @Test(arguments: [
        Self.identity(tenant: Tenant(name: "another")),
        Self.identity(tenant: Tenant(name: "")),
        Self.identity(asset: AssetID(bytes: [UInt8](repeating: 4, count: 16))),
        Self.identity(version: VersionNumber(8)),
        Self.identity(variant: "original"),
        Self.identity(mediaType: "image/jpeg"),
        Self.identity(createdAt: Date(timeIntervalSince1970: 1_795_219_200.124)),
        // Longer than any header could say.
        Self.identity(variant: String(repeating: "v", count: 300)),
    ])
    func aRowThatSaysOtherwiseIsRefused(identity: BlobIdentity) throws {
        var sample = try SealedSample(bytes: 5)
        sample.record = sample.record.with(identity: identity)
        #expect(code(of: { try sample.opener() }) == "identity-mismatch")
    }

    @Test func anotherIDIsRefused() throws {
        var sample = try SealedSample(bytes: 5)
        sample.record = sample.record.with(id: .make())
        #expect(code(of: { try sample.opener() }) == "identity-mismatch")
    }

    @Test func anotherKeyIDInTheRowIsRefused() throws {
        var sample = try SealedSample(bytes: 5)
        sample.key = EnvelopeKey(id: EnvelopeKeyID("k2"), bytes: [UInt8](repeating: 0x5A, count: 32))
        sample.record = sample.record.with(envelopeKey: sample.key.id)
        #expect(code(of: { try sample.opener() }) == "identity-mismatch")
    }

    @Test func anotherKeyOfTheSameIDIsAMismatch() throws {
        var sample = try SealedSample(bytes: 5)
        sample.key = EnvelopeKey(id: SealedSample.key.id, bytes: [UInt8](repeating: 0x5B, count: 32))
        #expect(code(of: { try sample.opener() }) == "key-mismatch")
    }

    @Test func theRowOfANewBlobNamesItsKey() throws {
        let key = EnvelopeKey(id: EnvelopeKeyID("k2"), bytes: [UInt8](repeating: 9, count: 32))
        let sample = try SealedSample(bytes: 5, key: key)
        #expect(sample.record.envelopeKey == key.id && sample.record.rewrapped == nil)
        #expect(sample.readAll().released == sample.plaintext)
    }

    /// A catalog keeps milliseconds: what it gives back may be nanoseconds off.
    @Test(arguments: [-0.000_4, -0.000_000_1, 0.000_000_1, 0.000_4])
    func theSameMillisecondIsTheSameIdentity(seconds: Double) throws {
        var sample = try SealedSample(bytes: 5)
        let date = Self.identity.createdAt.addingTimeInterval(seconds)
        sample.record = sample.record.with(identity: Self.identity(createdAt: date))
        #expect(sample.readAll().released == sample.plaintext)
    }

    @Test(arguments: [
        (-1, 0), (0, 1), (1, 585), (5, 588), (5, 590), (6, 589), (.max, .max), (5, .min), (16384, 568 + 16400),
    ])
    func aRowWithAnImpossibleSizeIsTruncated(bytes: Int, sealedBytes: Int) throws {
        var sample = try SealedSample(bytes: 5)
        sample.record = sample.record.with(bytes: bytes, sealedBytes: sealedBytes)
        // 585 is the size of one byte: the row alone is sound, but the header comes next, and the blob is of five.
        let isSound = (bytes, sealedBytes) == (1, 585)
        #expect(code(of: { try sample.opener() }) == (isSound ? nil : "truncated"))
        if isSound { #expect(code(of: sample.readAll().error) == "corrupt") }
    }

    @Test(arguments: [0, 512, 567, 569])
    func aPrefixOfAnotherSizeIsTruncated(bytes: Int) throws {
        let sample = try SealedSample(bytes: 500)
        let prefix = Array(sample.sealed.prefix(bytes))
        #expect(
            code(of: {
                try SealedSample.sealing.makeOpener(prefix: prefix, record: sample.record, key: sample.key)
            }) == "truncated"
        )
    }

    @Test func sealedBytesOfAnotherCountAreTruncated() throws {
        let sample = try SealedSample(bytes: 20_000)
        let opener = try sample.opener()
        let range = opener.sealedRange(for: 0..<100)
        for bytes in [[], Array(sample.sealed[range].dropLast()), Array(sample.sealed[range]) + [0]] {
            #expect(code(of: { try opener.open(bytes[...], range: 0..<100) }) == "truncated")
        }
    }

    @Test(arguments: [
        Self.identity(variant: String(repeating: "v", count: 256)),
        Self.identity(
            tenant: Tenant(name: String(repeating: "t", count: 200)),
            variant: String(repeating: "v", count: 200)
        ),
    ])
    func anIdentityThatDoesNotFitIsRefused(identity: BlobIdentity) throws {
        #expect(code(of: { try SealedSample(bytes: 5, identity: identity) }) == "identity-too-long")
    }

    /// The longest variant that fits beside the sample's other fields, with the header full to its last byte.
    @Test func anIdentityThatJustFitsIsSealed() throws {
        let probe = try SealedSample(bytes: 5, identity: Self.identity(variant: ""))
        let room = 512 - (Int(probe.sealed[6]) << 8 | Int(probe.sealed[7]))
        let tenant = Tenant(
            name: String(repeating: "t", count: Self.identity.tenant.description.utf8.count + room - 255)
        )
        let full = Self.identity(tenant: tenant, variant: String(repeating: "v", count: 255))
        let sample = try SealedSample(bytes: 5, identity: full)
        #expect(sample.sealed[6] == 2 && sample.sealed[7] == 0)
        #expect(sample.readAll().released == sample.plaintext)
    }

    /// What goes into logs of a failure must not carry what the blob holds.
    @Test func noErrorQuotesKeyOrPlaintext() throws {
        var sample = try SealedSample(bytes: 5)
        sample.sealed[570] ^= 1
        let error = try #require(sample.readAll().error as? SealError)
        #expect(error.description == "sealing: corrupt")
        #expect(error.detail == "the tag of chunk 0 does not verify")
    }
}
