import MediaTesting

/// W-TinyLFU (Einziger, Friedman, Manes, TOS '17) with the admission "AV" for objects of different sizes (Einziger,
/// Eytan, Friedman, Manes, "Lightweight Robust Size Aware Cache Management", TOS '22): who comes out of a window of 1 %
/// is let into the main cache, a segmented LRU, where it was asked for at least as often as all together that would
/// have to leave for it.
final class WTinyLFU: SimulatedCache {
    private enum Home { case none, window, probation, protected }

    private let sizes: [Int32]
    private let windowBytes: Int
    private let mainBytes: Int
    private var sketch: FrequencySketch
    private var links: Links
    private var window = ObjectList()
    private var probation = ObjectList()
    private var protected = ObjectList()
    private var homes: [Home]

    /// - Parameter sampleFactor: how many requests are remembered for each object that there is room for; Caffeine: 10.
    init(sizes: [Int32], budget: Int, sampleFactor: Int) {
        self.sizes = sizes
        self.windowBytes = budget / 100
        self.mainBytes = budget - self.windowBytes
        let mean = sizes.reduce(0) { $0 + Int($1) } / sizes.count
        self.sketch = FrequencySketch(entries: 2 * budget / mean, sampleFactor: sampleFactor)
        self.links = Links(count: sizes.count)
        self.homes = [Home](repeating: .none, count: sizes.count)
    }

    func request(_ object: Int) -> Bool {
        self.sketch.add(object)
        switch self.homes[object] {
        case .none:
            self.publish(object)
            return false
        case .window: self.move(object, to: .window)
        case .probation, .protected:
            self.move(object, to: .protected)
            while self.protected.bytes > self.mainBytes * 8 / 10, let oldest = self.protected.oldest {
                self.move(oldest, to: .probation)
            }
        }
        return true
    }

    func publish(_ object: Int) {
        guard self.homes[object] == .none else { return }
        self.move(object, to: .window)
        while self.window.bytes > self.windowBytes, let oldest = self.window.oldest {
            self.move(oldest, to: .none)
            self.admit(oldest)
        }
    }

    private func admit(_ object: Int) {
        let uses = self.sketch.estimate(object)
        var room = self.mainBytes - self.probation.bytes - self.protected.bytes
        var victims: [Int] = []
        var victimUses = 0
        var candidate = self.probation.oldest ?? self.protected.oldest
        while room < Int(self.sizes[object]), victimUses <= uses, let victim = candidate {
            victims.append(victim)
            victimUses += self.sketch.estimate(victim)
            room += Int(self.sizes[victim])
            let isLast = self.homes[victim] == .probation && self.links.newer(than: victim) == nil
            candidate = isLast ? self.protected.oldest : self.links.newer(than: victim)
        }
        let isAdmitted = victimUses <= uses
        // Who has withstood is not asked again at once.
        for victim in victims { self.move(victim, to: isAdmitted ? .none : self.homes[victim]) }
        if isAdmitted { self.move(object, to: .probation) }
    }

    /// Takes it out of where it is, and puts it to the newest end of where it shall be.
    private func move(_ object: Int, to home: Home) {
        let bytes = self.sizes[object]
        switch self.homes[object] {
        case .none: break
        case .window: self.window.remove(object, bytes: bytes, &self.links)
        case .probation: self.probation.remove(object, bytes: bytes, &self.links)
        case .protected: self.protected.remove(object, bytes: bytes, &self.links)
        }
        self.homes[object] = home
        switch home {
        case .none: break
        case .window: self.window.append(object, bytes: bytes, &self.links)
        case .probation: self.probation.append(object, bytes: bytes, &self.links)
        case .protected: self.protected.append(object, bytes: bytes, &self.links)
        }
    }
}

/// How often objects were asked for lately: a count-min sketch with conservative update, counters up to 15, all halved
/// whenever so many requests were counted.
private struct FrequencySketch {
    private var counters: [UInt8]
    private let mask: UInt64
    private let sample: Int
    private var additions = 0

    init(entries: Int, sampleFactor: Int) {
        var width = 1
        while width < 8 * entries { width *= 2 }
        self.counters = [UInt8](repeating: 0, count: width)
        self.mask = UInt64(width - 1)
        self.sample = entries * sampleFactor
    }

    func estimate(_ object: Int) -> Int {
        let (a, b, c, d) = self.slots(object)
        return Int(min(self.counters[a], self.counters[b], self.counters[c], self.counters[d]))
    }

    mutating func add(_ object: Int) {
        let (a, b, c, d) = self.slots(object)
        let counted = UInt8(min(self.estimate(object) + 1, 15))
        for slot in [a, b, c, d] { self.counters[slot] = max(self.counters[slot], counted) }
        self.additions += 1
        guard self.additions == self.sample else { return }
        self.additions /= 2
        for slot in self.counters.indices { self.counters[slot] /= 2 }
    }

    private func slots(_ object: Int) -> (Int, Int, Int, Int) {
        var hash = SeededGenerator(seed: UInt64(object) &* 0x5851_F42D_4C95_7F2D)
        let first = hash.next()
        let second = hash.next()
        return (
            Int(first & self.mask), Int((first >> 32) & self.mask), Int(second & self.mask),
            Int((second >> 32) & self.mask)
        )
    }
}
