import MediaBench
import MediaRuntime

/// How far a measurement is, on standard error: a bar on a terminal, elsewhere a line a round.
struct BenchProgressLine: Sendable {
    private static let barColumns = 30

    func show(_ progress: BenchProgress) {
        let round = progress.round == 0 ? "warm-up" : "round \(progress.round) of \(progress.rounds)"
        guard Terminal.isThere else {
            if progress.isFirstOfRound { CommandExit.complain(round) }
            return
        }
        let full = Int(progress.part * Double(Self.barColumns))
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: Self.barColumns - full)
        let percent = "\(Int(progress.part * 100)) %"
        Terminal.show("[\(bar)] \(percent)  \(round)  \(progress.endpoint)")
    }

    /// What comes before the rounds.
    func say(_ text: String) { Terminal.isThere ? Terminal.show(text) : CommandExit.complain(text) }

    /// Takes the bar away.
    func end() { if Terminal.isThere { Terminal.clear() } }
}
