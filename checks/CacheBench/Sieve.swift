/// SIEVE (Zhang et al., NSDI '24): a hit sets a flag; a hand walks from the oldest to the newest, spares once what has
/// the flag, and takes the first that has not.
final class Sieve: SimulatedCache {
    private let sizes: [Int32]
    private let budget: Int
    private var links: Links
    private var list = ObjectList()
    private var hand: Int?
    private var isHere: [Bool]
    private var isVisited: [Bool]

    init(sizes: [Int32], budget: Int) {
        self.sizes = sizes
        self.budget = budget
        self.links = Links(count: sizes.count)
        self.isHere = [Bool](repeating: false, count: sizes.count)
        self.isVisited = self.isHere
    }

    func request(_ object: Int) -> Bool {
        guard self.isHere[object] else {
            self.publish(object)
            return false
        }
        self.isVisited[object] = true
        return true
    }

    func publish(_ object: Int) {
        guard !self.isHere[object] else { return }
        while self.list.bytes + Int(self.sizes[object]) > self.budget, let victim = self.victim() {
            self.hand = self.links.newer(than: victim)
            self.list.remove(victim, bytes: self.sizes[victim], &self.links)
            self.isHere[victim] = false
        }
        self.list.append(object, bytes: self.sizes[object], &self.links)
        self.isHere[object] = true
        self.isVisited[object] = false
    }

    private func victim() -> Int? {
        var candidate = self.hand ?? self.list.oldest
        while let current = candidate, self.isVisited[current] {
            self.isVisited[current] = false
            candidate = self.links.newer(than: current) ?? self.list.oldest
        }
        return candidate
    }
}
