import CSandbox
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Bodies that the kernel sends by itself (sendfile(2)), where a write would copy them once more: a file that lies in
/// memory and has no name (memfd_create(2)), in which each body has pages of its own.
///
/// A body's place is never used again: a memory file may have 2^63 bytes, and pages that were dropped take none. So
/// there is nothing to manage, and no body can be mistaken for another.
final class BodyFile: Sendable {
    /// Below this many bytes a copy costs less than a second system call.
    static let bodyBytesMin = 64 * 1024
    private static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// A handle may be used by one event loop at a time: each has its own.
    private final class LoopHandle: Sendable {
        let handle: NIOFileHandle

        init(_ handle: NIOFileHandle) { self.handle = handle }

        deinit { try? self.handle.close() }
    }

    let descriptor: CInt
    private let end = Atomic<Int>(0)
    private let handles = ThreadSpecificVariable<LoopHandle>()

    /// Nil where the system has no such file, or has a limit on the size of files, which counts for this one as well.
    init?() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0, limit.rlim_cur == .max else {
            return nil
        }
        let descriptor = csandbox_memory_create("bodies")
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }

    /// Takes a copy of `bytes`; nil where there is no memory for it.
    func take(_ bytes: UnsafeRawBufferPointer) -> FileBody? {
        let room = (bytes.count + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
        let offset = self.end.wrappingAdd(room, ordering: .relaxed).oldValue
        let body = FileBody(file: self, offset: offset, count: bytes.count, room: room)
        return self.write(bytes, at: offset) ? body : nil
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = pwrite(self.descriptor, rest.baseAddress, rest.count, off_t(offset + written))
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    fileprivate func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) {
        var count = 0
        while count < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
            let more = pread(self.descriptor, rest.baseAddress, rest.count, off_t(offset + count))
            // They are there: they were written, and are dropped only with the body.
            precondition(more > 0, "a body in memory cannot be read, errno \(errno)")
            count += more
        }
    }

    fileprivate func drop(_ room: Int, at offset: Int) {
        // What cannot be dropped stays until the process ends.
        _ = csandbox_memory_drop(self.descriptor, UInt64(offset), UInt64(room))
    }

    /// On an event loop.
    ///
    /// - Throws: where there are no descriptors left.
    fileprivate func handle() throws -> NIOFileHandle {
        if let own = self.handles.currentValue { return own.handle }
        let copy = dup(self.descriptor)
        guard copy >= 0 else { throw IOError(errnoCode: errno, reason: "dup") }
        let own = LoopHandle(NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: copy))
        self.handles.currentValue = own
        return own.handle
    }
}

/// One body in the file, and its pages; they are given back when nobody holds it any more. Whoever sends it holds it
/// until it is sent: from then on the pages read as zeros.
final class FileBody: Sendable {
    let count: Int
    /// Of memory, whole pages.
    let room: Int
    private let file: BodyFile
    private let offset: Int

    fileprivate init(file: BodyFile, offset: Int, count: Int, room: Int) {
        self.file = file
        self.offset = offset
        self.count = count
        self.room = room
    }

    deinit { self.file.drop(self.room, at: self.offset) }

    /// What a channel sends; on its event loop.
    func region() throws -> FileRegion {
        FileRegion(
            fileHandle: try self.file.handle(),
            readerIndex: self.offset,
            endIndex: self.offset + self.count
        )
    }

    /// A copy.
    var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: self.count) { bytes, count in
            let whole = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: self.count)
            self.file.read(at: self.offset, into: whole)
            count = self.count
        }
    }
}
