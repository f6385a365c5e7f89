import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

@Suite("Envelope keys in memory") struct EnvelopeKeyCacheTests {
    private func cache(_ countMax: Int = 3) -> EnvelopeKeyCache {
        EnvelopeKeyCache(hardAge: .seconds(100), countMax: countMax)
    }

    private func id(_ number: Int) -> EnvelopeKeyID { EnvelopeKeyID("k\(number)") }

    @Test("are at hand until their hard age, and wiped then")
    func hardAge() {
        var cache = self.cache()
        weak var key: EnvelopeKey?
        do {
            let made = FixedEnvelopeKeys.key("k1")
            key = made
            cache.insert(made, at: .seconds(50))
        }
        #expect(cache.key(self.id(1), at: .milliseconds(149_999)) != nil)
        #expect(key != nil)
        #expect(cache.has(self.id(1), at: .milliseconds(149_999)))
        #expect(!cache.has(self.id(1), at: .seconds(150)))
        #expect(cache.key(self.id(1), at: .seconds(150)) == nil)
        #expect(key == nil, "nobody holds it, so its bytes are gone")
        #expect(cache.count == 0)
    }

    @Test("that are opened again are young again")
    func reopened() {
        var cache = self.cache()
        cache.insert(FixedEnvelopeKeys.key("k1"), at: .zero)
        cache.insert(FixedEnvelopeKeys.key("k1"), at: .seconds(90))
        #expect(cache.key(self.id(1), at: .seconds(189)) != nil)
        cache.dropOver(at: .seconds(190))
        #expect(cache.count == 0)
    }

    @Test("go when there are too many: the one that was not used for the longest time")
    func bounded() {
        var cache = self.cache(3)
        for number in 1...3 { cache.insert(FixedEnvelopeKeys.key("k\(number)"), at: .zero) }
        _ = cache.key(self.id(1), at: .zero)
        cache.insert(FixedEnvelopeKeys.key("k4"), at: .zero)
        #expect([1, 2, 3, 4].map { cache.has(self.id($0), at: .zero) } == [true, false, true, true])
        for number in 5...2000 { cache.insert(FixedEnvelopeKeys.key("k\(number)"), at: .zero) }
        #expect(cache.count == 3)
    }

    @Test("that were used since they were opened are to be opened again, the others are not")
    func stale() {
        var cache = self.cache()
        for number in 1...3 { cache.insert(FixedEnvelopeKeys.key("k\(number)"), at: .seconds(number)) }
        _ = cache.key(self.id(3), at: .seconds(5))
        _ = cache.key(self.id(1), at: .seconds(5))
        #expect(cache.stale(.seconds(10), at: .seconds(12)) == [self.id(1)])
        #expect(cache.stale(.seconds(10), at: .seconds(13)) == [self.id(1), self.id(3)])
        cache.insert(FixedEnvelopeKeys.key("k1"), at: .seconds(13))
        #expect(cache.stale(.seconds(10), at: .seconds(30)) == [self.id(3)])
    }

    @Test("that are retired open for a while what reads that have begun need")
    func forgotten() {
        var cache = self.cache()
        cache.insert(FixedEnvelopeKeys.key("k1"), at: .zero)
        _ = cache.key(self.id(1), at: .zero)
        cache.forget(self.id(1), at: .seconds(60))
        #expect(cache.key(self.id(1), at: .seconds(59)) != nil)
        #expect(cache.stale(.zero, at: .seconds(59)).isEmpty)
        #expect(cache.key(self.id(1), at: .seconds(60)) == nil)
    }
}
