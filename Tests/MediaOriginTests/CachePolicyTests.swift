import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

/// Who stays in the memory cache and who leaves. How well that does on long traces is `make check-cache`'s to say.
@Suite struct CachePolicyTests {
    /// A cache, what comes to it, and which of it were hits.
    struct Origin {
        static let asset = AssetID.make()
        let cache: RenditionCache
        let arrays: [Int: [UInt8]]
        var requests = 0
        var hits = 0

        init(bytesMax: Int, sizes: [Int]) {
            self.cache = RenditionCache(bytesMax: bytesMax)
            self.arrays = Dictionary(uniqueKeysWithValues: Set(sizes).map { ($0, Samples.bytes($0)) })
        }

        mutating func ask(for id: BlobID, bytes: Int) {
            self.requests += 1
            guard self.cache.bytes(of: id) == nil else {
                self.hits += 1
                return
            }
            self.put(id, bytes: bytes, as: .read)
        }

        func put(_ id: BlobID, bytes: Int, as arrival: RenditionCache.Arrival) {
            self.cache.insert(self.arrays[bytes] ?? [], for: id, of: Self.asset, as: arrival)
        }
    }

    static func ids(_ count: Int) -> [BlobID] { (0..<count).map { _ in .make() } }

    @Test func aScanDoesNotPushOutWhatIsAskedForOften() {
        var origin = Origin(bytesMax: 10_000, sizes: [100])
        let wanted = Self.ids(50)
        for step in 0..<8000 {
            origin.ask(for: .make(), bytes: 100)
            origin.ask(for: wanted[step % 50], bytes: 100)
        }
        // A crawler takes fifty times what there is room for. In the time between two requests for something that is
        // wanted it takes five times as much, which is the end of it with LRU.
        origin.hits = 0
        for step in 0..<500 {
            for id in Self.ids(10) { origin.ask(for: id, bytes: 100) }
            origin.ask(for: wanted[step % 50], bytes: 100)
        }
        #expect(origin.hits == 500)
    }

    @Test func whatIsNotAskedForAnyMoreLeaves() {
        var origin = Origin(bytesMax: 10_000, sizes: [100])
        let former = Self.ids(50)
        for _ in 0..<200 {
            for id in former { origin.ask(for: id, bytes: 100) }
            origin.ask(for: .make(), bytes: 100)
        }
        let current = Self.ids(90)
        for _ in 0..<200 { for id in current { origin.ask(for: id, bytes: 100) } }
        #expect(current.count { origin.cache.bytes(of: $0) != nil } == current.count)
        #expect(former.count { origin.cache.bytes(of: $0) != nil } <= 10)
    }

    @Test func ofTwoThatAreAskedForAsOftenTheSmallerStays() {
        var origin = Origin(bytesMax: 10_000, sizes: [100, 900])
        let small = Self.ids(50)
        let large = Self.ids(20)
        for _ in 0..<20 {
            for id in small { origin.ask(for: id, bytes: 100) }
            for id in large { origin.ask(for: id, bytes: 900) }
        }
        #expect(small.count { origin.cache.bytes(of: $0) != nil } == small.count)
    }

    /// With one use it is worth an eightieth of a small one: it has to earn its place.
    @Test func aLargeOneThatIsAskedForOftenEnoughStays() {
        var origin = Origin(bytesMax: 10_000, sizes: [100, 900])
        let large = BlobID.make()
        for step in 0..<1000 {
            if step == 500 { origin.hits = 0 }
            origin.ask(for: large, bytes: 900)
            for id in Self.ids(2) { origin.ask(for: id, bytes: 100) }
        }
        #expect(origin.hits == 500)
    }

    @Test func whatWasPublishedOutlivesWhatWasOnlyRead() {
        let origin = Origin(bytesMax: 10_000, sizes: [500])
        let published = Self.ids(5)
        let read = Self.ids(5)
        for id in published { origin.put(id, bytes: 500, as: .published) }
        for id in read { origin.put(id, bytes: 500, as: .read) }
        for id in Self.ids(100) { origin.put(id, bytes: 500, as: .read) }
        #expect(published.count { origin.cache.bytes(of: $0) != nil } == 5)
        #expect(read.allSatisfy { origin.cache.bytes(of: $0) == nil })
    }

