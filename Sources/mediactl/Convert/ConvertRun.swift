/// Converts what a feed finds, as many pictures at once as keep the workers busy: while one is in work, the next is
/// read, and the last one's renditions are written.
struct ConvertRun: Sendable {
    private enum Event: Sendable {
        case outcome(ConvertOutcome, bytes: Int)
        /// Empty at the end of the feed.
        case findings([ConvertFinding])
        case failed(ConvertFailure)
    }

    /// How many files are looked at ahead, of which the largest goes first: a large one that begins last would leave
    /// all cores but one without work at the end.
    static let windowMax = 1024
    /// How many are fetched at a time.
    private static let batchMax = 256

    let feed: SourceFeed
    let step: ConvertStep
    /// Pictures in work at once.
    let width: Int
    let stop: ConvertStop

    /// - Parameter report: gets each outcome as soon as it is there, one after the other, with the bytes of the file as
    ///   they were when it was found.
    func run(report: (ConvertOutcome, Int) -> Void) async {
        await withTaskGroup(of: Event.self) { group in
            var window = LargestFirst()
            var inWork = 0
            var isFetching = true
            var isOver = false
            group.addTask { await self.fetch() }
            while let event = await group.next() {
                switch event {
                case .outcome(let outcome, let bytes):
                    inWork -= 1
                    report(outcome, bytes)
                case .findings(let findings):
                    isFetching = false
                    isOver = findings.isEmpty
                    for finding in findings { window.insert(finding) }
                case .failed(let failure):
                    isFetching = false
                    self.stop.call(failure.description)
                }
                if self.stop.cause != nil { continue }
                while inWork < self.width, let finding = window.popLargest() {
                    inWork += 1
                    group.addTask { .outcome(await self.step.run(finding), bytes: finding.bytes) }
                }
                if !isFetching, !isOver, window.count <= Self.windowMax - Self.batchMax {
                    isFetching = true
                    group.addTask { await self.fetch() }
                }
            }
        }
    }

    private func fetch() async -> Event {
        do {
            return .findings(try await self.feed.next(Self.batchMax))
        } catch {
            return .failed(error as? ConvertFailure ?? ConvertFailure("\(error)"))
        }
    }
}

extension ConvertFinding {
    /// Of the file when it was found.
    var bytes: Int {
        switch self {
        case .source(let source): source.bytes
        case .refused: 0
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
