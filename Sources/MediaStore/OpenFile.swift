import Synchronization

/// Owns a descriptor: it is closed exactly once, by `close` or when the last reference goes.
final class OpenFile: Sendable {
    let descriptor: Int32
    private let calls: any FileSystemCalls
    private let isClosed = Atomic<Bool>(false)

    init(_ path: String, flags: Int32, mode: UInt32 = 0, calls: any FileSystemCalls) throws(SystemFailure) {
        self.descriptor = try calls.retrying { () throws(SystemFailure) -> Int32 in
            try calls.open(path, flags: flags, mode: mode)
        }
        self.calls = calls
    }

    deinit {
        // Only a reader, or a draft that is thrown away, gets here still open; neither has anything to lose.
        try? self.close()
    }

    func close() throws(SystemFailure) {
        if self.isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
        try self.calls.close(self.descriptor)
    }
}
