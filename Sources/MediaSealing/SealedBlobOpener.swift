import MediaModel
import Synchronization

/// Opens any part of one blob whose header, key and commitment were checked.
///
/// Its cipher context is for one thread at a time; tasks that share an opener take turns.
final class SealedBlobOpener: BlobOpener {
    private let blob: BlobID
    /// Of plaintext.
    private let bytes: Int
    private let body: Mutex<Cobblestone256>

    init(blob: BlobID, bytes: Int, body: consuming Cobblestone256) {
        self.blob = blob
        self.bytes = bytes
        self.body = Mutex(body)
    }

    func sealedRange(for range: Range<Int>) -> Range<Int> {
        let chunks = self.chunks(of: range)
        let start = SealedLayout.prefixBytes + chunks.lowerBound * Cobblestone256.sealedChunkBytes
        let end = SealedLayout.prefixBytes + chunks.upperBound * Cobblestone256.sealedChunkBytes
        return start..<min(end, SealedLayout.sealedBytes(for: self.bytes))
    }

    func open(_ sealed: ArraySlice<UInt8>, range: Range<Int>) throws -> [UInt8] {
        let expected = self.sealedRange(for: range).count
        guard sealed.count == expected else {
            throw SealError(.truncated, detail: "blob \(self.blob): \(sealed.count) sealed bytes, expected \(expected)")
        }
        let chunks = self.chunks(of: range)
        let opened = try self.open(sealed, chunks: chunks)
        let start = range.lowerBound - chunks.lowerBound * SealedLayout.chunkBytes
        if start == 0, range.count == opened.count { return opened }
        return Array(opened[start..<start + range.count])
    }

    /// The chunks that hold `range`. An empty range has one too: nothing is handed out, not even nothing, before a
    /// tag of the blob was verified.
    private func chunks(of range: Range<Int>) -> Range<Int> {
        precondition(range.lowerBound >= 0 && range.upperBound <= self.bytes, "the range lies in the plaintext")
        let first = range.lowerBound / SealedLayout.chunkBytes
        let last = max(range.upperBound - 1, range.lowerBound) / SealedLayout.chunkBytes
        return first..<last + 1
    }

    /// The whole plaintext of `chunks`; none of it where one tag does not verify.
    private func open(_ sealed: ArraySlice<UInt8>, chunks: Range<Int>) throws -> [UInt8] {
        let bytes = sealed.count - chunks.count * SealedLayout.tagBytes
        return try [UInt8](unsafeUninitializedCapacity: max(bytes, 1)) { plaintext, count in
            guard var output = plaintext.baseAddress else { return }
            try sealed.withUnsafeBufferPointer { sealed in
                try self.body.withLock { body in
                    var rest = sealed[...]
                    for index in chunks {
                        let chunk = UnsafeBufferPointer(rebasing: rest.prefix(Cobblestone256.sealedChunkBytes))
                        try body.open(chunk: index, chunk, into: output)
                        output += chunk.count - SealedLayout.tagBytes
                        rest = rest.dropFirst(chunk.count)
                    }
                }
            }
            count = bytes
        }
    }
}
