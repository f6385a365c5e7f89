import MediaModel
import Synchronization

/// The blobs that this process has published, or is publishing, and whose rows are not committed yet; and those that
/// no row names any more but that a reader may still be about to open.
///
/// A blob is durable before the catalog names it (RELIABILITY §3.2); in between it looks like an orphan. Age tells the
/// two apart as long as clocks are right and nobody asks for an age of 0; this does so in any case. A process that dies
/// takes its register along, and then they are orphans.
final class BlobsInFlight: Sendable {
    private let blobs = Mutex<Set<BlobID>>([])

    /// The blobs on their way now.
    ///
    /// Whoever looks for orphans lists the store first, then asks here, then asks the catalog: a blob that was listed
    /// and is not here any more was committed or given up before, and the catalog knows which.
    var all: Set<BlobID> { self.blobs.withLock { $0 } }

    func enter(_ blob: BlobID) { self.blobs.withLock { _ = $0.insert(blob) } }

    func leave(_ blobs: [BlobID]) { self.blobs.withLock { $0.subtract(blobs) } }
}
