import ArgumentParser
import MediaBench
import MediaRuntime

/// `mediactl bench compare BEFORE AFTER`.
struct BenchCompare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare two measurements; the exit code is 3 where the second is worse.",
        discussion:
            "Prints a line an endpoint and metric: before, after, the change, where it lies with 99 % confidence, "
            + "and a verdict. A change is a regression only where the whole interval is past the threshold; 'unclear' "
            + "says that more rounds are needed. CPU and latency must be worse in seconds and by what the machine took "
            + "at the same time for a fixed piece of work and for waking a thread."
    )

    @Argument(help: ArgumentHelp("A file of 'mediactl bench --out'.", valueName: "before"), completion: .file())
    var before: String

    @Argument(help: ArgumentHelp("One that was measured with --like BEFORE.", valueName: "after"), completion: .file())
    var after: String

    @Option(help: ArgumentHelp("The least change of CPU, throughput or size that counts, in percent.", valueName: "n"))
    var threshold = 10.0

    @Option(help: ArgumentHelp("The least change of latency that counts, in percent.", valueName: "n"))
    var latencyThreshold = 50.0

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        for (name, value) in [("--threshold", self.threshold), ("--latency-threshold", self.latencyThreshold)] {
            guard value > 0, value <= 1000 else { throw ValidationError("\(name): expected more than 0, up to 1000") }
        }
    }

    func run() async throws {
        let thresholds = Comparison.Thresholds(cpu: self.threshold / 100, latency: self.latencyThreshold / 100)
        let comparison: Comparison
        do {
            comparison = try Comparison(
                before: try BenchFile.read(self.before),
                after: try BenchFile.read(self.after),
                thresholds: thresholds
            )
        } catch let error as BenchError {
            CommandExit.complain("mediactl: \(error)")
            throw CommandExit.usage
        }
        let lines = self.json ? try comparison.changes.map { try JSONText.line($0) } : BenchChanges.lines(comparison)
        for line in lines { CommandExit.say(line) }
        if comparison.hasRegression { throw CommandExit.unmet }
    }
}

/// A comparison for people.
enum BenchChanges {
    static func lines(_ comparison: Comparison) -> [String] {
        let head = ["endpoint", "metric", "before", "after", "change", "99 % confidence", "verdict"]
        let unmatched = comparison.unmatched.map { "\($0): only one of the two has it" }
        return TextTable.lines([head] + comparison.changes.map(Self.row)) + unmatched + [Self.summary(comparison)]
    }

    private static func row(_ change: Comparison.Change) -> [String] {
        let estimate = change.estimate
        let factor = estimate?.ratio ?? (change.before > 0 ? change.after / change.before : nil)
        return [
            change.endpoint, Self.name(change.metric), Self.figure(change.before, change.metric),
            Self.figure(change.after, change.metric), factor.map(BenchFigure.change) ?? "-",
            estimate.map { "\(BenchFigure.change($0.low)) to \(BenchFigure.change($0.high))" } ?? "-",
            change.verdict.rawValue,
        ]
    }

    private static func name(_ metric: BenchMetric) -> String {
        switch metric {
        case .cpu: "CPU µs"
        case .median, .average, .p95, .p99, .minimum, .maximum: "\(metric.rawValue) ms"
        default: metric.rawValue
        }
    }

    private static func figure(_ value: Double, _ metric: BenchMetric) -> String {
        switch metric {
        case .cpu: BenchFigure.text(value * 1e6, decimals: 1)
        case .median, .average, .p95, .p99, .minimum, .maximum: BenchFigure.milliseconds(value)
        case .successRate, .cacheHitRatio: BenchFigure.percent(value)
        case .requestsPerSecond: BenchFigure.text(value, decimals: 1)
        case .responseBytes: BenchFigure.text(value, decimals: 0)
        }
    }

    private static func summary(_ comparison: Comparison) -> String {
        let counts = [Comparison.Verdict.regression, .improvement, .noChange, .unclear].map { verdict in
            "\(comparison.changes.filter { $0.verdict == verdict }.count) \(verdict.rawValue)"
        }
        return
            "verdict: \(comparison.hasRegression ? "regression" : "no regression") (\(counts.joined(separator: ", ")))"
    }
}
