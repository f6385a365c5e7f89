import Glibc
import MediaModel
import MediaOrigin

/// What the product's cache costs, in nanoseconds of CPU an operation.
struct Speed {
    /// Entries while it is measured: a default budget full of thumbnails.
    private static let entries = 24_000
    private static let bytes = [UInt8](repeating: 0, count: 10_856)

    /// An insertion into a full cache, and the eviction that makes room for it, where no entry was asked for again.
    let insertion: Double
    /// The same where every entry was asked for since its turn came last, as far as there are any.
    let insertionAmongVisited: Double
    /// A look-up that finds its object, and says so to its seat.
    let lookUp: Double

    init() {
        let cache = RenditionCache(bytesMax: Self.entries * Self.bytes.count)
        let ids = (0..<4 * Self.entries).map { _ in BlobID.make() }
        let asset = (0..<4 * Self.entries).map { _ in AssetID.make() }
        func insert(_ range: Range<Int>) {
            for index in range { cache.insert(Self.bytes, for: ids[index], of: asset[index]) }
        }
        func find(_ range: Range<Int>) { for index in range { _ = cache.bytes(of: ids[index]) } }
        insert(0..<Self.entries)
        self.insertion = Self.measure { insert(Self.entries..<2 * Self.entries) }
        self.lookUp = Self.measure { find(Self.entries..<2 * Self.entries) }
        self.insertionAmongVisited = Self.measure { insert(2 * Self.entries..<3 * Self.entries) }
    }

    private static func measure(_ body: () -> Void) -> Double {
        let start = self.cpuNanoseconds()
        body()
        return Double(self.cpuNanoseconds() - start) / Double(self.entries)
    }

    private static func cpuNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
