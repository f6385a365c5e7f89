import MediaModel
import MediaOrigin
import NIOCore
import Synchronization

/// The renditions that are answered on the event loop, by path: an index on the memory cache, whose entries they are,
/// and behind it those whose heads are known and whose bytes the sealed store has.
///
/// Event loops look things up at each request, writers come seldom, so each part of the table has a lock that is held
/// for one look-up in a dictionary; the parts keep the loops out of each other's way.
///
/// Order of locks: the cache's, then a part's or the stored table's. Nobody who holds one of these calls the cache.
final class HotTable: Sendable {
    /// Where the bytes of an answer are.
    enum Found {
        case memory(HotObject)
        case store(StoredObject)

        var head: HotHead {
            switch self {
            case .memory(let object): object.head
            case .store(let object): object.head
            }
        }
    }

    private static let partCount = 16

    private final class Part: Sendable {
        /// By the hash of the path. Hashes are seeded per process, so nobody can make paths that meet; should two of
        /// them meet all the same, the second is not taken.
        let objects = Mutex<[Int: HotObject]>([:])
    }

    private let deliver: Deliver
    /// Where large bodies are; nil: with the others.
    private let file: BodyFile?
    private let parts = (0..<HotTable.partCount).map { _ in Part() }
    private let stored = StoredTable()

    init(_ deliver: Deliver, bodies file: BodyFile?) {
        self.deliver = deliver
        self.file = file
        deliver.cache.whenRemoved { [stored] in stored.remove($0) }
    }

    private var cache: RenditionCache { self.deliver.cache }

    /// To be taken before the catalog is asked about what may be put into the table.
    var moment: RenditionCache.Moment { self.cache.moment }

    /// - Parameter path: the bytes of a request target.
    func find(_ path: UnsafeRawBufferPointer) -> Found? {
        let hash = Self.hash(path)
        if let object = self.part(hash).objects.withLock({ $0[hash] }), object.head.path.elementsEqual(path) {
            return .memory(object)
        }
        if let object = self.stored.object(hash), object.head.path.elementsEqual(path) { return .store(object) }
        return nil
    }

    /// The bytes of a rendition, where to read them takes no waiting; from then on it is in memory, if there is room.
    ///
    /// - Returns: the bytes, and whether they are kept; nil: the usual way has them, or says why not.
    func load(_ object: StoredObject) -> (bytes: [UInt8], isKept: Bool)? {
        let moment = self.moment
        // Still there: so the asset had not been removed at that moment.
        guard self.stored.object(Self.hash(object.head.path)) === object,
            let read = self.deliver.readAtOnce(object.blob)
        else { return nil }
        if read.isKept { self.host(object.blob.record, object.head, read.bytes, since: moment) }
        return read
    }

    /// Puts a rendition into the table: with its bytes, where the cache has them.
    ///
    /// - Parameters:
    ///   - held: what was read; nothing happens where that is ours already.
    ///   - moment: taken before the catalog was asked for `found`.
    func admit(
        _ found: DeliverableRendition,
        at path: DeliveryPath,
        _ headers: DeliveryHeaders,
        _ held: any HeldBytes,
        since moment: RenditionCache.Moment
    ) {
        guard path.version != .latest, path.isAllThatCounts, !(held is HotBody) else { return }
        let blob = found.rendition.blob
        let head = HotHead(target: path.description, headers)
        if blob.bytes <= BlobVault.atOnceBytesMax {
            let object = StoredObject(head, blob: blob)
            self.cache.unlessRemoved(since: moment) { self.stored.set(object, Self.hash(head.path)) }
        }
        self.host(blob, head, held, since: moment)
    }

    private func host(
        _ blob: BlobRecord,
        _ head: HotHead,
        _ held: any HeldBytes,
        since moment: RenditionCache.Moment
    ) {
        guard self.cache.has(blob.id) else { return }
        let body = held.withUnsafeBytes { HotBody($0, in: self.file) }
        self.cache.host(blob.id, as: body, cost: body.room + head.overheadBytes, since: moment) { seat in
            let object = HotObject(head, body: body, seat: seat)
            self.set(object)
            return { self.remove(object) }
        }
    }

    private func set(_ object: HotObject) {
        let hash = Self.hash(object.head.path)
        self.part(hash).objects.withLock { objects in
            // The same rendition under a new blob id (it was mended) takes the place of the old one.
            if let other = objects[hash], other.head.path != object.head.path { return }
            objects[hash] = object
        }
    }

    private func remove(_ object: HotObject) {
        let hash = Self.hash(object.head.path)
        self.part(hash).objects.withLock { objects in
            if objects[hash] === object { objects[hash] = nil }
        }
    }

    private func part(_ hash: Int) -> Part { self.parts[hash & (Self.partCount - 1)] }

    private static func hash(_ path: [UInt8]) -> Int { path.withUnsafeBytes(Self.hash) }

    private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: path)
        return hasher.finalize()
    }
}
