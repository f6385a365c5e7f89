import MediaOrigin
import Synchronization

/// Runs one operation so that its reader can rely on the form: whatever happens, the last line, and no other, says
/// `done` or `failed`, and it comes when the operation has ended.
struct OperationRunner: Sendable {
    private let report: OperationReport
    private let said = Said()

    init(_ report: @escaping OperationReport) { self.report = report }

    /// - Parameter work: says what it does; where it says `done` or `failed` itself and then returns, that is the last
    ///   line.
    /// - Throws: where `work` throws it before its first line.
    func run(_ work: (@escaping OperationReport) async throws -> Void) async throws(OperationOptionsError) {
        do {
            try await work { await self.pass($0) }
            await self.report(self.said.ending)
        } catch let refusal as OperationOptionsError where self.said.isNothing {
            throw refusal
        } catch {
            await self.report(OperationFailure.line(for: error))
        }
    }

    private func pass(_ line: OperationLine) async {
        if self.said.holds(line) { return }
        await self.report(line)
    }
}

/// What an operation has said so far.
private final class Said: Sendable {
    private struct State {
        var isNothing = true
        var ending = OperationLine(.done, "Done.")
    }

    private let state = Mutex(State())

    var isNothing: Bool { self.state.withLock { $0.isNothing } }

    /// The line that it ends with, if it ends well.
    var ending: OperationLine { self.state.withLock { $0.ending } }

    /// Whether the line has to wait for the end: the operation may still fail.
    func holds(_ line: OperationLine) -> Bool {
        self.state.withLock { state in
            state.isNothing = false
            guard line.isLast else { return false }
            state.ending = line
            return true
        }
    }
}
