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
