import Glibc
import MediaModel
import NIOCore
import NIOPosix

/// Why a file on this machine cannot be read.
struct SourceFileError: Error, CustomStringConvertible {
    let description: String
    /// The system's number, where it was the system that failed.
    var number: CInt?
}

/// A picture in a file, opened and never loaded whole. System calls run on NIO's pool for blocking work.
///
/// The descriptor is read with `pread` only, which has no position to share, and closed with the last reference.
final class SourceFile: Sendable, PictureSource {
    /// Of one piece.
    private static let chunkBytes = 256 << 10

    let path: String
    /// As the file was when it was opened; at least 1.
    let bytes: Int
    private let descriptor: CInt

    private init(path: String, bytes: Int, descriptor: CInt) {
        self.path = path
        self.bytes = bytes
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }

    /// - Throws: ``SourceFileError`` for what is no readable regular file with at least one byte.
    static func open(_ path: String) async throws -> SourceFile {
        try await NIOThreadPool.singleton.runIfActive { try Self.openBlocking(path) }
    }

    /// As ``open(_:)``, on a thread that may block.
    static func openBlocking(_ path: String) throws -> SourceFile {
        // Without O_NONBLOCK, opening a named pipe would wait for somebody to write to it.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SourceFileError(description: "cannot be opened: \(String(errno: errno))") }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_size > 0 else {
            close(descriptor)
            throw SourceFileError(description: facts.st_size == 0 ? "is empty" : "is no regular file")
        }
        return SourceFile(path: path, bytes: Int(facts.st_size), descriptor: descriptor)
    }

    /// Whether `path` leads to this file, whatever it is called there.
    func isThere(at path: String) -> Bool {
        var (own, other) = (stat(), stat())
        guard fstat(self.descriptor, &own) == 0, stat(path, &other) == 0 else { return false }
        return own.st_dev == other.st_dev && own.st_ino == other.st_ino
    }

    /// The format that the first bytes of the file announce, or nil. Blocks.
    static func format(at path: String) throws -> PictureFormat? {
        let file = try Self.openBlocking(path)
        return Sniff.format(of: try file.readBlocking(at: 0, count: min(file.bytes, Sniff.prefixBytesMax)))
    }

    /// The format that the first bytes announce, or nil.
    func sniff() async throws -> PictureFormat? {
        Sniff.format(of: try await self.read(at: 0, count: min(self.bytes, Sniff.prefixBytesMax)))
    }

    func opening() async throws -> [UInt8] {
        try await self.read(at: 0, count: min(self.bytes, PictureOutline.openingBytesMax))
    }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws {
        var offset = 0
        while let chunk = try await self.chunk(at: offset) {
            try await body(chunk)
            offset += chunk.count
        }
    }

    /// The piece that begins at `offset`; nil at the end.
    func chunk(at offset: Int) async throws -> [UInt8]? {
        guard offset < self.bytes else { return nil }
        return try await self.read(at: offset, count: min(Self.chunkBytes, self.bytes - offset))
    }

    private func read(at offset: Int, count: Int) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive { try self.readBlocking(at: offset, count: count) }
    }

    /// Exactly so many bytes, on a thread that may block.
    func readBlocking(at offset: Int, count: Int) throws -> [UInt8] {
        var filled = 0
        var failure: SourceFileError?
        let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let taken = pread(self.descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
                if taken < 0, errno == EINTR { continue }
                guard taken > 0 else {
                    // What was promised to the other side is not there any more.
                    let reason = taken == 0 ? "became shorter while it was read" : String(errno: errno)
                    failure = SourceFileError(description: "cannot be read: \(reason)")
                    break
                }
                filled += taken
            }
            initialized = filled
        }
        if let failure { throw failure }
        return chunk
    }
}

/// A file as the body of a request: read as the other side takes it.
struct FileBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let file: SourceFile

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: SourceFile
        var offset = 0

        mutating func next() async throws -> ByteBuffer? {
            guard let chunk = try await self.file.chunk(at: self.offset) else { return nil }
            self.offset += chunk.count
            return ByteBuffer(bytes: chunk)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: self.file) }
}

extension String {
    /// The system's words for an error number. `strerror` shares its memory between threads; this one does not.
    init(errno number: CInt) {
        self = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(number, text, buffer.count) == 0 else {
                return "error \(number)"
            }
            return String(cString: text)
        }
    }
}
