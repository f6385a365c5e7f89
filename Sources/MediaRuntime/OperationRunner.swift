import MediaOrigin
import Synchronization

/// Runs one operation so that its reader can rely on the form: whatever happens, the last line is the only one that
/// says `done` or `failed`.
struct OperationRunner: Sendable {
    private let report: OperationReport
    private let state = LineState()

    init(_ report: @escaping OperationReport) { self.report = report }

    /// - Parameter work: says what it does; its own `done` is the last line where it says one.
    /// - Throws: ``OperationOptionsError`` where `work` throws it before its first line; nothing else.
    func run(_ work: (@escaping OperationReport) async throws -> Void) async throws {
        do {
            try await work { await self.pass($0) }
            await self.pass(OperationLine(.done, "Done."))
        } catch let error as OperationOptionsError where self.state.isSilent {
            throw error
        } catch {
            let fields = OperationFailure.code(of: error).map { ["code": $0] }
            await self.pass(OperationLine(.failed, OperationFailure.sentence(for: error), fields: fields ?? [:]))
        }
    }

    private func pass(_ line: OperationLine) async {
        guard self.state.admits(line) else { return }
        await self.report(line)
    }
}

/// What an operation has said so far.
private final class LineState: Sendable {
    private enum Stage {
        case silent
        case speaking
        case ended
    }

    private let stage = Mutex(Stage.silent)

    var isSilent: Bool { self.stage.withLock { $0 == .silent } }

    /// Nothing comes after the last line.
    func admits(_ line: OperationLine) -> Bool {
        self.stage.withLock { stage in
            if stage == .ended { return false }
            stage = [.done, .failed].contains(line.kind) ? .ended : .speaking
            return true
        }
    }
}
