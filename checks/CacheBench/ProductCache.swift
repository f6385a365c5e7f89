import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization

/// The product's own cache, driven as the service drives it: what is read after a miss is inserted; the next reader
/// finds it, and a host takes it over; from then on a hit touches nothing but the seat that the host was given.
///
/// Sendable, as what a host does when its entry leaves has to be.
final class ProductCache: SimulatedCache, Sendable {
    private let cache: RenditionCache
    private let sizes: [Int32]
    private let ids: [BlobID]
    private let assets: [AssetID]
    /// The one array of each size: the cache keeps references, and the simulation the memory.
    private let arrays: [[UInt8]]
    /// What the host has.
    private let seats: Mutex<[RenditionSeat?]>

    init(sizes: [Int32], budget: Int) {
        self.cache = RenditionCache(bytesMax: budget)
        self.sizes = sizes
        var random = SeededGenerator(seed: 1)
        func bytes() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) } }
        self.ids = sizes.map { _ in BlobID(bytes: bytes()) }
        self.assets = (0...sizes.count / 2).map { _ in AssetID(bytes: bytes()) }
        let unitsMax = (sizes.max().map(Int.init) ?? 0) / Catalog.sizeUnit
        self.arrays = (0...unitsMax).map { [UInt8](repeating: 0, count: $0 * Catalog.sizeUnit) }
        self.seats = Mutex([RenditionSeat?](repeating: nil, count: sizes.count))
    }

    func request(_ object: Int) -> Bool {
        if let seat = self.seats.withLock({ $0[object] }) {
            seat.visit()
            return true
        }
        guard let held = self.cache.bytes(of: self.ids[object]) else {
            self.insert(object, as: .read)
            return false
        }
        self.cache.host(self.ids[object], as: held, cost: held.count, since: self.cache.moment) { seat in
            self.seats.withLock { $0[object] = seat }
            return { self.seats.withLock { $0[object] = nil } }
        }
        return true
    }

    func publish(_ object: Int) { self.insert(object, as: .published) }

    private func insert(_ object: Int, as arrival: RenditionCache.Arrival) {
        let bytes = self.arrays[Int(self.sizes[object]) / Catalog.sizeUnit]
        self.cache.insert(bytes, for: self.ids[object], of: self.assets[object / 2], as: arrival)
    }
}
