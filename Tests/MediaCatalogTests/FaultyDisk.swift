import GRDB
import GRDBSQLite
import Glibc
import MediaTesting
import Synchronization

/// A disk that fails at a chosen write, sync or truncation of SQLite's: a VFS in front of the real one.
///
/// It becomes the default one of the process and passes everything through, except for files in a folder that was
/// given to ``init(folder:)``: their methods are replaced when they are opened.
final class FaultyDisk: Sendable {
    /// What a failed call reports. A write that fails has half its bytes on the disk.
    enum Fault: CaseIterable {
        /// EIO, of any call.
        case error
        /// ENOSPC, which SQLite tells from other errors of a write only: of the writes alone.
        case full
    }

    struct State {
        var calls = 0
        var hits = 0
        var plan: FaultPlan?
        var fault = Fault.error
        var indexIsFull = false
    }

    private let folder: String
    private let state = Mutex(State())

    /// Files in `folder` that are opened from now on fail when they are told to.
    init(folder: String) {
        self.folder = folder
        Shim.install()
        Shim.disks.withLock { $0[folder] = self }
    }

    /// Counts anew, and fails where the plan says so; nil: never.
    func inject(_ plan: FaultPlan?, _ fault: Fault = .error) {
        self.state.withLock { $0 = State(plan: plan, fault: fault) }
    }

    /// Lets the WAL's index not grow from now on, as on a disk without room for it; until `inject`.
    func failGrowingIndex() { self.state.withLock { $0 = State(indexIsFull: true) } }

    /// Calls that failed since `inject`.
    var hits: Int { self.state.withLock { $0.hits } }

    func remove() { Shim.disks.withLock { $0[self.folder] = nil } }

    /// Whether the index cannot grow.
    fileprivate func refusesIndex() -> Bool {
        self.state.withLock { state in
            if state.indexIsFull { state.hits += 1 }
            return state.indexIsFull
        }
    }

    /// The fault that this call meets, if any.
    fileprivate func next(isWrite: Bool) -> Fault? {
        self.state.withLock { state in
            guard isWrite || state.fault == .error else { return nil }
            state.calls += 1
            guard let plan = state.plan, plan.failAt == state.calls || plan.isSticky && plan.failAt < state.calls else {
                return nil
            }
            state.hits += 1
            return state.fault
        }
    }
}

/// SQLite's side of it: functions that C calls, hence everything static.
private enum Shim {
    /// An open file of a faulty disk.
    struct OpenFile {
        let disk: FaultyDisk
        let real: UnsafePointer<sqlite3_io_methods>
        let ours: UnsafeMutablePointer<sqlite3_io_methods>
    }

    static let disks = Mutex<[String: FaultyDisk]>([:])
    // Pointers are no Sendable: by address.
    static let files = Mutex<[Int: Unchecked<OpenFile>]>([:])

    /// Pointers that C keeps and never changes.
    struct Unchecked<Value>: @unchecked Sendable {
        let value: Value
    }

    private static let real = Unchecked(value: sqlite3_vfs_find(nil))

    private static let installed: Void = {
        guard let real = Shim.real.value else { preconditionFailure("SQLite has a VFS") }
        let ours = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        ours.initialize(to: real.pointee)
        ours.pointee.zName = UnsafePointer(strdup("faulty"))
        ours.pointee.xOpen = { _, name, file, flags, outFlags in Shim.open(name, file, flags, outFlags) }
        sqlite3_vfs_register(ours, 1)
    }()

    static func install() { _ = Self.installed }

    private static func open(
        _ name: UnsafePointer<CChar>?,
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ flags: CInt,
        _ outFlags: UnsafeMutablePointer<CInt>?
    ) -> CInt {
        guard let real = Self.real.value, let file else { return SQLITE_MISUSE }
        let code = real.pointee.xOpen(real, name, file, flags, outFlags)
        guard code == SQLITE_OK, let name, let methods = file.pointee.pMethods else { return code }
        let path = String(cString: name)
        guard let disk = Self.disks.withLock({ $0.first { path.hasPrefix($0.key) }?.value }) else { return code }
        let ours = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        ours.initialize(to: methods.pointee)
        ours.pointee.xClose = { Shim.close($0) }
        ours.pointee.xWrite = { Shim.write($0, $1, $2, $3) }
        ours.pointee.xTruncate = { file, size in
            Shim.call(file, ResultCode.SQLITE_IOERR_TRUNCATE.rawValue) { $0.pointee.xTruncate(file, size) }
        }
        ours.pointee.xSync = { file, flags in
            Shim.call(file, ResultCode.SQLITE_IOERR_FSYNC.rawValue) { $0.pointee.xSync(file, flags) }
        }
        ours.pointee.xShmMap = { Shim.mapIndex($0, $1, $2, $3, $4) }
        let open = Unchecked(value: OpenFile(disk: disk, real: methods, ours: ours))
        Self.files.withLock { $0[Int(bitPattern: file)] = open }
        file.pointee.pMethods = UnsafePointer(ours)
        return code
    }

    private static func file(_ file: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile {
        guard let open = Self.files.withLock({ $0[Int(bitPattern: file)] }) else {
            preconditionFailure("a method of ours is called on a file of ours")
        }
        return open.value
    }

    private static func close(_ file: UnsafeMutablePointer<sqlite3_file>?) -> CInt {
        let open = Self.file(file)
        Self.files.withLock { $0[Int(bitPattern: file)] = nil }
        defer { open.ours.deallocate() }
        return open.real.pointee.xClose(file)
    }

    private static func write(
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ bytes: UnsafeRawPointer?,
        _ count: CInt,
        _ offset: sqlite3_int64
    ) -> CInt {
        let open = Self.file(file)
        guard let fault = open.disk.next(isWrite: true) else {
            return open.real.pointee.xWrite(file, bytes, count, offset)
        }
        _ = open.real.pointee.xWrite(file, bytes, count / 2, offset)
        return fault == .full ? SQLITE_FULL : ResultCode.SQLITE_IOERR_WRITE.rawValue
    }

    /// The first region of 32 KiB is there from the start.
    private static func mapIndex(
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ region: CInt,
        _ bytes: CInt,
        _ grows: CInt,
        _ address: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> CInt {
        let open = Self.file(file)
        if region > 0, grows != 0, open.disk.refusesIndex() { return ResultCode.SQLITE_IOERR_SHMSIZE.rawValue }
        return open.real.pointee.xShmMap(file, region, bytes, grows, address)
    }

    private static func call(
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ code: CInt,
        _ body: (UnsafePointer<sqlite3_io_methods>) -> CInt
    ) -> CInt {
        let open = Self.file(file)
        return open.disk.next(isWrite: false) == nil ? body(open.real) : code
    }
}
