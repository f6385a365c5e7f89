extension ConvertFinding {
    /// Of the file when it was found.
    var bytes: Int {
        switch self {
        case .source(let source): source.bytes
        case .skipped, .refused: 0
        }
    }
}

/// A heap of findings, the largest file on top; of equals the one that was found first.
struct LargestFirst {
    private var heap: [(finding: ConvertFinding, number: Int)] = []
    private var number = 0

    var count: Int { self.heap.count }

    mutating func insert(_ finding: ConvertFinding) {
        self.number += 1
        self.heap.append((finding, self.number))
        var index = self.heap.count - 1
        while index > 0, self.isBefore(index, (index - 1) / 2) {
            self.heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popLargest() -> ConvertFinding? {
        guard let top = self.heap.first else { return nil }
        let last = self.heap.removeLast()
        if !self.heap.isEmpty {
            self.heap[0] = last
            self.sink()
        }
        return top.finding
    }

    private mutating func sink() {
        var index = 0
        while true {
            var first = index
            for child in [2 * index + 1, 2 * index + 2] where child < self.heap.count && self.isBefore(child, first) {
                first = child
            }
            if first == index { return }
            self.heap.swapAt(index, first)
            index = first
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (one, two) = (self.heap[left], self.heap[right])
        return one.finding.bytes == two.finding.bytes
            ? one.number < two.number : one.finding.bytes > two.finding.bytes
    }
}
