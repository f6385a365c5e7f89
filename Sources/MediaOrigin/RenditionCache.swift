package import MediaModel
import Synchronization

/// Plaintext renditions in memory, within a budget of bytes.
///
/// A hit only sets a flag. Who has to leave is ``EvictionOrder``'s to say: what is asked for rarely for its size, and
/// what has not been asked for in a long time. There is no filter before it: whatever is put in is kept until others
/// are worth more. Keys are blob ids: bytes under one never change, so nothing is ever stale.
///
/// A face may *host* an entry: it gives its own form of the bytes in place of ours, with what belongs to them (heads
/// that are serialised beforehand), and is told when the entry leaves. So there is one copy, one budget and one policy,
/// however an entry is served.
package final class RenditionCache: Sendable {
    /// An object larger than this part of the budget is not kept: it would push out everything else.
    static let objectShareMax = 8

    /// Why bytes are put in.
    package enum Arrival: Sendable, Hashable {
        /// Somebody asked for them.
        case read
        /// They were just made, and nobody can have asked for them yet.
        case published

        /// With how many uses an entry starts. What was published has some in advance, or every fifth rendition would
        /// be gone when it is pulled first; with more than four, all others pay for it (docs/decisions/0022).
        var uses: Int { self == .published ? 4 : 1 }
    }

    /// What a host does when its entry leaves the cache. Called with the cache's lock held: it must not call the cache.
    package typealias Leave = @Sendable () -> Void

    /// What else is to be done when the renditions of an asset go. Called with the cache's lock held.
    package typealias Removed = @Sendable (AssetID) -> Void

    private struct Entry {
        let id: BlobID
        let asset: AssetID
        let seat = RenditionSeat()
        var held: any HeldBytes
        /// What it takes of the budget.
        var cost: Int
        var leave: Leave?
    }

    private struct State {
        var slots: [Entry?] = []
        var free: [Int] = []
        var places: [BlobID: Int] = [:]
        var ofAsset: [AssetID: [BlobID]] = [:]
        var order = EvictionOrder()
        var bytes = 0
        var evictions = 0
        var hosted = 0
        var removals = 0
        var onRemove: [Removed] = []
    }

    /// What the cache holds now.
    package struct Statistics: Sendable, Hashable {
        package let objects: Int
        /// Of these, how many a face serves by itself.
        package let hosted: Int
        package let bytes: Int
        package let evictions: Int
    }

    /// How often assets had been removed when something was looked up; see ``host(_:as:cost:since:admit:)``.
    package struct Moment: Sendable, Hashable {
        fileprivate let removals: Int
    }

    package let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: the budget; 0 keeps nothing.
    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var statistics: Statistics {
        self.state.withLock {
            .init(objects: $0.places.count, hosted: $0.hosted, bytes: $0.bytes, evictions: $0.evictions)
        }
    }

    /// To be taken before the catalog is asked for what is to be hosted.
    package var moment: Moment { self.state.withLock { Moment(removals: $0.removals) } }

    /// Whether the bytes of a blob are kept; no use of them.
    package func has(_ id: BlobID) -> Bool { self.state.withLock { $0.places[id] != nil } }

    package func bytes(of id: BlobID) -> (any HeldBytes)? {
        self.state.withLock { state in
            guard let place = state.places[id], let entry = state.slots[place] else { return nil }
            entry.seat.visit()
            return entry.held
        }
    }

    /// Keeps the bytes of a blob, unless they are kept already or too large.
    ///
    /// - Returns: whether they are kept now.
    @discardableResult package func insert(
        _ bytes: [UInt8],
        for id: BlobID,
        of asset: AssetID,
        as arrival: Arrival = .read
    ) -> Bool {
        guard bytes.count <= self.bytesMax / Self.objectShareMax else { return false }
        self.state.withLock { state in
            guard state.places[id] == nil else { return }
            while state.bytes + bytes.count > self.bytesMax { Self.evict(&state) }
            Self.append(Entry(id: id, asset: asset, held: bytes, cost: bytes.count), as: arrival, to: &state)
        }
        return true
    }

    /// Gives an entry to a host.
    ///
    /// - Parameters:
    ///   - held: takes the place of the bytes.
    ///   - cost: what that takes of the budget, with all that belongs to it.
    ///   - moment: taken before the catalog was asked. Nothing is hosted when an asset was removed since: it may have
    ///     been this one, and a deleted asset must not be served by anybody who does not ask the catalog.
    ///   - admit: called, with the cache's lock held, where the entry is there and nobody's yet; says what is to be
    ///     done when it leaves. So no entry leaves before its host knows of it.
    package func host(
        _ id: BlobID,
        as held: any HeldBytes,
        cost: Int,
        since moment: Moment,
        admit: @Sendable (RenditionSeat) -> Leave
    ) {
        self.state.withLock { state in
            guard state.removals == moment.removals, let place = state.places[id], var entry = state.slots[place],
                entry.leave == nil
            else { return }
            state.bytes += cost - entry.cost
            state.hosted += 1
            entry.held = held
            entry.cost = cost
            entry.leave = admit(entry.seat)
            state.slots[place] = entry
            state.order.resize(place, to: cost)
            // The entry itself may be among those that have to go.
            while state.bytes > self.bytesMax { Self.evict(&state) }
        }
    }

    /// Has `onRemove` called for each asset that is removed from now on: for whoever keeps something of renditions that
    /// the cache may have or not.
    package func whenRemoved(_ onRemove: @escaping Removed) { self.state.withLock { $0.onRemove.append(onRemove) } }

    /// Calls `keep`, with the cache's lock held, unless an asset was removed since.
    ///
    /// - Parameter moment: taken before the catalog was asked.
    package func unlessRemoved(since moment: Moment, _ keep: @Sendable () -> Void) {
        self.state.withLock { if $0.removals == moment.removals { keep() } }
    }

    /// Lets go of all renditions of an asset: when this returns, no host serves them any more.
    package func remove(_ asset: AssetID) {
        self.state.withLock { state in
            state.removals += 1
            for onRemove in state.onRemove { onRemove(asset) }
            for id in state.ofAsset[asset] ?? [] {
                guard let place = state.places[id] else { continue }
                state.order.remove(place)
                Self.vacate(place, in: &state)
            }
        }
    }

    private static func append(_ entry: Entry, as arrival: Arrival, to state: inout State) {
        let place = state.free.popLast() ?? state.slots.count
        if place == state.slots.count { state.slots.append(entry) } else { state.slots[place] = entry }
        state.order.add(place, entry.seat, bytes: entry.cost, uses: arrival.uses)
        state.places[entry.id] = place
        state.ofAsset[entry.asset, default: []].append(entry.id)
        state.bytes += entry.cost
    }

    private static func evict(_ state: inout State) {
        guard let place = state.order.removeNext() else { preconditionFailure("the cache holds bytes but no entry") }
        state.evictions += 1
        Self.vacate(place, in: &state)
    }

    /// Lets go of the entry at a place that is not in the order any more.
    private static func vacate(_ place: Int, in state: inout State) {
        guard let entry = state.slots[place] else { preconditionFailure("an empty slot of the cache was in its order") }
        state.slots[place] = nil
        state.free.append(place)
        state.places[entry.id] = nil
        state.ofAsset[entry.asset]?.removeAll { $0 == entry.id }
        if state.ofAsset[entry.asset]?.isEmpty == true { state.ofAsset[entry.asset] = nil }
        state.bytes -= entry.cost
        if let leave = entry.leave {
            state.hosted -= 1
            leave()
        }
    }
}
