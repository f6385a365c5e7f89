import CCachedFile
import Glibc
package import MediaModel

/// The real thing: each method is the system call of its name.
package struct LinuxFileSystem: FileSystemCalls {
    /// `O_TMPFILE` (open(2)), which the compiler cannot read from the header: the kernel's own bit and `O_DIRECTORY`,
    /// so that a kernel which does not know it refuses with `EISDIR`. The bit is the same on x86-64 and arm64.
    package static let unnamedFile: Int32 = 0o20_000_000 | O_DIRECTORY

    package init() {}

    package func open(_ path: String, flags: Int32, mode: UInt32) throws(SystemFailure) -> Int32 {
        try self.checked("open", Glibc.open(path, flags, mode))
    }

    package func close(_ descriptor: Int32) throws(SystemFailure) {
        _ = try self.checked("close", Glibc.close(descriptor))
    }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int {
        try self.checked("write", Glibc.write(descriptor, bytes.baseAddress, bytes.count))
    }

    package func read(
        _ descriptor: Int32,
        into room: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(SystemFailure) -> Int {
        try self.checked("pread", Glibc.pread(descriptor, room.baseAddress, room.count, off_t(offset)))
    }

    package func readCached(_ path: String, bytes: Int) -> [UInt8]? {
        var isRead = false
        let read = [UInt8](unsafeUninitializedCapacity: bytes) { room, count in
            isRead = ccachedfile_read(path, room.baseAddress, bytes)
            count = isRead ? bytes : 0
        }
        return isRead ? read : nil
    }

    /// posix_fallocate(3), since fallocate(2) is hidden from Swift behind `_GNU_SOURCE`. Where a file system has no
    /// such operation the C library writes a byte into every block instead, which reserves as well.
    package func reserve(_ descriptor: Int32, bytes: Int) throws(SystemFailure) {
        let number = Glibc.posix_fallocate(descriptor, 0, off_t(bytes))
        if number != 0 { throw SystemFailure("posix_fallocate", number: number) }
    }

    package func truncate(_ descriptor: Int32, bytes: Int) throws(SystemFailure) {
        _ = try self.checked("ftruncate", Glibc.ftruncate(descriptor, off_t(bytes)))
    }

    package func sync(_ descriptor: Int32) throws(SystemFailure) {
        _ = try self.checked("fsync", Glibc.fsync(descriptor))
    }

    package func link(_ path: String, to newPath: String) throws(SystemFailure) {
        _ = try self.checked("linkat", Glibc.linkat(AT_FDCWD, path, AT_FDCWD, newPath, AT_SYMLINK_FOLLOW))
    }

    package func rename(_ path: String, to newPath: String) throws(SystemFailure) {
        _ = try self.checked("rename", Glibc.rename(path, newPath))
    }

    package func unlink(_ path: String) throws(SystemFailure) {
        _ = try self.checked("unlink", Glibc.unlink(path))
    }

    package func makeFolder(_ path: String, mode: UInt32) throws(SystemFailure) {
        _ = try self.checked("mkdir", Glibc.mkdir(path, mode))
    }

    package func facts(of descriptor: Int32) throws(SystemFailure) -> FileFacts {
        var status = stat()
        _ = try self.checked("fstat", Glibc.fstat(descriptor, &status))
        return FileFacts(status)
    }

    package func facts(at path: String) throws(SystemFailure) -> FileFacts {
        var status = stat()
        _ = try self.checked("lstat", Glibc.lstat(path, &status))
        return FileFacts(status)
    }

    package func names(in folder: String) throws(SystemFailure) -> [String] {
        guard let stream = Glibc.opendir(folder) else { throw SystemFailure("opendir", number: errno) }
        defer { Glibc.closedir(stream) }
        var names: [String] = []
        while true {
            // readdir(3): nil with an unchanged errno is the end, nil with another one is a failure.
            errno = 0
            guard let entry = Glibc.readdir(stream) else {
                if errno != 0 { throw SystemFailure("readdir", number: errno) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            names.append(name)
        }
    }

    package func checkWritable(_ folder: String) throws(SystemFailure) {
        _ = try self.checked("access", Glibc.access(folder, W_OK | X_OK))
    }

    package func room(at path: String) throws(SystemFailure) -> StoreRoom {
        var status = statvfs()
        // Unqualified: `Glibc.statvfs` is the structure of the same name.
        _ = try self.checked("statvfs", statvfs(path, &status))
        // What only root may use is not free.
        return StoreRoom(free: Self.bytes(status.f_bavail, status), total: Self.bytes(status.f_blocks, status))
    }

    /// A file system may claim more bytes than an `Int` counts (some network ones do).
    private static func bytes(_ blocks: fsblkcnt_t, _ status: statvfs) -> Int {
        let (bytes, isTooMuch) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isTooMuch ? .max : Int(clamping: bytes)
    }

    private func checked<Value: FixedWidthInteger>(_ call: String, _ value: Value) throws(SystemFailure) -> Value {
        if value < 0 { throw SystemFailure(call, number: errno) }
        return value
    }
}

extension FileFacts {
    fileprivate init(_ status: stat) {
        self.init(
            bytes: Int(status.st_size),
            isRegularFile: status.st_mode & S_IFMT == S_IFREG,
            modifiedAt: Self.seconds(status.st_mtim),
            changedAt: Self.seconds(status.st_ctim)
        )
    }

    private static func seconds(_ time: timespec) -> Double {
        Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }
}
