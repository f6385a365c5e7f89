import Synchronization

/// The place of a rendition in the memory cache. Whoever answers with its bytes without asking the cache says so here,
/// and that is all that ``EvictionOrder`` needs of a hit: one flag.
package final class RenditionSeat: Sendable {
    private let visited = Atomic<Bool>(false)

    init() {}

    /// The rendition was asked for.
    package func visit() {
        // Read first: to write what is there already would take the cache line from the other event loops.
        if !self.visited.load(ordering: .relaxed) { self.visited.store(true, ordering: .relaxed) }
    }

    /// Whether it was asked for since the last time; it is as if it was not from now on.
    func takeVisit() -> Bool {
        guard self.visited.load(ordering: .relaxed) else { return false }
        self.visited.store(false, ordering: .relaxed)
        return true
    }
}

/// Bytes in memory, in whatever form the one who sends them wants them.
package protocol HeldBytes: Sendable {
    /// In bytes.
    var count: Int { get }
    /// The pointer is valid during the call only.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension [UInt8]: HeldBytes {}
