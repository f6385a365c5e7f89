import MediaModel
import MediaRuntime
import NIOPosix

/// A picture that is about to be converted: read while others are in work, so that a worker never waits for a disk.
///
/// A small one is held; of a large one only the digest is taken, and the file is read again when its turn has come.
struct ConvertPicture: PictureSource {
    /// Above this a picture takes a worker long enough for its file to be read meanwhile.
    private static let heldBytesMax = 8 << 20
    private static let chunkBytes = 256 << 10

    let format: PictureFormat
    /// SHA-256 of all bytes.
    let digest: SHA256Digest
    private let file: SourceFile
    /// Nil where it is too large.
    private let held: [UInt8]?

    var bytes: Int { self.file.bytes }

    /// Opens, looks into, and reads the file.
    ///
    /// - Returns: nil for a file that is no picture.
    /// - Throws: ``SourceFileError``, also for a picture of more than `bytesMax` bytes.
    static func read(_ path: String, bytesMax: Int) async throws -> ConvertPicture? {
        try await NIOThreadPool.singleton.runIfActive { try Self(path, bytesMax: bytesMax) }
    }

    /// Blocks.
    private init?(_ path: String, bytesMax: Int) throws {
        let file = try SourceFile.openBlocking(path)
        let opening = try file.readBlocking(at: 0, count: min(file.bytes, Sniff.prefixBytesMax))
        guard let format = Sniff.format(of: opening) else { return nil }
        guard file.bytes <= bytesMax else {
            throw SourceFileError(
                description:
                    "has \(file.bytes) bytes, more than upload.bytes.max (\(bytesMax)); raise it with "
                    + "--upload-bytes-max if you trust the file"
            )
        }
        let digest = PictureDigest()
        if file.bytes <= Self.heldBytesMax {
            let held = try file.readBlocking(at: 0, count: file.bytes)
            digest.update(held)
            self.held = held
        } else {
            for offset in stride(from: 0, to: file.bytes, by: Self.chunkBytes) {
                let count = min(Self.chunkBytes, file.bytes - offset)
                digest.update(try file.readBlocking(at: offset, count: count))
            }
            self.held = nil
        }
        (self.file, self.format, self.digest) = (file, format, digest.finish())
    }

    func opening() async throws -> [UInt8] {
        guard let held = self.held else { return try await self.file.opening() }
        return Array(held.prefix(PictureOutline.openingBytesMax))
    }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws {
        guard let held = self.held else { return try await self.file.forEachChunk(body) }
        try await body(held)
    }
}
