package import MediaModel
import Synchronization

/// A catalog in memory. Keeps the port's contract (`CatalogContract` runs on it), survives nothing.
package final class MemoryCatalog: Catalog {
    private struct Guarded {
        var state: MemoryCatalogState
        var calls = 0
        var faults: FaultPlan?
        var error = CatalogError(.failed, detail: "injected")
        var takesEffect = false
    }

    private let guarded: Mutex<Guarded>

    let onPurge: @Sendable () -> Void

    /// - Parameters:
    ///   - keys: the envelope keys it has at once, so that blobs under them can be begun with.
    ///   - purgeTargets: those of ``PurgeCatalog``.
    ///   - onPurge: called after each call that may have written a record of the purge outbox.
    package init(
        keys: [EnvelopeKeyRecord] = [],
        purgeTargets: [PurgeTargetName] = [],
        onPurge: @escaping @Sendable () -> Void = {}
    ) {
        self.onPurge = onPurge
        var state = MemoryCatalogState()
        state.purgeTargets = purgeTargets
        for key in keys { state.keys[key.id] = key }
        self.guarded = Mutex(Guarded(state: state))
    }

    /// Lets calls fail from now on (the count starts anew); nil lets them work again.
    ///
    /// - Parameter takesEffect: a failed call did its work all the same, as that of a cancelled caller may. Otherwise
    ///   it has no effect.
    package func inject(
        _ faults: FaultPlan?,
        error: CatalogError = CatalogError(.failed, detail: "injected"),
        takesEffect: Bool = false
    ) {
        self.guarded.withLock { guarded in
            guarded.calls = 0
            guarded.faults = faults
            guarded.error = error
            guarded.takesEffect = takesEffect
        }
    }

    /// Calls since the start, or since `inject`.
    package var calls: Int { self.guarded.withLock { $0.calls } }

    /// All versions that there are rows of, those of deleted assets too, in order.
    package var versions: [AssetVersion] {
        self.guarded.withLock { guarded in
            let state = guarded.state
            return state.versions.keys.sorted { ($0.asset, $0.number) < ($1.asset, $1.number) }.compactMap {
                state.record(of: $0)
            }
        }
    }

    /// Every blob that a row names; each of them must be in the store.
    package var blobs: Set<BlobID> {
        self.guarded.withLock { Set($0.state.blobs.filter { !$0.value.isRemoved }.keys) }
    }

    package func checkHealth() async throws { try self.call { _ in } }

    /// Every call of the port goes through here: counted, failed where the plan says so, else done, all or nothing.
    func call<Value: Sendable>(_ body: (inout MemoryCatalogState) throws -> Value) throws -> Value {
        try self.guarded.withLock { guarded in
            guarded.calls += 1
            let fails = guarded.faults?.hits(guarded.calls) == true
            if fails, !guarded.takesEffect { throw guarded.error }
            var changed = guarded.state
            let value = try body(&changed)
            guarded.state = changed
            if fails { throw guarded.error }
            return value
        }
    }
}
