import Glibc

/// The system calls that change a key ring's file, one method a call, so that a test can let any single one fail.
///
/// Every method blocks. A call that a signal interrupted throws `EINTR` like any other failure.
package protocol KeyRingCalls: Sendable {
    /// open(2).
    func open(_ path: String, flags: Int32, mode: UInt32) throws(KeyRingCallFailure) -> Int32
    /// Writes at the descriptor's position; may take fewer bytes than there are.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(KeyRingCallFailure) -> Int
    /// fsync(2), of a file or a folder.
    func sync(_ descriptor: Int32) throws(KeyRingCallFailure)
    /// A second name for the file that `path` leads to (a symbolic link is followed). Never replaces what has the name.
    func link(_ path: String, to newPath: String) throws(KeyRingCallFailure)
    /// Another name for the file; takes the place of what has the name.
    func rename(_ path: String, to newPath: String) throws(KeyRingCallFailure)
    /// Takes the name away.
    func unlink(_ path: String) throws(KeyRingCallFailure)
}

/// A system call on a key ring's file that failed.
package struct KeyRingCallFailure: Error, Hashable, Sendable {
    /// The call's name as the manual pages have it.
    package let call: String
    /// `errno`.
    package let number: Int32

    package init(_ call: String, number: Int32) {
        self.call = call
        self.number = number
    }
}

/// The calls themselves.
package struct LinuxKeyRingCalls: KeyRingCalls {
    package init() {}

    package func open(_ path: String, flags: Int32, mode: UInt32) throws(KeyRingCallFailure) -> Int32 {
        try Self.check("open", Glibc.open(path, flags, mode))
    }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(KeyRingCallFailure) -> Int {
        try Self.check("write", Glibc.write(descriptor, bytes.baseAddress, bytes.count))
    }

    package func sync(_ descriptor: Int32) throws(KeyRingCallFailure) {
        _ = try Self.check("fsync", Glibc.fsync(descriptor))
    }

    package func link(_ path: String, to newPath: String) throws(KeyRingCallFailure) {
        _ = try Self.check("link", Glibc.linkat(AT_FDCWD, path, AT_FDCWD, newPath, AT_SYMLINK_FOLLOW))
    }

    package func rename(_ path: String, to newPath: String) throws(KeyRingCallFailure) {
        _ = try Self.check("rename", Glibc.rename(path, newPath))
    }

    package func unlink(_ path: String) throws(KeyRingCallFailure) {
        _ = try Self.check("unlink", Glibc.unlink(path))
    }

    private static func check<Value: SignedInteger>(
        _ call: String,
        _ result: Value
    ) throws(KeyRingCallFailure) -> Value {
        let number = errno
        guard result >= 0 else { throw KeyRingCallFailure(call, number: number) }
        return result
    }
}
