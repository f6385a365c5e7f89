import Glibc
import MediaTesting

/// The least recently used leaves. With a scale, an object is let in with a chance of e^(-bytes / scale), as AdaptSize
/// does (Berger, Sitaraman, Harchol-Balter, NSDI '17); that finds the scale by itself, here several are tried.
final class LRU: SimulatedCache {
    private let sizes: [Int32]
    private let budget: Int
    private let admissionScale: Double?
    private var random = SeededGenerator(seed: 1)
    private var links: Links
    private var list = ObjectList()
    private var isHere: [Bool]

    init(sizes: [Int32], budget: Int, admissionScale: Double? = nil) {
        self.sizes = sizes
        self.budget = budget
        self.admissionScale = admissionScale
        self.links = Links(count: sizes.count)
        self.isHere = [Bool](repeating: false, count: sizes.count)
    }

    func request(_ object: Int) -> Bool {
        guard self.isHere[object] else {
            if self.admits(object) { self.publish(object) }
            return false
        }
        self.list.remove(object, bytes: self.sizes[object], &self.links)
        self.list.append(object, bytes: self.sizes[object], &self.links)
        return true
    }

    func publish(_ object: Int) {
        guard !self.isHere[object] else { return }
        while self.list.bytes + Int(self.sizes[object]) > self.budget, let oldest = self.list.oldest {
            self.list.remove(oldest, bytes: self.sizes[oldest], &self.links)
            self.isHere[oldest] = false
        }
        self.list.append(object, bytes: self.sizes[object], &self.links)
        self.isHere[object] = true
    }

    private func admits(_ object: Int) -> Bool {
        guard let scale = self.admissionScale else { return true }
        return self.random.isTrue(withChance: exp(-Double(self.sizes[object]) / scale))
    }
}
