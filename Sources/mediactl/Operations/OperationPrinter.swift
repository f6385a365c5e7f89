import MediaOrigin
import MediaRuntime
import Synchronization

/// Prints what an operation says, and remembers how it ended.
final class OperationPrinter: Sendable {
    /// How it ended.
    enum Outcome: Sendable, Hashable {
        case done
        /// Done, and something is not as it should be.
        case findings
        case failed
        /// The last line did not come.
        case unended
    }

    private struct State {
        var rows: [OperationLine] = []
        var hasFindings = false
        var last: OperationLine.Kind?
    }

    /// Empty: rows are printed as they are said.
    private let columns: [OperationText.Column]
    private let json: Bool
    private let progress: ProgressForm
    private let state = Mutex(State())

    /// What becomes of progress.
    enum ProgressForm: Sendable {
        case dropped
        /// A line on the terminal, which the next takes the place of.
        case passing
        /// A line each.
        case lines
    }

    init(columns: [OperationText.Column], json: Bool, progress: ProgressForm) {
        self.columns = columns
        self.json = json
        self.progress = progress
    }

    var outcome: Outcome {
        self.state.withLock { state in
            switch state.last {
            case .done: state.hasFindings ? .findings : .done
            case .failed: .failed
            default: .unended
            }
        }
    }

    /// Prints a line, or keeps it for the table.
    func take(_ line: OperationLine) {
        let rows = self.state.withLock { state in
            state.last = line.kind
            // What was put right is told, and is no finding any more.
            if line.kind == .finding, line.fields["repaired"] != "true" { state.hasFindings = true }
            if line.kind == .row, !self.columns.isEmpty { state.rows.append(line) }
            return state.rows
        }
        if line.kind == .progress { return self.show(line) }
        if self.progress == .passing { Terminal.clear() }
        if self.json { return self.printJSON(line) }
        switch line.kind {
        case .progress: break
        case .row: if self.columns.isEmpty { CommandExit.say(Printable.text(line.text)) }
        case .finding: CommandExit.say(OperationText.finding(line))
        case .done:
            for text in OperationText.table(self.columns, rows) { CommandExit.say(text) }
            CommandExit.say(Printable.text(line.text))
        case .failed:
            for text in OperationText.table(self.columns, rows) { CommandExit.say(text) }
            CommandExit.complain("mediactl: \(Printable.text(line.text))")
        }
    }

    private func show(_ line: OperationLine) {
        switch self.progress {
        case .dropped: break
        case .passing: Terminal.show(Printable.text(line.text))
        case .lines: CommandExit.complain(self.json ? Self.text(line) : Printable.text(line.text))
        }
    }

    private func printJSON(_ line: OperationLine) {
        CommandExit.say(Self.text(line))
        if line.kind == .failed { CommandExit.complain("mediactl: \(Printable.text(line.text))") }
    }

    private static func text(_ line: OperationLine) -> String {
        // A line is strings, which always encode.
        (try? JSONText.line(line)) ?? ""
    }
}
