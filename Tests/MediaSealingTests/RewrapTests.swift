import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// "Rewrapping" in docs/BLOB-FORMAT.md: another envelope key for a blob that stays as it is.
@Suite struct RewrapTests {
    private static let second = EnvelopeKey(id: EnvelopeKeyID("k2"), bytes: [UInt8](repeating: 0x22, count: 32))
    private static let third = EnvelopeKey(id: EnvelopeKeyID("k3"), bytes: [UInt8](repeating: 0x33, count: 32))

    /// The sample, as its row is after a rewrap.
    private static func rewrapped(_ sample: SealedSample, to key: EnvelopeKey) throws -> SealedSample {
        var changed = sample
        let wrapped = try SealedSample.sealing.rewrap(
            prefix: sample.prefix,
            record: sample.record,
            from: sample.key,
            to: key
        )
        changed.record = sample.record.with(envelopeKey: key.id, rewrapped: wrapped)
        changed.key = key
        return changed
    }

    @Test(arguments: [0, 1, 16384, 100_001])
    func theBlobStaysAndOpensUnderTheNewKeyAlone(bytes: Int) throws {
        let sample = try SealedSample(bytes: bytes)
        let digest = Digests.sha256(sample.sealed)
        let second = try Self.rewrapped(sample, to: Self.second)
        let third = try Self.rewrapped(second, to: Self.third)
        for changed in [second, third] {
            #expect(Digests.sha256(changed.sealed) == digest)
            #expect(changed.readAll().released == changed.plaintext)
        }
        // The old key is nowhere needed any more: one of other bytes under its id changes nothing.
        #expect(third.record.envelopeKey == Self.third.id)
        var wrong = third
        wrong.key = EnvelopeKey(id: Self.third.id, bytes: [UInt8](repeating: 0x44, count: 32))
        #expect(code(of: { try wrong.opener() }) == "key-mismatch")
    }

    @Test func theOldWrapStillOpensUnderTheOldKey() throws {
        let sample = try SealedSample(bytes: 5)
        _ = try Self.rewrapped(sample, to: Self.second)
        #expect(sample.readAll().released == sample.plaintext)
    }

    @Test func noTwoWrapsAreEqual() throws {
        let sample = try SealedSample(bytes: 5)
        let wraps = try (0..<100).map { _ in try Self.rewrapped(sample, to: Self.second).record.rewrapped }
        #expect(Set(wraps).count == 100)
    }

    /// The header's own wrap is not needed, so a caller that has none at hand need not read the blob.
    @Test func aSecondRewrapDoesNotLookAtTheBlob() throws {
        var sample = try Self.rewrapped(try SealedSample(bytes: 5), to: Self.second)
        let sealed = sample.sealed
        sample.sealed = []
        var third = try Self.rewrapped(sample, to: Self.third)
        third.sealed = sealed
        #expect(third.readAll().released == third.plaintext)
    }

    @Test func anotherKeyThanTheOldOneIsAMismatch() throws {
        var sample = try SealedSample(bytes: 5)
        sample.key = EnvelopeKey(id: sample.key.id, bytes: [UInt8](repeating: 0x44, count: 32))
        #expect(code(of: { try Self.rewrapped(sample, to: Self.second) }) == "key-mismatch")
    }

    @Test func everyFlippedBitOfANewWrapIsRefused() throws {
        let sample = try Self.rewrapped(try SealedSample(bytes: 5), to: Self.second)
        let wrapped = try #require(sample.record.rewrapped).bytes
        for bit in 0..<wrapped.count * 8 {
            var bytes = wrapped
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            var changed = sample
            changed.record = sample.record.with(rewrapped: WrappedDataKey(bytes: bytes))
            #expect(code(of: { try changed.opener() }) == "key-mismatch", "bit \(bit)")
        }
    }

    /// A wrap is bound to its blob's id and identity: that of another row opens nothing here.
    @Test func theNewWrapOfAnotherBlobIsRefused() throws {
        let sample = try Self.rewrapped(try SealedSample(bytes: 5), to: Self.second)
        let other = try Self.rewrapped(try SealedSample(bytes: 5), to: Self.second)
        var changed = sample
        changed.record = sample.record.with(rewrapped: other.record.rewrapped)
        #expect(code(of: { try changed.opener() }) == "key-mismatch")
    }

    /// Of two seals under one id, the wrap of the one opens in the other's row, but is not its data key.
    @Test func theNewWrapOfAnotherSealOfTheSameBlobIsRefused() throws {
        let sample = try Self.rewrapped(try SealedSample(bytes: 5), to: Self.second)
        let other = try Self.rewrapped(try SealedSample(bytes: 5, id: sample.record.id), to: Self.second)
        var changed = sample
        changed.record = sample.record.with(rewrapped: other.record.rewrapped)
        #expect(code(of: { try changed.opener() }) == "wrong-key-or-header")
    }

    /// A blob that was moved or changed is found when it is rewrapped first, not when its old key is gone.
    @Test func aBlobThatIsNotItsRowsIsNotRewrapped() throws {
        let sample = try SealedSample(bytes: 5)
        var other = sample
        other.sealed = try SealedSample(bytes: 5).sealed
        #expect(code(of: { try Self.rewrapped(other, to: Self.second) }) == "identity-mismatch")
        other.sealed = Array(sample.sealed.prefix(500))
        #expect(code(of: { try Self.rewrapped(other, to: Self.second) }) == "truncated")
        other = sample
        other.sealed[4] = 2
        #expect(code(of: { try Self.rewrapped(other, to: Self.second) }) == "malformed-header")
    }

    @Test func aRewrappedRowThatSaysOtherwiseIsRefused() throws {
        var sample = try Self.rewrapped(try SealedSample(bytes: 5), to: Self.second)
        sample.sealed[512] ^= 1
        #expect(code(of: { try sample.opener() }) == "wrong-key-or-header")
        sample.record = sample.record.with(id: .make())
        #expect(code(of: { try sample.opener() }) == "identity-mismatch")
    }

    @Test func noRandomBytesMeansNoRewrap() throws {
        let sample = try SealedSample(bytes: 1)
        let sealing = SealedBlobs(randomness: SealingRandomness { _, _ in false })
        let error = code(of: {
            try sealing.rewrap(prefix: sample.prefix, record: sample.record, from: sample.key, to: Self.second)
        })
        #expect(error == "cryptography")
    }

    /// To hand over the key of another id is a mistake in the program, not in what is stored.
    @Test func theKeyOfAnotherIDIsAPrecondition() async {
        await #expect(processExitsWith: .failure) {
            let sample = try SealedSample(bytes: 1)
            let key = EnvelopeKey(id: EnvelopeKeyID("k9"), bytes: [UInt8](repeating: 0x5A, count: 32))
            _ = try SealedSample.sealing.makeOpener(prefix: sample.prefix, record: sample.record, key: key)
        }
    }
}
