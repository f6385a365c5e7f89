import FoundationEssentials
import Glibc
import MediaModel
import MediaSealing

// Measures the seal for checks/sealing_speed.py, which has the figures to compare with. One line a measurement: its name
// and plaintext bytes per second of CPU time (user and system, all threads).
//
//     SealingBench [SECONDS]

/// Plaintext of one measured message: 16 full chunks and the empty one that ends it.
let messageBytes = 16 * SealedLayout.chunkBytes
/// A photograph.
let blobBytes = 4_000_000
/// In which pieces a blob is sealed and opened.
let pieceBytes = 256 * 1024
/// Pieces that end in no chunk's end, as those of an upload: a part of each is held back and copied.
let unevenPieceBytes = 65_537
/// A thumbnail.
let smallBytes = 30_000

/// CPU seconds of this process so far.
func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Repeats `body` for so many CPU seconds, after a warm-up, and prints how fast it was.
///
/// - Parameter bytes: what one call of `body` handles.
func measure(_ name: String, seconds: Double, bytes: Int, _ body: () throws -> Void) rethrows {
    for _ in 0..<3 { try body() }
    var handled = 0
    let start = cpuSeconds()
    var spent = 0.0
    while spent < seconds {
        try body()
        handled += bytes
        spent = cpuSeconds() - start
    }
    print(name, Int(Double(handled) / spent))
}

/// Plaintext that differs from place to place.
func plaintext(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

/// The chunks of a Cobblestone message alone, from memory to memory: what compares with `openssl speed`.
func measureChunks(seconds: Double) throws {
    let key = [UInt8](repeating: 7, count: Cobblestone256.keyBytes)
    let salt = [UInt8](repeating: 8, count: Cobblestone256.saltBytes)
    let message = plaintext(messageBytes)
    var sealed = [UInt8](repeating: 0, count: 16 * Cobblestone256.sealedChunkBytes)
    var opened = [UInt8](repeating: 0, count: messageBytes)
    var sealer = try Cobblestone256(sealingUnder: SecretBytes(copying: key), salt: salt, context: [])
    var opener = try Cobblestone256(
        openingUnder: SecretBytes(copying: key),
        salt: salt,
        commitment: sealer.commitment,
        context: []
    )
    try message.withUnsafeBufferPointer { message in
        try sealed.withUnsafeMutableBufferPointer { sealed in
            guard let output = sealed.baseAddress else { return }
            // The same nonces again and again, which no sealer of the product could be brought to do.
            try measure("chunks-seal", seconds: seconds, bytes: messageBytes) {
                for index in 0..<16 {
                    let chunk = message[index * SealedLayout.chunkBytes..<(index + 1) * SealedLayout.chunkBytes]
                    try sealer.seal(
                        chunk: index,
                        UnsafeBufferPointer(rebasing: chunk),
                        into: output + index * Cobblestone256.sealedChunkBytes
                    )
                }
            }
        }
    }
    try sealed.withUnsafeBufferPointer { sealed in
        try opened.withUnsafeMutableBufferPointer { opened in
            guard let output = opened.baseAddress else { return }
            try measure("chunks-open", seconds: seconds, bytes: messageBytes) {
                for index in 0..<16 {
                    let start = index * Cobblestone256.sealedChunkBytes
                    try opener.open(
                        chunk: index,
                        UnsafeBufferPointer(rebasing: sealed[start..<start + Cobblestone256.sealedChunkBytes]),
                        into: output + index * SealedLayout.chunkBytes
                    )
                }
            }
        }
    }
    precondition(opened == message)
}

/// Seals one blob as the product does, SHA-256, header, wrapped key and all, and hands out each piece as it comes: the
/// product writes it to the store, and lets go of it.
func seal(_ pieces: [[UInt8]], _ key: EnvelopeKey, _ take: ([UInt8]) -> Void) throws -> BlobRecord {
    let identity = BlobIdentity(
        tenant: .default,
        version: VersionRef(asset: AssetID(bytes: [UInt8](repeating: 3, count: 16)), number: .first),
        variant: "original",
        mediaType: "image/jpeg",
        createdAt: Date(timeIntervalSince1970: 1_795_219_200)
    )
    var sealer = try SealedBlobs().makeSealer(
        for: identity,
        id: BlobID(bytes: [UInt8](repeating: 9, count: BlobID.byteCount)),
        madeFrom: nil,
        under: key
    )
    take(try sealer.start())
    for piece in pieces { take(try sealer.seal(piece)) }
    let (tail, record) = try sealer.finish()
    take(tail)
    return record
}

/// Whole blobs, sealed and opened as the product does.
func measureBlobs(_ name: String, bytes: Int, pieceBytes: Int = pieceBytes, seconds: Double) throws {
    let whole = plaintext(bytes)
    let pieces = stride(from: 0, to: bytes, by: pieceBytes).map { Array(whole[$0..<min($0 + pieceBytes, bytes)]) }
    let key = EnvelopeKey(id: .make(at: Date()), bytes: [UInt8](repeating: 5, count: EnvelopeKey.byteCount))
    try measure("\(name)-seal", seconds: seconds, bytes: bytes) { _ = try seal(pieces, key) { _ in } }

    var sealed: [UInt8] = []
    let record = try seal(pieces, key) { sealed += $0 }
    let prefix = Array(sealed.prefix(SealedLayout.prefixBytes))
    let probe = try SealedBlobs().makeOpener(prefix: prefix, record: record, key: key)
    let ranges = stride(from: 0, to: bytes, by: pieceBytes).map { start in
        let range = start..<min(start + pieceBytes, bytes)
        return (range, sealed[probe.sealedRange(for: range)])
    }
    var opened: [UInt8] = []
    for (range, sealed) in ranges { opened += try probe.open(sealed, range: range) }
    precondition(opened == whole)
    try measure("\(name)-open", seconds: seconds, bytes: bytes) {
        let opener = try SealedBlobs().makeOpener(prefix: prefix, record: record, key: key)
        for (range, sealed) in ranges { _ = try opener.open(sealed, range: range) }
    }
}

let seconds = CommandLine.arguments.dropFirst().first.flatMap { Double($0) } ?? 1
try measureChunks(seconds: seconds)
try measureBlobs("blob", bytes: blobBytes, seconds: seconds)
try measureBlobs("uneven", bytes: blobBytes, pieceBytes: unevenPieceBytes, seconds: seconds)
try measureBlobs("small", bytes: smallBytes, seconds: seconds)
