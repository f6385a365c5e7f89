import MediaModel
import MediaOrigin
import NIOCore
import Synchronization

/// The renditions that are answered on the event loop, by path: an index on the memory cache, whose entries they are.
///
/// Event loops look things up at each request, writers come seldom, so each part of the table has a lock that is held
/// for one look-up in a dictionary; the parts keep the loops out of each other's way.
///
/// Order of locks: the cache's, then a part's. Nobody who holds a part's calls the cache.
final class HotTable: Sendable {
    private static let partCount = 16

    private final class Part: Sendable {
        /// By the hash of the path. Hashes are seeded per process, so nobody can make paths that meet; should two of
        /// them meet all the same, the second is not taken.
        let objects = Mutex<[Int: HotObject]>([:])
    }

    private let cache: RenditionCache
    private let file = BodyFile()
    private let parts = (0..<HotTable.partCount).map { _ in Part() }

    init(_ cache: RenditionCache) { self.cache = cache }

    /// To be taken before the catalog is asked about what may be put into the table.
    var moment: RenditionCache.Moment { self.cache.moment }

    /// - Parameter path: the bytes of a request target.
    func object(at path: UnsafeRawBufferPointer) -> HotObject? {
        let hash = Self.hash(path)
        guard let object = self.part(hash).objects.withLock({ $0[hash] }), object.path.elementsEqual(path) else {
            return nil
        }
        return object
    }

    /// Puts a rendition into the table, where the cache has its bytes.
    ///
    /// - Parameters:
    ///   - held: what the cache has; nothing happens where that is ours already.
    ///   - moment: taken before the catalog was asked for `found`.
    func admit(
        _ found: DeliverableRendition,
        at path: DeliveryPath,
        _ headers: DeliveryHeaders,
        _ held: any HeldBytes,
        since moment: RenditionCache.Moment
    ) {
        guard path.version != .latest, path.isAllThatCounts, !(held is HotBody) else { return }
        let body = held.withUnsafeBytes { HotBody($0, in: self.file) }
        let target = path.description
        let cost = body.room + HotObject.overheadBytes(headers)
        self.cache.host(found.rendition.blob.id, as: body, cost: cost, since: moment) { seat in
            let object = HotObject(target: target, headers: headers, body: body, seat: seat)
            self.set(object)
            return { self.remove(object) }
        }
    }

    private func set(_ object: HotObject) {
        let hash = object.path.withUnsafeBytes(Self.hash)
        self.part(hash).objects.withLock { objects in
            // The same rendition under a new blob id (it was mended) takes the place of the old one.
            if let other = objects[hash], other.path != object.path { return }
            objects[hash] = object
        }
    }

    private func remove(_ object: HotObject) {
        let hash = object.path.withUnsafeBytes(Self.hash)
        self.part(hash).objects.withLock { objects in
            if objects[hash] === object { objects[hash] = nil }
        }
    }

    private func part(_ hash: Int) -> Part { self.parts[hash & (Self.partCount - 1)] }

    private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: path)
        return hasher.finalize()
    }
}
