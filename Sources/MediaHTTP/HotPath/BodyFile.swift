import CSandbox
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Bodies that the kernel sends by itself (sendfile(2)), where a write would copy them once more: a file that lies in
/// memory and has no name, in which each body has pages of its own.
///
/// A body's place is never used again: such a file may have 2^63 bytes, and pages that were dropped take none. So
/// there is nothing to manage, and no body can be mistaken for another.
///
/// Pages are as large as the system gives them: sending one of 64 KiB costs a third less than sending sixteen. Two
/// bodies must never share a large page, for one of them could not be dropped without the other: the kernel would fill
/// its part with zeros, while the network still sends it. See ``place(for:after:)``.
package final class BodyFile: Sendable {
    /// Below this many bytes a copy costs less than a second system call.
    static let bodyBytesMin = 64 * 1024
    private static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
    /// What is written into a part of the file that begins and ends at multiples of this, and lies below the file's
    /// end, gets a page of this size, whatever its own (huge=within_size).
    private static let largestPageBytes = 2 * 1024 * 1024

    /// A handle may be used by one event loop at a time: each has its own.
    private final class LoopHandle: Sendable {
        let handle: NIOFileHandle

        init(_ handle: NIOFileHandle) { self.handle = handle }

        deinit { try? self.handle.close() }
    }

    let descriptor: CInt
    /// Why its pages are of the smallest size only, as an errno; nil: they are as large as can be.
    package let smallPagesReason: CInt?
    /// Where the last body ends. Held while a body is written: the next one's place is beyond the file's end only then.
    private let end = Mutex(0)
    private let room = Atomic<Int>(0)
    private let handles = ThreadSpecificVariable<LoopHandle>()

    /// To be made before the process becomes one that cannot be dumped, or its pages are small.
    ///
    /// Nil where the system has no such file, or has a limit on the size of files, which counts for this one as well.
    package init?() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0, limit.rlim_cur == .max else {
            return nil
        }
        let large = csandbox_memory_create_large()
        self.smallPagesReason = large < 0 ? -large : nil
        self.descriptor = large < 0 ? csandbox_memory_create("bodies") : large
        guard self.descriptor >= 0 else { return nil }
    }

    deinit { close(self.descriptor) }

    /// Bytes of memory that the bodies take which somebody holds, in whole pages. They are mapped nowhere, so no
    /// process has them as its own.
    package var roomInUse: Int { self.room.load(ordering: .relaxed) }

    /// Takes a copy of `bytes`; nil where there is no memory for it.
    func take(_ bytes: UnsafeRawBufferPointer) -> FileBody? {
        let room = (bytes.count + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
        return self.end.withLock { end in
            let place = Self.place(for: room, after: end)
            end = place + room
            // Taken back when the body goes, also where it could not be written.
            self.room.add(room, ordering: .relaxed)
            let body = FileBody(file: self, place: place, count: bytes.count, room: room)
            return self.write(bytes, at: place) ? body : nil
        }
    }

    /// The first place at which the pages of a body can be large, and are its own.
    ///
    /// A page lies at a multiple of its size, and a write gets a largest one as soon as the file reaches to that page's
    /// end: so a body that is smaller ends before one does, and a body that is larger begins with one.
    ///
    /// - Parameter room: of the body, whole pages.
    static func place(for room: Int, after end: Int) -> Int {
        var alignment = Self.pageBytes
        // Not `<`: it would end where a page does.
        while alignment <= room, alignment < Self.largestPageBytes { alignment *= 2 }
        return (end + alignment - 1) / alignment * alignment
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
        self.room.subtract(room, ordering: .relaxed)
        // What cannot be dropped stays until the process ends.
        _ = csandbox_memory_drop(self.descriptor, UInt64(offset), UInt64(room))
    }

    fileprivate func send(_ count: Int, from offset: Int, to socket: CInt) -> Int {
        var offset = off_t(offset)
        return max(0, sendfile(socket, self.descriptor, &offset, count))
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
    /// Where it begins in its file.
    let place: Int
    private let file: BodyFile

    fileprivate init(file: BodyFile, place: Int, count: Int, room: Int) {
        self.file = file
        self.place = place
        self.count = count
        self.room = room
    }

    deinit { self.file.drop(self.room, at: self.place) }

    /// - Returns: how many of its first bytes the kernel took, which may be none.
    func send(to socket: CInt) -> Int { self.file.send(self.count, from: self.place, to: socket) }

    /// What a channel sends, from the byte at `offset` on; on its event loop.
    func region(from offset: Int) throws -> FileRegion {
        FileRegion(
            fileHandle: try self.file.handle(),
            readerIndex: self.place + offset,
            endIndex: self.place + self.count
        )
    }

    /// A copy.
    var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: self.count) { bytes, count in
            let whole = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: self.count)
            self.file.read(at: self.place, into: whole)
            count = self.count
        }
    }
}
