// For mmap(2) and its kin and explicit_bzero(3), which are memory and no I/O.
import Glibc

/// Memory for one secret: a page of its own, kept out of swap and core dumps, wiped before it is given back.
///
/// Beside the secret there is nothing else on the page, so nothing else's growth or release touches it.
struct SecretPage: ~Copyable {
    /// The first bytes of the page.
    let bytes: UnsafeMutableRawBufferPointer

    /// - Parameter count: at most a page (4096 bytes or more); the bytes are zero.
    init(count: Int) {
        guard let start = Self.map(pages: 1) else {
            // As where an allocation of the language finds no memory.
            preconditionFailure("no memory for a key: \(String(cString: strerror(errno)))")
        }
        precondition(count <= Self.byteCount)
        self.bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
        self.bytes.bindMemory(to: UInt8.self)
        // A limit that is too low is told once, by `lockingFailure`; a key that may be swapped is better than none.
        _ = mlock(start, Self.byteCount)
        madvise(start, Self.byteCount, MADV_DONTDUMP)
    }

    deinit {
        guard let start = self.bytes.baseAddress else { return }
        // Ordinary stores to memory that is given back next are dead, and an optimiser may drop them.
        explicit_bzero(start, self.bytes.count)
        // Unlocks, too.
        munmap(start, Self.byteCount)
    }

    /// Bytes of a page on this machine.
    private static let byteCount = Int(getpagesize())

    private static func map(pages: Int) -> UnsafeMutableRawPointer? {
        let start = mmap(nil, pages * Self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return start == MAP_FAILED ? nil : start
    }

    /// Tries whether `pages` more pages can be locked now, and lets them go again.
    ///
    /// - Returns: nil where they can; else what the system says and which limit to raise.
    static func lockingFailure(pages: Int) -> String? {
        let bytes = pages * Self.byteCount
        guard let start = Self.map(pages: pages) else { return "mmap: \(String(cString: strerror(errno)))" }
        defer { munmap(start, bytes) }
        if mlock(start, bytes) == 0 { return nil }
        let reason = String(cString: strerror(errno))
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
        return "mlock: \(reason); \(pages) keys take \(bytes) bytes and RLIMIT_MEMLOCK is \(limit.rlim_cur): raise it "
            + "(LimitMEMLOCK= in a unit of systemd, --ulimit memlock= of a container) or keys may reach the swap"
    }
}
