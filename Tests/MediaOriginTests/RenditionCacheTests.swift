import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

@Suite struct RenditionCacheTests {
    static let asset = AssetID.make()

    @Test func theBudgetHolds() {
        let cache = RenditionCache(bytesMax: 8000)
        for _ in 0..<1000 {
            cache.insert(Samples.bytes(.random(in: 1...1000)), for: .make(), of: Self.asset)
            #expect(cache.statistics.bytes <= 8000)
        }
        #expect(cache.statistics.evictions > 0)
    }

    @Test func whatIsAskedForAgainOutlivesWhatIsNot() {
        let cache = RenditionCache(bytesMax: 800)
        let wanted = (0..<4).map { _ in BlobID.make() }
        for id in wanted { cache.insert(Samples.bytes(100), for: id, of: Self.asset) }
        for _ in 0..<100 {
            for id in wanted { #expect(cache.bytes(of: id) != nil) }
            cache.insert(Samples.bytes(100), for: .make(), of: Self.asset)
        }
        #expect(cache.statistics.objects == 8)
    }

    @Test func anObjectThatWouldPushOutAllOthersIsNotKept() {
        let cache = RenditionCache(bytesMax: 800)
        let id = BlobID.make()
        cache.insert(Samples.bytes(101), for: id, of: Self.asset)
        #expect(cache.bytes(of: id) == nil)
    }

    @Test func manyTasksAtOnceKeepTheBooks() async {
        let cache = RenditionCache(bytesMax: 10_000)
        let ids = (0..<200).map { _ in BlobID.make() }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<2000 {
                        let id = ids[(step * 7 + task * 13) % ids.count]
                        cache.insert(Samples.bytes(100), for: id, of: Self.asset)
                        _ = cache.bytes(of: ids[step % ids.count])
                    }
                }
            }
        }
        let statistics = cache.statistics
        #expect(statistics.bytes == statistics.objects * 100)
        #expect(statistics.bytes <= 10_000)
        #expect(statistics.evictions > 0)
    }

    /// What a host has of the cache's entries.
    final class Host: Sendable {
        let entries = Mutex<[BlobID: RenditionSeat]>([:])

        /// Takes an entry with as many bytes as there are, and 20 for what belongs to it.
        func take(_ id: BlobID, from cache: RenditionCache, since moment: RenditionCache.Moment) {
            guard let held = cache.bytes(of: id) else { return }
            let copy = held.withUnsafeBytes { Array($0) }
            cache.host(id, as: copy, cost: copy.count + 20, since: moment) { seat in
                self.entries.withLock { $0[id] = seat }
                return { self.entries.withLock { $0[id] = nil } }
            }
        }

        var ids: Set<BlobID> { self.entries.withLock { Set($0.keys) } }
    }

    @Test func aHostedEntryCostsWhatItsHostSays() {
        let cache = RenditionCache(bytesMax: 8000)
        let host = Host()
        let id = BlobID.make()
        cache.insert(Samples.bytes(100), for: id, of: Self.asset)
        host.take(id, from: cache, since: cache.moment)
        #expect(host.ids == [id])
        #expect(cache.statistics.bytes == 120)
        #expect(cache.statistics.hosted == 1)
        #expect(cache.bytes(of: id)?.count == 100)
        // A second time changes nothing.
        host.take(id, from: cache, since: cache.moment)
        #expect(cache.statistics.bytes == 120)
        #expect(cache.statistics.hosted == 1)
    }

    @Test func aHostIsToldOfEveryEntryThatLeaves() {
        let cache = RenditionCache(bytesMax: 1200)
        let host = Host()
        for _ in 0..<200 {
            let id = BlobID.make()
            cache.insert(Samples.bytes(100), for: id, of: Self.asset)
            host.take(id, from: cache, since: cache.moment)
            #expect(cache.statistics.bytes <= 1200)
            #expect(host.ids.count == cache.statistics.hosted)
            #expect(host.ids.allSatisfy { cache.bytes(of: $0) != nil })
        }
        #expect(cache.statistics.evictions >= 190)
    }

    @Test func whatItsHostServesOutlivesWhatNobodyAsksFor() {
        let cache = RenditionCache(bytesMax: 1200)
        let host = Host()
        let wanted = BlobID.make()
        cache.insert(Samples.bytes(100), for: wanted, of: Self.asset)
        host.take(wanted, from: cache, since: cache.moment)
        for _ in 0..<100 {
            host.entries.withLock { $0[wanted]?.visit() }
            cache.insert(Samples.bytes(100), for: .make(), of: Self.asset)
        }
        #expect(host.ids == [wanted])
    }

    @Test func aRemovedAssetLeavesWithAllItsRenditions() {
        let cache = RenditionCache(bytesMax: 8000)
        let host = Host()
        let other = AssetID.make()
        let ids = (0..<6).map { _ in BlobID.make() }
        for (index, id) in ids.enumerated() {
            cache.insert(Samples.bytes(100), for: id, of: index < 4 ? Self.asset : other)
            host.take(id, from: cache, since: cache.moment)
        }
        cache.remove(Self.asset)
        #expect(host.ids == Set(ids[4...]))
        #expect(cache.statistics.objects == 2)
        #expect(cache.statistics.bytes == 240)
        cache.remove(Self.asset)
        #expect(cache.statistics.objects == 2)
    }

    /// The reader who asked the catalog before a deletion, and comes to the cache after it.
    @Test func whatWasLookedUpBeforeARemovalIsNotHosted() {
        let cache = RenditionCache(bytesMax: 8000)
        let host = Host()
        let id = BlobID.make()
        let moment = cache.moment
        cache.remove(Self.asset)
        cache.insert(Samples.bytes(100), for: id, of: Self.asset)
        host.take(id, from: cache, since: moment)
        #expect(host.ids == [])
        host.take(id, from: cache, since: cache.moment)
        #expect(host.ids == [id])
    }

    @Test func hostsReadersAndRemovalsAtOnceKeepTheBooks() async {
        let cache = RenditionCache(bytesMax: 10_000)
        let host = Host()
        let assets = (0..<20).map { _ in AssetID.make() }
        let ids = (0..<200).map { _ in BlobID.make() }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<2000 {
                        let index = (step * 7 + task * 13) % ids.count
                        let moment = cache.moment
                        cache.insert(Samples.bytes(100), for: ids[index], of: assets[index % assets.count])
                        host.take(ids[index], from: cache, since: moment)
                        if step % 50 == 0 { cache.remove(assets[(step + task) % assets.count]) }
                    }
                }
            }
        }
        let statistics = cache.statistics
        #expect(statistics.bytes == statistics.objects * 100 + statistics.hosted * 20)
        #expect(statistics.bytes <= 10_000)
        #expect(host.ids.count == statistics.hosted)
        for asset in assets { cache.remove(asset) }
        #expect(host.ids == [])
        #expect(cache.statistics.bytes == 0)
    }
}
