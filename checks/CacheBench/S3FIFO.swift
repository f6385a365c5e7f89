/// S3-FIFO (Yang et al., SOSP '23), its sizes in bytes: a small queue of a tenth, where objects must be asked for twice
/// more to get into the main one, or else once while their numbers are in a ghost queue as large as the main one.
final class S3FIFO: SimulatedCache {
    private enum Home { case none, small, main }

    private let sizes: [Int32]
    private let budget: Int
    private var links: Links
    private var small = ObjectList()
    private var main = ObjectList()
    private var homes: [Home]
    private var uses: [UInt8]
    private var ghostLinks: Links
    private var ghosts = ObjectList()
    private var isGhost: [Bool]

    init(sizes: [Int32], budget: Int) {
        self.sizes = sizes
        self.budget = budget
        self.links = Links(count: sizes.count)
        self.ghostLinks = self.links
        self.homes = [Home](repeating: .none, count: sizes.count)
        self.uses = [UInt8](repeating: 0, count: sizes.count)
        self.isGhost = [Bool](repeating: false, count: sizes.count)
    }

    func request(_ object: Int) -> Bool {
        guard self.homes[object] != .none else {
            self.publish(object)
            return false
        }
        self.uses[object] = min(self.uses[object] + 1, 3)
        return true
    }

    func publish(_ object: Int) {
        guard self.homes[object] == .none else { return }
        let wasGhost = self.isGhost[object]
        if wasGhost { self.forget(object) }
        while self.small.bytes + self.main.bytes + Int(self.sizes[object]) > self.budget {
            if self.small.bytes >= self.budget / 10 { self.evictFromSmall() } else { self.evictFromMain() }
        }
        self.uses[object] = 0
        if wasGhost { self.enterMain(object) } else { self.enterSmall(object) }
    }

    private func enterSmall(_ object: Int) {
        self.small.append(object, bytes: self.sizes[object], &self.links)
        self.homes[object] = .small
    }

    private func enterMain(_ object: Int) {
        self.main.append(object, bytes: self.sizes[object], &self.links)
        self.homes[object] = .main
    }

    private func evictFromSmall() {
        while let oldest = self.small.oldest {
            self.small.remove(oldest, bytes: self.sizes[oldest], &self.links)
            guard self.uses[oldest] > 1 else {
                self.homes[oldest] = .none
                self.remember(oldest)
                return
            }
            self.uses[oldest] = 0
            self.enterMain(oldest)
            if self.main.bytes > self.budget * 9 / 10 { self.evictFromMain() }
        }
    }

    private func evictFromMain() {
        while let oldest = self.main.oldest {
            self.main.remove(oldest, bytes: self.sizes[oldest], &self.links)
            guard self.uses[oldest] > 0 else {
                self.homes[oldest] = .none
                return
            }
            self.uses[oldest] -= 1
            self.main.append(oldest, bytes: self.sizes[oldest], &self.links)
        }
    }

    private func remember(_ object: Int) {
        self.ghosts.append(object, bytes: self.sizes[object], &self.ghostLinks)
        self.isGhost[object] = true
        while self.ghosts.bytes > self.budget * 9 / 10, let oldest = self.ghosts.oldest { self.forget(oldest) }
    }

    private func forget(_ object: Int) {
        self.ghosts.remove(object, bytes: self.sizes[object], &self.ghostLinks)
        self.isGhost[object] = false
    }
}
