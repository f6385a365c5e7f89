package import MediaModel
import Synchronization

/// Plaintext renditions in memory, within a budget of bytes.
///
/// The policy is SIEVE (Zhang et al., NSDI '24): a hit only sets a flag; on eviction a hand walks from the oldest entry
/// to the newest, spares once what was visited, and takes the first that was not. It needs no work on a hit, and keeps
/// what is asked for again better than LRU does. Keys are blob ids: bytes under one never change, so nothing is ever
/// stale.
package final class RenditionCache: Sendable {
    /// An object larger than this part of the budget is not kept: it would push out everything else.
    static let objectShareMax = 8

    private struct Entry {
        let id: BlobID
        let bytes: [UInt8]
        var visited = false
        var newer: Int?
        var older: Int?
    }

    private struct State {
        var slots: [Entry?] = []
        var free: [Int] = []
        var places: [BlobID: Int] = [:]
        var newest: Int?
        var oldest: Int?
        var hand: Int?
        var bytes = 0
        var evictions = 0
    }

    /// What the cache holds now.
    package struct Statistics: Sendable, Hashable {
        package let objects: Int
        package let bytes: Int
        package let evictions: Int
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: the budget; 0 keeps nothing.
    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var statistics: Statistics {
        self.state.withLock { .init(objects: $0.places.count, bytes: $0.bytes, evictions: $0.evictions) }
    }

    package func bytes(of id: BlobID) -> [UInt8]? {
        self.state.withLock { state in
            guard let place = state.places[id] else { return nil }
            state.slots[place]?.visited = true
            return state.slots[place]?.bytes
        }
    }

    package func insert(_ bytes: [UInt8], for id: BlobID) {
        guard bytes.count <= self.bytesMax / Self.objectShareMax else { return }
        self.state.withLock { state in
            guard state.places[id] == nil else { return }
            while state.bytes + bytes.count > self.bytesMax { Self.evict(&state) }
            Self.append(Entry(id: id, bytes: bytes, older: state.newest), to: &state)
        }
    }

    private static func append(_ entry: Entry, to state: inout State) {
        let place = state.free.popLast() ?? state.slots.count
        if place == state.slots.count { state.slots.append(entry) } else { state.slots[place] = entry }
        if let newest = state.newest { state.slots[newest]?.newer = place } else { state.oldest = place }
        state.newest = place
        state.places[entry.id] = place
        state.bytes += entry.bytes.count
    }

    private static func evict(_ state: inout State) {
        var place = state.hand ?? state.oldest
        while let current = place, state.slots[current]?.visited == true {
            state.slots[current]?.visited = false
            place = state.slots[current]?.newer ?? state.oldest
        }
        guard let place else { preconditionFailure("the cache holds bytes but no entry") }
        state.hand = state.slots[place]?.newer
        state.evictions += 1
        Self.unlink(place, from: &state)
    }

    private static func unlink(_ place: Int, from state: inout State) {
        guard let entry = state.slots[place] else { preconditionFailure("an empty slot of the cache is linked") }
        if let newer = entry.newer { state.slots[newer]?.older = entry.older } else { state.newest = entry.older }
        if let older = entry.older { state.slots[older]?.newer = entry.newer } else { state.oldest = entry.newer }
        if state.hand == place { state.hand = entry.newer }
        state.slots[place] = nil
        state.free.append(place)
        state.places[entry.id] = nil
        state.bytes -= entry.bytes.count
    }
}
