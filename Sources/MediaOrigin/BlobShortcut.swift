package import MediaModel
import Synchronization

/// A small blob that is read again and again on an event loop: what was checked of it once is not checked each time.
///
/// It holds the blob's data key from the first such read on. It is of no use without the envelope key in memory, so a
/// key that is retired or grows old ends it, too (``EnvelopeKeys``).
package final class BlobShortcut: Sendable {
    private struct Opened {
        /// Header, salt and commitment, as the opener was made of them.
        let prefix: [UInt8]
        let opener: any BlobOpener
    }

    package let record: BlobRecord
    /// Not in use. An opener is for one thread at a time, so each event loop comes to have its own.
    private let idle = Mutex<[Opened]>([])

    package init(_ record: BlobRecord) { self.record = record }

    /// Calls `body` with an opener for a blob that begins with `prefix`; `make` makes one where there is none for just
    /// these bytes.
    func withOpener<Result>(
        for prefix: ArraySlice<UInt8>,
        make: ([UInt8]) throws -> any BlobOpener,
        _ body: (any BlobOpener) throws -> Result
    ) throws -> Result {
        var opened = self.idle.withLock { $0.popLast() }
        if let known = opened, !prefix.elementsEqual(known.prefix) { opened = nil }
        let own = try opened ?? Opened(prefix: Array(prefix), opener: make(Array(prefix)))
        let result = try body(own.opener)
        self.idle.withLock { $0.append(own) }
        return result
    }
}
