import MediaModel
import NIOPosix

/// A published blob, open for reading. The descriptor keeps the file alive after its name was removed.
final class FileBlobHandle: BlobHandle {
    let sealedBytes: Int
    private let id: BlobID
    private let file: OpenFile
    private let threadPool: NIOThreadPool
    private let calls: any FileSystemCalls

    init(_ file: OpenFile, id: BlobID, sealedBytes: Int, threadPool: NIOThreadPool, calls: any FileSystemCalls) {
        self.file = file
        self.id = id
        self.sealedBytes = sealedBytes
        self.threadPool = threadPool
        self.calls = calls
    }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        precondition(range.lowerBound >= 0, "a range begins at 0 or later")
        // Before any memory is set aside: a row that lies about the size must not cost gigabytes.
        guard range.upperBound <= self.sealedBytes else { throw self.truncated(range, end: self.sealedBytes) }
        return try await self.threadPool.runBlocking(blob: self.id) {
            var count = 0
            let bytes = try [UInt8](unsafeUninitializedCapacity: range.count) { room, initialized in
                let raw = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[..<range.count])
                count = try self.calls.readAll(self.file.descriptor, into: raw, at: range.lowerBound)
                initialized = count
            }
            guard count == range.count else { throw self.truncated(range, end: range.lowerBound + count) }
            return bytes
        }
    }

    private func truncated(_ range: Range<Int>, end: Int) -> BlobStoreError {
        BlobStoreError(.truncated, detail: "pread of blob \(self.id): \(range) asked for, the file ends at \(end)")
    }
}
