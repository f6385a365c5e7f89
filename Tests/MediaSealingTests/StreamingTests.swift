import MediaModel
import MediaSealing
import Synchronization
import Testing

@Suite struct StreamingTests {
    /// Whatever pieces the plaintext comes in, the blob is the same size and opens to it; no full chunk is held back.
    @Test func randomSizesInRandomPiecesComeBack() throws {
        var generator = SeededGenerator()
        for _ in 0..<200 {
            let plaintext = generator.bytes(Int.random(in: 0...120_000, using: &generator))
            var sample = try SealedSample(bytes: 0)
            var sealer = try SealedSample.sealing.makeSealer(
                for: SealedSample.identity,
                id: .make(),
                madeFrom: nil,
                under: SealedSample.key
            )
            sample.sealed = try sealer.start()
            var position = 0
            while position < plaintext.count {
                let longest = Bool.random(using: &generator) ? 100 : 50_000
                let end = min(plaintext.count, position + Int.random(in: 0...longest, using: &generator))
                sample.sealed += try sealer.seal(Array(plaintext[position..<end]))
                position = end
                let fullChunks = position / SealedLayout.chunkBytes
                #expect(sample.sealed.count == 568 + fullChunks * Cobblestone256.sealedChunkBytes, "\(generator)")
            }
            let (tail, record) = try sealer.finish()
            sample.sealed += tail
            sample.record = record
            #expect(sample.sealed.count == record.sealedBytes, "\(generator)")
            #expect(record.bytes == plaintext.count, "\(generator)")
            #expect(record.sha256 == Digests.sha256(plaintext), "\(generator)")
            #expect(sample.readAll().released == plaintext, "\(generator)")
        }
    }

    @Test func randomRangesAreSlicesAndTouchNoChunkMore() throws {
        var generator = SeededGenerator()
        let sample = try SealedSample(bytes: 100_001)
        let opener = try sample.opener()
        for _ in 0..<10_000 {
            let start = Int.random(in: 0...sample.plaintext.count, using: &generator)
            let longest = Bool.random(using: &generator) ? 40 : sample.plaintext.count
            let end = Int.random(in: start...min(start + longest, sample.plaintext.count), using: &generator)
            let sealed = opener.sealedRange(for: start..<end)
            let chunks = (sealed.count + Cobblestone256.sealedChunkBytes - 1) / Cobblestone256.sealedChunkBytes
            #expect(chunks <= (end - start + 16383) / 16384 + 1, "\(start)..<\(end), \(generator)")
            #expect(
                try sample.read(start..<end, with: opener) == Array(sample.plaintext[start..<end]),
                "\(start)..<\(end), \(generator)"
            )
        }
    }

    @Test(arguments: [0, 1, 16383, 16384, 16385, 32768])
    func rangesAtTheBordersOfChunksAreSlices(bytes: Int) throws {
        let sample = try SealedSample(bytes: bytes)
        let opener = try sample.opener()
        let borders = [0, 1, 16383, 16384, 16385, 32767, 32768].filter { $0 <= bytes }
        for start in borders {
            for end in borders where end >= start {
                #expect(try sample.read(start..<end, with: opener) == Array(sample.plaintext[start..<end]))
            }
        }
    }

    @Test(arguments: [0, 1, 16383, 16384, 16385, 5_000_000])
    func theSizeIsTheOneTheLayoutSays(bytes: Int) throws {
        let sample = try SealedSample(bytes: bytes)
        #expect(sample.sealed.count == 512 + 56 + bytes + 16 * (bytes / 16384 + 1))
        #expect(sample.record.sealedBytes == sample.sealed.count)
    }

    /// Equal plaintexts give blobs that have nothing in common but what their headers say.
    @Test func saltsNoncesAndCommitmentsAreNeverTheSame() throws {
        var seen: Set<[UInt8]> = []
        for _ in 0..<2000 {
            let sample = try SealedSample(bytes: 1)
            let used = Int(sample.sealed[6]) << 8 | Int(sample.sealed[7])
            seen.insert(Array(sample.sealed[used - 72..<used - 48]))
            seen.insert(Array(sample.sealed[512..<536]))
            seen.insert(Array(sample.sealed[536..<568]))
        }
        #expect(seen.count == 6000)
    }

    /// Tasks that share an opener take turns at its cipher context.
    @Test func oneOpenerServesManyTasks() async throws {
        let sample = try SealedSample(bytes: 300_000)
        let opener = try sample.opener()
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<50).allSatisfy { step in
                        let start = (task * 7919 + step * 6007) % 200_000
                        let range = start..<start + 50_000
                        return (try? sample.read(range, with: opener)) == Array(sample.plaintext[range])
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    /// A copy of a sealer must not go on by itself: it would use its nonces a second time.
    @Test func aCopyOfASealerIsTheSameSealer() throws {
        var sealer = try SealedSample.sealing.makeSealer(
            for: SealedSample.identity,
            id: .make(),
            madeFrom: nil,
            under: SealedSample.key
        )
        _ = try sealer.start()
        var copy = sealer
        let chunk = [UInt8](repeating: 1, count: SealedLayout.chunkBytes)
        #expect(try sealer.seal(chunk) != copy.seal(chunk))
        #expect(try copy.finish().record.bytes == 2 * SealedLayout.chunkBytes)
    }

    @Test func noRandomBytesMeansNoBlob() throws {
        for missing in [SealingRandomness.Purpose.dataKey, .wrapNonce, .salt] {
            let randomness = SealingRandomness { purpose, _ in purpose != missing }
            let sealing = SealedBlobs(randomness: randomness)
            #expect(code(of: { try SealedSample(bytes: 1, sealing: sealing) }) == "cryptography")
        }
    }
}
