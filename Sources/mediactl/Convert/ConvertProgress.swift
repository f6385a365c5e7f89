import MediaRuntime
import Synchronization

/// How far a conversion is: a bar on the terminal's last line, with the rate and the time left, and above it whatever
/// else is said.
final class ConvertProgress: Sendable {
    /// How often the bar is drawn.
    private static let interval = Duration.milliseconds(200)
    /// Over how much time the rate is taken: long enough for large pictures to come and go.
    private static let rateTime = Duration.seconds(15)
    private static let columns = 20

    fileprivate struct Sample {
        let moment: ContinuousClock.Instant
        let files: Int
        let bytes: Int
    }

    fileprivate struct State {
        var files = 0
        var bytes = 0
        var refused = 0
        /// What there is in all, as far as it has been counted.
        var filesInAll = 0
        var bytesInAll = 0
        var isCounted = false
        var note: String?
        var samples: [Sample] = []
    }

    /// Whether there is a bar.
    let isShown: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(isShown: Bool) { self.isShown = isShown }

    /// Prints a line, above the bar.
    func say(_ line: String) {
        self.state.withLock { _ in
            if self.isShown { Terminal.clear() }
            CommandExit.say(line)
        }
    }

    /// What the bar says of why it ends early.
    func note(_ text: String) {
        self.state.withLock { $0.note = text }
        if !self.isShown { CommandExit.complain("mediactl: \(text)") }
    }

    /// - Parameter bytes: of the file.
    func add(_ outcome: ConvertOutcome, bytes: Int) {
        self.state.withLock { state in
            state.files += 1
            state.bytes += bytes
            if outcome.state == .refused { state.refused += 1 }
        }
    }

    /// Counts what there is, while it is worked on; then time left can be told. Nothing where there is no bar.
    func count(_ feed: SourceFeed) async {
        guard self.isShown else { return }
        // A list that cannot be read on is the run's to complain of.
        while !Task.isCancelled, let findings = try? await feed.next(ConvertRun.windowMax) {
            let bytes = findings.reduce(0) { $0 + $1.bytes }
            let isOver = self.state.withLock { state in
                state.filesInAll += findings.count
                state.bytesInAll += bytes
                state.isCounted = findings.isEmpty
                return findings.isEmpty
            }
            if isOver { return }
        }
    }

    /// Draws the bar until the task is cancelled, and takes it away then.
    func draw() async {
        guard self.isShown else { return }
        while !Task.isCancelled {
            self.state.withLock { state in
                state.sample(Self.rateTime)
                Terminal.show(Self.line(state, elapsed: self.start.duration(to: .now)))
            }
            try? await Task.sleep(for: Self.interval)
        }
        self.state.withLock { _ in Terminal.clear() }
    }

    private static func line(_ state: State, elapsed: Duration) -> String {
        var parts: [String] = []
        if state.isCounted {
            let done = state.part
            let full = Int(done * Double(Self.columns))
            parts.append(
                "[\(String(repeating: "#", count: full))\(String(repeating: "-", count: Self.columns - full))]"
            )
            parts.append("\(Int(done * 100)) %")
        }
        let inAll = state.isCounted ? "/\(state.filesInAll)" : state.filesInAll > 0 ? "/\(state.filesInAll)+" : ""
        parts.append("\(state.files)\(inAll) files")
        parts.append(state.rate)
        if let note = state.note {
            parts.append(note)
        } else if let left = state.left {
            parts.append("\(Self.time(left)) left")
        } else {
            parts.append(Self.time(elapsed))
        }
        if state.refused > 0 { parts.append("\(state.refused) refused") }
        return parts.joined(separator: "  ")
    }

    /// `1:23`, `2:01:23`
    private static func time(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return hours > 0
            ? "\(hours):\(two(minutes)):\(two(seconds % 60))" : "\(minutes):\(two(seconds % 60))"
    }
}

extension ConvertProgress.State {
    /// By bytes, which tell more of the work than files do; by files where there are none.
    fileprivate var part: Double {
        if self.bytesInAll > 0 { return min(1, Double(self.bytes) / Double(self.bytesInAll)) }
        return self.filesInAll > 0 ? min(1, Double(self.files) / Double(self.filesInAll)) : 1
    }

    fileprivate mutating func sample(_ time: Duration) {
        let now = ContinuousClock.now
        self.samples.append(ConvertProgress.Sample(moment: now, files: self.files, bytes: self.bytes))
        while self.samples.count > 2, now - self.samples[1].moment >= time { self.samples.removeFirst() }
    }

    private var lately: (files: Double, bytes: Double)? {
        guard let first = self.samples.first, let last = self.samples.last, last.moment > first.moment else {
            return nil
        }
        let seconds = (last.moment - first.moment) / .seconds(1)
        return (Double(last.files - first.files) / seconds, Double(last.bytes - first.bytes) / seconds)
    }

    fileprivate var rate: String {
        let (files, bytes) = self.lately ?? (0, 0)
        let one = { (number: Double) in "\((number * 10).rounded() / 10)" }
        return "\(one(files)) files/s  \(one(bytes / 1_000_000)) MB/s"
    }

    fileprivate var left: Duration? {
        guard self.isCounted, let lately = self.lately, lately.bytes > 0 else { return nil }
        return .seconds(Double(max(0, self.bytesInAll - self.bytes)) / lately.bytes)
    }
}
