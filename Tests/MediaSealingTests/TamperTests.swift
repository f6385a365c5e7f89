import MediaModel
import MediaSealing
import Testing

/// Whatever is done to a sealed blob on the disk is refused, and no wrong byte is released on the way.
@Suite struct TamperTests {
    /// Expects that reading `sample` fails with one of `codes`, after releasing a beginning of the plaintext at the
    /// most.
    private func expectRefusal(_ sample: SealedSample, _ codes: Set<String>, _ what: Comment) {
        let (released, error) = sample.readAll()
        let found = code(of: error)
        #expect(found.map(codes.contains) == true, "\(what): \(found ?? "accepted")")
        let isBeginning = constantTimeEqual(Array(sample.plaintext.prefix(released.count)), released)
        #expect(isBeginning, "\(what): a wrong byte was released")
    }

    /// What a changed byte at `offset` may be called.
    private func codes(at offset: Int) -> Set<String> {
        switch offset {
        case ..<SealedHeader.byteCount: ["malformed-header", "identity-mismatch", "key-mismatch"]
        case ..<SealedLayout.prefixBytes: ["wrong-key-or-header"]
        default: ["corrupt"]
        }
    }

    @Test(arguments: [0, 1])
    func everyFlippedBitIsRefused(bytes: Int) throws {
        let sample = try SealedSample(bytes: bytes)
        for bit in 0..<min(sample.sealed.count, 700) * 8 {
            var changed = sample
            changed.sealed[bit / 8] ^= 1 << UInt8(bit % 8)
            self.expectRefusal(changed, self.codes(at: bit / 8), "bit \(bit)")
        }
    }

    @Test(arguments: [16383, 16384, 16385, 100_001])
    func randomFlippedBitsAreRefused(bytes: Int) throws {
        var generator = SeededGenerator()
        let sample = try SealedSample(bytes: bytes)
        for _ in 0..<500 {
            let bit = Int.random(in: 0..<sample.sealed.count * 8, using: &generator)
            var changed = sample
            changed.sealed[bit / 8] ^= 1 << UInt8(bit % 8)
            self.expectRefusal(changed, self.codes(at: bit / 8), "bit \(bit), \(generator)")
        }
    }

    private static let cuts = [0, 1, 23, 511, 512, 535, 536, 567, 568, 583, 584]

    @Test(arguments: [0, 1, 16384, 50_000])
    func everyCutIsRefused(bytes: Int) throws {
        let sample = try SealedSample(bytes: bytes)
        let whole = sample.sealed.count
        let borders = (0...bytes / SealedLayout.chunkBytes).map { sample.chunkRange($0).lowerBound }
        for cut in Set(Self.cuts + borders + [whole / 2, whole - 16, whole - 1]) where cut < whole {
            var changed = sample
            changed.sealed.removeLast(whole - cut)
            self.expectRefusal(changed, ["truncated"], "cut to \(cut)")
            // The row cannot be trusted either: one that fits the cut.
            changed.record = sample.record.fitting(sealedBytes: cut)
            self.expectRefusal(changed, ["truncated", "corrupt"], "cut to \(cut), and the row with it")
        }
    }

    @Test(arguments: [0, 1, 16383, 16384, 50_000])
    func everyAppendIsRefused(bytes: Int) throws {
        let sample = try SealedSample(bytes: bytes)
        let lastChunk = Array(sample.sealed[sample.chunkRange(bytes / SealedLayout.chunkBytes)])
        for tail in [[0], [UInt8](repeating: 0, count: 16), lastChunk, Array(repeating: 1, count: 16400)] {
            var changed = sample
            changed.sealed += tail
            changed.record = sample.record.with(sealedBytes: changed.sealed.count)
            self.expectRefusal(changed, ["truncated"], "\(tail.count) bytes more")
            changed.record = sample.record.fitting(sealedBytes: changed.sealed.count)
            self.expectRefusal(changed, ["truncated", "corrupt"], "\(tail.count) bytes more, and the row with them")
        }
    }

    @Test func swappedAndRepeatedChunksAreRefused() throws {
        let sample = try SealedSample(bytes: 70_000)
        for (left, right) in [(0, 1), (1, 3), (0, 3)] {
            var swapped = sample
            swapped.sealed.replaceSubrange(sample.chunkRange(left), with: sample.sealed[sample.chunkRange(right)])
            self.expectRefusal(swapped, ["corrupt"], "chunk \(right) in the place of \(left) too")
            swapped.sealed.replaceSubrange(sample.chunkRange(right), with: sample.sealed[sample.chunkRange(left)])
            self.expectRefusal(swapped, ["corrupt"], "chunks \(left) and \(right) swapped")
        }
    }

    @Test func aChunkOfAnotherBlobIsRefused() throws {
        let sample = try SealedSample(bytes: 70_000)
        let other = try SealedSample(bytes: 70_000)
        for index in 0...4 {
            var changed = sample
            changed.sealed.replaceSubrange(sample.chunkRange(index), with: other.sealed[sample.chunkRange(index)])
            self.expectRefusal(changed, ["corrupt"], "chunk \(index) of another blob")
        }
    }

    /// The same identity and the same id: only the data key tells the two apart.
    @Test func theBeginningOfAnotherSealOfTheSameBlobIsRefused() throws {
        let sample = try SealedSample(bytes: 40_000)
        let other = try SealedSample(bytes: 40_000, id: sample.record.id)
        var changed = sample
        changed.sealed.replaceSubrange(0..<512, with: other.sealed[0..<512])
        self.expectRefusal(changed, ["wrong-key-or-header"], "header")
        changed.sealed.replaceSubrange(0..<568, with: other.sealed[0..<568])
        self.expectRefusal(changed, ["corrupt"], "header, salt and commitment")
    }

    /// The wrap is bound to the blob's id, so that a data key cannot be moved to another blob of the same asset.
    @Test func theWrappedKeyOfAnotherBlobIsRefused() throws {
        let sample = try SealedSample(bytes: 10)
        let other = try SealedSample(bytes: 10)
        let used = Int(sample.sealed[6]) << 8 | Int(sample.sealed[7])
        var changed = sample
        changed.sealed.replaceSubrange(used - 72..<used, with: other.sealed[used - 72..<used])
        self.expectRefusal(changed, ["key-mismatch"], "wrapped key")
    }

    @Test func aChunkThatDoesNotVerifyReleasesNothingOfTheRange() throws {
        var sample = try SealedSample(bytes: 60_000)
        sample.sealed[sample.chunkRange(2).lowerBound] ^= 1
        let opener = try sample.opener()
        #expect(throws: SealError.self) { try sample.read(0..<60_000, with: opener) }
        #expect(throws: SealError.self) { try sample.read(32768..<32768, with: opener) }
        #expect(try sample.read(0..<32768, with: opener) == Array(sample.plaintext[0..<32768]))
        #expect(try sample.read(49152..<60_000, with: opener) == Array(sample.plaintext[49152...]))
    }
}

extension BlobRecord {
    /// A row that says of a blob of `sealedBytes` what its size says.
    func fitting(sealedBytes: Int) -> BlobRecord {
        let bytes = Cobblestone256.plaintextBytes(ofMessage: sealedBytes - SealedHeader.byteCount)
        return self.with(bytes: bytes ?? 0, sealedBytes: sealedBytes)
    }
}
