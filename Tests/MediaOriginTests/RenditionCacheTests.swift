import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct RenditionCacheTests {
    @Test func theBudgetHolds() {
        let cache = RenditionCache(bytesMax: 8000)
        for _ in 0..<1000 {
            cache.insert(Samples.bytes(.random(in: 1...1000)), for: .make())
            #expect(cache.statistics.bytes <= 8000)
        }
        #expect(cache.statistics.evictions > 0)
    }

    @Test func whatIsAskedForAgainOutlivesWhatIsNot() {
        let cache = RenditionCache(bytesMax: 800)
        let wanted = (0..<4).map { _ in BlobID.make() }
        for id in wanted { cache.insert(Samples.bytes(100), for: id) }
        for _ in 0..<100 {
            for id in wanted { #expect(cache.bytes(of: id) != nil) }
            cache.insert(Samples.bytes(100), for: .make())
        }
        #expect(cache.statistics.objects == 8)
    }

    @Test func anObjectThatWouldPushOutAllOthersIsNotKept() {
        let cache = RenditionCache(bytesMax: 800)
        let id = BlobID.make()
        cache.insert(Samples.bytes(101), for: id)
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
                        cache.insert(Samples.bytes(100), for: id)
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
}
