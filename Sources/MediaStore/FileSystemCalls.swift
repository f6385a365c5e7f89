import Glibc
package import MediaModel

/// The system calls that the file store makes, one method a call, so that a test can let any single one fail.
///
/// Every method but one blocks; callers are on a thread of a pool. A call that a signal interrupted throws `EINTR` like
/// any other failure: the loops below, not the adapters of this protocol, decide what to do about it.
package protocol FileSystemCalls: Sendable {
    /// open(2).
    func open(_ path: String, flags: Int32, mode: UInt32) throws(SystemFailure) -> Int32
    /// The descriptor is gone when this returns, also when it throws (close(2), "Dealing with error returns").
    func close(_ descriptor: Int32) throws(SystemFailure)
    /// Writes at the descriptor's position; may take fewer bytes than there are.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int
    /// Reads at `offset`; may give fewer bytes than there is room for, and 0 at the end.
    func read(
        _ descriptor: Int32,
        into room: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(SystemFailure) -> Int
    /// A whole file of exactly so many bytes, where the kernel has all of it in memory. Nil: ask for it the usual way.
    /// The one call that does not block.
    func readCached(_ path: String, bytes: Int) -> [UInt8]?
    /// Sets blocks aside for the first `bytes` of the file, which is at least so long afterwards.
    func reserve(_ descriptor: Int32, bytes: Int) throws(SystemFailure)
    /// Cuts the file to its first `bytes`.
    func truncate(_ descriptor: Int32, bytes: Int) throws(SystemFailure)
    /// fsync(2), of a file or a folder.
    func sync(_ descriptor: Int32) throws(SystemFailure)
    /// A second name for the file that `path` leads to (a symbolic link is followed). Never replaces what has the name.
    func link(_ path: String, to newPath: String) throws(SystemFailure)
    /// rename(2): takes the place of what has the new name (of a folder only where that is empty).
    func rename(_ path: String, to newPath: String) throws(SystemFailure)
    /// Takes the name away; the file goes with its last name and descriptor.
    func unlink(_ path: String) throws(SystemFailure)
    /// mkdir(2); `EEXIST` when it is there.
    func makeFolder(_ path: String, mode: UInt32) throws(SystemFailure)
    /// Of an open file.
    func facts(of descriptor: Int32) throws(SystemFailure) -> FileFacts
    /// Of what has the name; a symbolic link is not followed.
    func facts(at path: String) throws(SystemFailure) -> FileFacts
    /// The names in a folder, in no order, `.` and `..` among them.
    func names(in folder: String) throws(SystemFailure) -> [String]
    /// Throws unless this process may make files in `folder` (a file system that became read-only refuses, too).
    func checkWritable(_ folder: String) throws(SystemFailure)
    /// Bytes of the file system of `path`: those that this process may still use, and all.
    func room(at path: String) throws(SystemFailure) -> StoreRoom
}

/// A system call that failed.
package struct SystemFailure: Error, Hashable, Sendable {
    /// The call's name as the manual pages have it.
    package let call: String
    /// `errno`.
    package let number: Int32

    package init(_ call: String, number: Int32) {
        self.call = call
        self.number = number
    }
}

/// What fstat(2) tells of a file.
package struct FileFacts: Hashable, Sendable {
    package let bytes: Int
    package let isRegularFile: Bool
    /// Seconds since 1970.
    package let modifiedAt: Double
    /// When its contents, its names or its rights changed last, in seconds since 1970.
    package let changedAt: Double

    package init(bytes: Int, isRegularFile: Bool, modifiedAt: Double, changedAt: Double) {
        self.bytes = bytes
        self.isRegularFile = isRegularFile
        self.modifiedAt = modifiedAt
        self.changedAt = changedAt
    }
}

extension FileSystemCalls {
    /// Writes all of `bytes`: a signal, a nearly full disk or a large buffer makes write(2) take a part only.
    func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(SystemFailure) {
        var done = 0
        while done < bytes.count {
            let start = done
            done += try self.retrying { () throws(SystemFailure) -> Int in
                try bytes.withUnsafeBufferPointer { (all) throws(SystemFailure) -> Int in
                    try self.write(descriptor, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[start...])))
                }
            }
        }
    }

    /// Fills `room` from `offset` on. Returns how much there was, which is less only where the file ends.
    func readAll(
        _ descriptor: Int32,
        into room: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(SystemFailure) -> Int {
        var done = 0
        while done < room.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: room[done...])
            let position = offset + done
            let count = try self.retrying { () throws(SystemFailure) -> Int in
                try self.read(descriptor, into: rest, at: position)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Calls again as long as a signal interrupts. Never used for close(2), which Linux must not be asked twice, nor
    /// for fsync(2), whose second answer is worth nothing (RELIABILITY §1.6).
    func retrying<Value>(_ call: () throws(SystemFailure) -> Value) throws(SystemFailure) -> Value {
        while true {
            do {
                return try call()
            } catch let error where error.number == EINTR {
                continue
            }
        }
    }
}

extension BlobStoreError {
    /// What a failed call means to the port's users.
    ///
    /// A file system may be out of space as late as in fsync(2) or close(2) (delayed allocation, NFS): only the file at
    /// hand is lost then, and it is thrown away, so that is `.full`. Any other failure of the two is `.syncFailed`:
    /// Linux has marked the pages clean by then and nobody knows what the disk holds.
    init(_ failure: SystemFailure, blob: BlobID? = nil) {
        let code: Code =
            if failure.number == ENOSPC || failure.number == EDQUOT {
                .full
            } else if failure.call == "fsync" || failure.call == "close" {
                .syncFailed
            } else {
                .failed
            }
        self.init(code, detail: Self.detail(failure, blob: blob))
    }

    static func detail(_ failure: SystemFailure, blob: BlobID?) -> String {
        let subject = blob.map { " of blob \($0)" } ?? ""
        return "\(failure.call)\(subject): \(String(cString: strerror(failure.number))) (errno \(failure.number))"
    }
}
