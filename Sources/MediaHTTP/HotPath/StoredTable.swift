import MediaModel
import MediaOrigin
import Synchronization

/// Renditions that the catalog was asked for lately, by path: with their heads at hand, only the bytes are to be read.
///
/// Bounded by count, in two generations: what is asked for is young; when the young are half of all that may be, they
/// become the old, and the old are forgotten. An entry may be of a blob that is there no more (mended, sealed anew): it
/// cannot be read then, and the catalog knows better.
final class StoredTable: Sendable {
    /// Some 5 KB each.
    static let objectsMax = 4096

    private struct Generations {
        var young: [Int: StoredObject] = [:]
        var old: [Int: StoredObject] = [:]
    }

    private let generations = Mutex(Generations())

    /// - Parameter hash: of the path.
    func object(_ hash: Int) -> StoredObject? {
        self.generations.withLock { generations in
            if let object = generations.young[hash] { return object }
            guard let object = generations.old.removeValue(forKey: hash) else { return nil }
            Self.add(object, hash, to: &generations)
            return object
        }
    }

    func set(_ object: StoredObject, _ hash: Int) {
        self.generations.withLock { generations in
            generations.old[hash] = nil
            Self.add(object, hash, to: &generations)
        }
    }

    func remove(_ asset: AssetID) {
        self.generations.withLock { generations in
            generations.young = generations.young.filter { $0.value.blob.record.sealedAs.asset != asset }
            generations.old = generations.old.filter { $0.value.blob.record.sealedAs.asset != asset }
        }
    }

    private static func add(_ object: StoredObject, _ hash: Int, to generations: inout Generations) {
        generations.young[hash] = object
        guard generations.young.count >= Self.objectsMax / 2 else { return }
        generations.old = generations.young
        generations.young = [:]
    }
}
