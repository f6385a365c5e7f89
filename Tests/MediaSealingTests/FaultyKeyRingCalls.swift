import Glibc
import MediaSealing
import Synchronization

/// The real calls, of which the N-th fails.
final class FaultyKeyRingCalls: KeyRingCalls {
    private struct State {
        var failAt: Int?
        var number: Int32 = EIO
        var calls = 0
        var failed: String?
        var writeBytesMax = Int.max
    }

    private let real = LinuxKeyRingCalls()
    private let state = Mutex(State())

    /// Calls are counted from 1 from now on.
    func inject(failAt: Int?, number: Int32) {
        self.state.withLock { state in
            state.failAt = failAt
            state.number = number
            state.calls = 0
            state.failed = nil
        }
    }

    /// A write takes at most so many bytes from now on, and every other one is interrupted by a signal.
    func disturb(bytes: Int) { self.state.withLock { $0.writeBytesMax = bytes } }

    /// The name of the call that failed.
    var failed: String? { self.state.withLock { $0.failed } }

    /// Throws where this call is the one that fails.
    ///
    /// - Returns: its number.
    @discardableResult
    private func count(_ name: String) throws(KeyRingCallFailure) -> Int {
        let (calls, number): (Int, Int32?) = self.state.withLock { state in
            state.calls += 1
            guard state.calls == state.failAt else { return (state.calls, nil) }
            state.failed = name
            return (state.calls, state.number)
        }
        if let number { throw KeyRingCallFailure(name, number: number) }
        return calls
    }

    func open(_ path: String, flags: Int32, mode: UInt32) throws(KeyRingCallFailure) -> Int32 {
        try self.count("open")
        return try self.real.open(path, flags: flags, mode: mode)
    }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(KeyRingCallFailure) -> Int {
        let call = try self.count("write")
        let bytesMax = self.state.withLock { $0.writeBytesMax }
        if bytesMax < .max, call.isMultiple(of: 2) { throw KeyRingCallFailure("write", number: EINTR) }
        return try self.real.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(bytesMax)))
    }

    func sync(_ descriptor: Int32) throws(KeyRingCallFailure) {
        try self.count("fsync")
        try self.real.sync(descriptor)
    }

    func link(_ path: String, to newPath: String) throws(KeyRingCallFailure) {
        try self.count("link")
        try self.real.link(path, to: newPath)
    }

    func rename(_ path: String, to newPath: String) throws(KeyRingCallFailure) {
        try self.count("rename")
        try self.real.rename(path, to: newPath)
    }

    func unlink(_ path: String) throws(KeyRingCallFailure) {
        try self.count("unlink")
        try self.real.unlink(path)
    }
}