    /// 1,000 pictures with a thumbnail and a preview of a realistic proportion, a tenth of the bytes, Zipf's law. The
    /// best choice that never changes has 90.4 % of the requests; LRU has 80 %.
    @Test(arguments: [1, 2, 3] as [UInt64]) func aTraceOfPagesIsAnsweredFromMemory(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let assets = 1000
        let (thumbnailBytes, previewBytes) = (110, 600)
        let thumbnails = Self.ids(assets)
        let previews = Self.ids(assets)
        var origin = Origin(
            bytesMax: assets * (thumbnailBytes + previewBytes) / 10,
            sizes: [thumbnailBytes, previewBytes]
        )
        var sum = 0.0
        let sums = (1...assets).map { rank in
            sum += 1 / Double(rank)
            return sum
        }
        for step in 0..<45_000 {
            if step == 15_000 { (origin.requests, origin.hits) = (0, 0) }
            let drawn = Double.random(in: 0..<sum, using: &random)
            let asset = min(Self.firstIndex(of: sums, above: drawn), assets - 1)
            if Int.random(in: 0..<20, using: &random) > 0 {
                origin.ask(for: thumbnails[asset], bytes: thumbnailBytes)
            } else {
                origin.ask(for: previews[asset], bytes: previewBytes)
            }
        }
        #expect(Double(origin.hits) / Double(origin.requests) > 0.87)
    }

    private static func firstIndex(of sums: [Double], above value: Double) -> Int {
        var range = 0..<sums.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = sums[middle] > value ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }

    /// Everything at random that can happen to a cache, against books that are kept beside it.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func whateverHappensTheBooksAreRight(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let budget = 20_000
        let cache = RenditionCache(bytesMax: budget)
        let assets = (0..<12).map { _ in AssetID.make() }
        let ids = Self.ids(240)
        /// What a host has, by entry: its seat, and what it said that the entry costs.
        let hosted = Mutex<[BlobID: (seat: RenditionSeat, cost: Int)]>([:])
        var bytes: [BlobID: Int] = [:]
        for _ in 0..<1500 {
            let index = Int.random(in: ids.indices, using: &random)
            let (id, asset) = (ids[index], assets[index % assets.count])
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4:
                // From empty to just too large.
                let size = Int.random(in: 0...2600, using: &random) >> Int.random(in: 0...8, using: &random)
                let arrival: RenditionCache.Arrival = Bool.random(using: &random) ? .read : .published
                let wasThere = cache.bytes(of: id) != nil
                let isKept = cache.insert(Samples.bytes(size), for: id, of: asset, as: arrival)
                #expect(isKept == (size <= budget / 8))
                if isKept, !wasThere { bytes[id] = size }
            case 5...6: hosted.withLock { $0[id]?.seat.visit() }
            case 7...8:
                guard let held = cache.bytes(of: id) else { continue }
                let cost = held.count + Int.random(in: 0...400, using: &random)
                cache.host(id, as: held, cost: cost, since: cache.moment) { seat in
                    hosted.withLock { $0[id] = (seat, cost) }
                    return { hosted.withLock { $0[id] = nil } }
                }
            default: if Int.random(in: 0..<10, using: &random) == 0 { cache.remove(asset) }
            }
            let statistics = cache.statistics
            #expect(statistics.bytes <= budget)
            #expect(statistics.hosted == hosted.withLock { $0.count })
        }
        let kept = ids.filter { cache.bytes(of: $0) != nil }
        let costs = hosted.withLock { hosted in kept.map { hosted[$0]?.cost ?? bytes[$0] ?? 0 } }
        #expect(cache.statistics.objects == kept.count)
        #expect(cache.statistics.bytes == costs.reduce(0, +))
        #expect(cache.statistics.evictions > 0)
        for asset in assets { cache.remove(asset) }
        #expect(cache.statistics.bytes == 0)
        #expect(hosted.withLock { $0.isEmpty })
    }
}
