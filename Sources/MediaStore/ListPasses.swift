import MediaModel
import Synchronization

/// What passes over the pages of a listing remember from one page to the next: the rest of the folder that the page
/// ended in, so that a folder of 100,000 blobs is read once and not once a page.
///
/// It holds ids only, and those of one folder a pass. What was removed since is noticed when its page is made; what was
/// published since may be missing, as the port says. A new pass forgets what earlier ones remembered, so that it misses
/// nothing of what was there before it.
final class ListPasses: Sendable {
    /// Passes that go on at once and read no folder twice; the collection, a check and a back-up seldom meet.
    static let passesMax = 4

    /// One page as it begins.
    struct Page {
        /// Where in the list of folders it begins.
        let firstShard: Int
        fileprivate let rest: ArraySlice<BlobID>?
        fileprivate let generation: Int

        /// The ids of a folder that are still to come, where they were remembered.
        func rest(of shard: String) -> ArraySlice<BlobID>? {
            shard == StoreLayout.shards[self.firstShard] ? self.rest : nil
        }
    }

    private struct State {
        var rests: [(after: BlobID, ids: ArraySlice<BlobID>)] = []
        /// Counts the passes that began.
        var generation = 0
    }

    private let state = Mutex(State())

    /// - Parameter after: nil where a pass begins.
    func page(after: BlobID?) -> Page {
        self.state.withLock { state in
            guard let after else {
                state.generation += 1
                state.rests = []
                return Page(firstShard: 0, rest: nil, generation: state.generation)
            }
            let index = state.rests.firstIndex { $0.after == after }
            let rest = index.map { state.rests.remove(at: $0).ids }
            return Page(firstShard: Int(after.bytes[0]), rest: rest, generation: state.generation)
        }
    }

    /// - Parameters:
    ///   - ids: the rest of the folder of `after`.
    ///   - after: the last id of the page.
    func keep(_ ids: ArraySlice<BlobID>, after: BlobID, of page: Page) {
        self.state.withLock { state in
            // A pass that began meanwhile may expect more than this one has read.
            guard state.generation == page.generation else { return }
            if state.rests.count == Self.passesMax { state.rests.removeFirst() }
            state.rests.append((after, ids))
        }
    }
}
