import Glibc

/// GreedyDual-Size with Frequency (Cherkasova, HPL-98-69; exponent 1) and GreedyDual* (Jin & Bestavros, WCW '00;
/// exponent 1/β): the lowest (uses / bytes)^exponent + inflation leaves, and the inflation is then what it had. To the
/// letter, with a heap that every hit sorts anew.
final class GreedyDual: SimulatedCache {
    private let sizes: [Int32]
    private let budget: Int
    private let exponent: Double
    private var bytes = 0
    private var inflation = 0.0
    private var uses: [Int32]
    private var priorities: [Double]
    /// A binary heap, the lowest priority first.
    private var heap: [Int] = []
    /// Where an object is in the heap; -1: not here.
    private var places: [Int]

    init(sizes: [Int32], budget: Int, exponent: Double) {
        self.sizes = sizes
        self.budget = budget
        self.exponent = exponent
        self.uses = [Int32](repeating: 0, count: sizes.count)
        self.priorities = [Double](repeating: 0, count: sizes.count)
        self.places = [Int](repeating: -1, count: sizes.count)
    }

    func request(_ object: Int) -> Bool {
        guard self.places[object] >= 0 else {
            self.publish(object)
            return false
        }
        self.uses[object] += 1
        self.prioritise(object)
        self.sink(self.places[object])
        return true
    }

    func publish(_ object: Int) {
        guard self.places[object] < 0 else { return }
        while self.bytes + Int(self.sizes[object]) > self.budget { self.evict() }
        self.uses[object] = 1
        self.prioritise(object)
        self.bytes += Int(self.sizes[object])
        self.places[object] = self.heap.count
        self.heap.append(object)
        self.rise(self.heap.count - 1)
    }

    private func evict() {
        let victim = self.heap[0]
        self.inflation = self.priorities[victim]
        self.swap(0, self.heap.count - 1)
        self.heap.removeLast()
        self.places[victim] = -1
        self.bytes -= Int(self.sizes[victim])
        self.sink(0)
    }

    private func prioritise(_ object: Int) {
        let worth = pow(Double(self.uses[object]) / Double(self.sizes[object]), self.exponent)
        self.priorities[object] = self.inflation + worth
    }

    private func rise(_ start: Int) {
        var index = start
        while index > 0, self.isLower(index, than: (index - 1) / 2) {
            self.swap(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private func sink(_ start: Int) {
        var index = start
        while 2 * index + 1 < self.heap.count {
            var child = 2 * index + 1
            if child + 1 < self.heap.count, self.isLower(child + 1, than: child) { child += 1 }
            guard self.isLower(child, than: index) else { return }
            self.swap(index, child)
            index = child
        }
    }

    private func isLower(_ index: Int, than other: Int) -> Bool {
        self.priorities[self.heap[index]] < self.priorities[self.heap[other]]
    }

    private func swap(_ index: Int, _ other: Int) {
        self.heap.swapAt(index, other)
        self.places[self.heap[index]] = index
        self.places[self.heap[other]] = other
    }
}
