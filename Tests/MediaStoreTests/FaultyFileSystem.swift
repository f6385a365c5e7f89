import Glibc
import MediaModel
import MediaStore
import Synchronization

/// The real file system, of which chosen calls fail. Knows which descriptors are open.
final class FaultyFileSystem: FileSystemCalls {
    /// Which calls fail and how.
    struct Faults: Sendable {
        /// Calls are counted from 1 from the moment the faults are set.
        var failAt: Int
        var number: Int32
        /// Whether every later call fails, too.
        var isSticky = false
        /// Calls of these names neither fail nor count.
        var spared: Set<String> = []
    }

    private struct State {
        var faults: Faults?
        var calls = 0
        var counts: [String: Int] = [:]
        var failed: [String] = []
        var descriptors: Set<Int32> = []
        var signals: Set<String> = []
        var writeBytesMax = Int.max
    }

    private let real = LinuxFileSystem()
    private let hasUnnamedFiles: Bool
    private let state = Mutex(State())

    init(hasUnnamedFiles: Bool = true) { self.hasUnnamedFiles = hasUnnamedFiles }

    /// Lets calls fail from now on; nil ends it.
    func inject(_ faults: Faults?) {
        self.state.withLock { state in
            state.faults = faults
            state.calls = 0
            state.counts = [:]
            state.failed = []
        }
    }

    /// Every other call of these names is interrupted by a signal, and a write or read takes at most `bytes`.
    func disturb(_ names: Set<String>, bytes: Int) {
        self.state.withLock { state in
            state.signals = names
            state.writeBytesMax = bytes
        }
    }

    /// How often a call was made since `inject`, those that failed and those that are spared included.
    func count(of name: String) -> Int { self.state.withLock { $0.counts[name, default: 0] } }

    /// The names of the calls that failed since `inject`.
    var failed: [String] { self.state.withLock { $0.failed } }

    var openDescriptors: Int { self.state.withLock { $0.descriptors.count } }

    private func call<Value>(
        _ name: String,
        _ body: () throws(SystemFailure) -> Value
    ) throws(SystemFailure) -> Value {
        let number: Int32? = self.state.withLock { state in
            state.counts[name, default: 0] += 1
            if state.faults?.spared.contains(name) == true { return nil }
            state.calls += 1
            if state.signals.contains(name), state.calls.isMultiple(of: 2) { return EINTR }
            guard let faults = state.faults,
                state.calls == faults.failAt || faults.isSticky && state.calls > faults.failAt
            else { return nil }
            state.failed.append(name)
            return faults.number
        }
        if let number { throw SystemFailure(name, number: number) }
        return try body()
    }

    private var bytesMax: Int { self.state.withLock { $0.writeBytesMax } }

    func open(_ path: String, flags: Int32, mode: UInt32) throws(SystemFailure) -> Int32 {
        if !self.hasUnnamedFiles, flags & LinuxFileSystem.unnamedFile == LinuxFileSystem.unnamedFile {
            throw SystemFailure("open", number: EOPNOTSUPP)
        }
        return try self.call("open") { () throws(SystemFailure) -> Int32 in
            let descriptor = try self.real.open(path, flags: flags, mode: mode)
            self.state.withLock { _ = $0.descriptors.insert(descriptor) }
            return descriptor
        }
    }

    func close(_ descriptor: Int32) throws(SystemFailure) {
        // As on Linux, the descriptor is gone even when close(2) reports a failure.
        self.state.withLock { _ = $0.descriptors.remove(descriptor) }
        try self.real.close(descriptor)
        try self.call("close") { () throws(SystemFailure) in }
    }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int {
        try self.call("write") { () throws(SystemFailure) in
            let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(self.bytesMax))
            return try self.real.write(descriptor, part)
        }
    }

    func readCached(_ path: String, bytes: Int) -> [UInt8]? { self.real.readCached(path, bytes: bytes) }

    func read(
        _ descriptor: Int32,
        into room: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(SystemFailure) -> Int {
        try self.call("pread") { () throws(SystemFailure) in
            let part = UnsafeMutableRawBufferPointer(rebasing: room.prefix(self.bytesMax))
            return try self.real.read(descriptor, into: part, at: offset)
        }
    }

    func reserve(_ descriptor: Int32, bytes: Int) throws(SystemFailure) {
        try self.call("posix_fallocate") { () throws(SystemFailure) in
            try self.real.reserve(descriptor, bytes: bytes)
        }
    }

    func truncate(_ descriptor: Int32, bytes: Int) throws(SystemFailure) {
        try self.call("ftruncate") { () throws(SystemFailure) in try self.real.truncate(descriptor, bytes: bytes) }
    }

    func sync(_ descriptor: Int32) throws(SystemFailure) {
        try self.call("fsync") { () throws(SystemFailure) in try self.real.sync(descriptor) }
    }

    func link(_ path: String, to newPath: String) throws(SystemFailure) {
        try self.call("linkat") { () throws(SystemFailure) in try self.real.link(path, to: newPath) }
    }

    func rename(_ path: String, to newPath: String) throws(SystemFailure) {
        try self.call("rename") { () throws(SystemFailure) in try self.real.rename(path, to: newPath) }
    }

    func unlink(_ path: String) throws(SystemFailure) {
        try self.call("unlink") { () throws(SystemFailure) in try self.real.unlink(path) }
    }

    func makeFolder(_ path: String, mode: UInt32) throws(SystemFailure) {
        try self.call("mkdir") { () throws(SystemFailure) in try self.real.makeFolder(path, mode: mode) }
    }

    func facts(of descriptor: Int32) throws(SystemFailure) -> FileFacts {
        try self.call("fstat") { () throws(SystemFailure) in try self.real.facts(of: descriptor) }
    }

    func facts(at path: String) throws(SystemFailure) -> FileFacts {
        try self.call("lstat") { () throws(SystemFailure) in try self.real.facts(at: path) }
    }

    func names(in folder: String) throws(SystemFailure) -> [String] {
        try self.call("readdir") { () throws(SystemFailure) in try self.real.names(in: folder) }
    }

    func checkWritable(_ folder: String) throws(SystemFailure) {
        try self.call("access") { () throws(SystemFailure) in try self.real.checkWritable(folder) }
    }

    func room(at path: String) throws(SystemFailure) -> StoreRoom {
        try self.call("statvfs") { () throws(SystemFailure) in try self.real.room(at: path) }
    }
}
