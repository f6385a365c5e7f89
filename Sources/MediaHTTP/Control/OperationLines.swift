import MediaOrigin
import Synchronization

/// The lines of one operation on their way to its one reader.
///
/// Any task may report. It waits until its line was dealt with, so that an operation is never ahead of its reader by
/// more than a line a task; once nobody reads any more, it does not wait.
final class OperationLines: Sendable {
    enum Event: Hashable, Sendable {
        case line(OperationLine)
        /// The operation does not take its options, and has done nothing. Nothing follows.
        case refused(OperationOptionsError)

        var hasFailed: Bool {
            if case .line(let line) = self { line.kind == .failed } else { false }
        }

        var text: String {
            switch self {
            case .line(let line): line.text
            case .refused(let error): error.description
            }
        }
    }

    private struct State {
        var waiting: [(event: Event, sender: CheckedContinuation<Void, Never>)] = []
        /// Whose event the reader deals with now.
        var inHand: CheckedContinuation<Void, Never>?
        var reader: CheckedContinuation<Event?, Never>?
        var isClosed = false
        var hasBegun = false
        /// What the operation says as its last word, if it succeeds.
        var sum = OperationLine(.done, "Done.")
    }

    private let state = Mutex(State())

    /// Returns when the reader has dealt with the line. One that ends the operation is kept back until it has ended.
    func report(_ line: OperationLine) async {
        let isLast = line.kind == .done || line.kind == .failed
        self.state.withLock { state in
            state.hasBegun = true
            if isLast { state.sum = line }
        }
        if !isLast { await self.send(.line(line)) }
    }

    /// What the last event is of an operation that has returned, or thrown `failure`.
    func end(_ failure: (any Error)?) -> Event {
        let (hasBegun, sum) = self.state.withLock { ($0.hasBegun, $0.sum) }
        return switch failure {
        case let refusal as OperationOptionsError where !hasBegun: .refused(refusal)
        case let failure?: .line(OperationLine(failure))
        case nil: .line(sum)
        }
    }

    /// The last event, then the end.
    func finish(with last: Event) async {
        await self.send(last)
        self.close()
    }

    /// The next event; nil at the end, and when the task is cancelled. The one before has been dealt with.
    func next() async -> Event? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                self.state.withLock { state in
                    state.inHand?.resume()
                    state.inHand = nil
                    if state.isClosed {
                        reader.resume(returning: nil)
                    } else if state.waiting.isEmpty {
                        state.reader = reader
                    } else {
                        let (event, sender) = state.waiting.removeFirst()
                        state.inHand = sender
                        reader.resume(returning: event)
                    }
                }
            }
        } onCancel: {
            self.close()
        }
    }

    /// Nobody reads any more: what waits is dropped, and nobody waits from now on.
    func close() {
        self.state.withLock { state in
            state.isClosed = true
            state.inHand?.resume()
            state.inHand = nil
            for (_, sender) in state.waiting { sender.resume() }
            state.waiting = []
            state.reader?.resume(returning: nil)
            state.reader = nil
        }
    }

    private func send(_ event: Event) async {
        await withCheckedContinuation { sender in
            self.state.withLock { state in
                if state.isClosed {
                    sender.resume()
                } else if let reader = state.reader {
                    state.reader = nil
                    state.inHand = sender
                    reader.resume(returning: event)
                } else {
                    state.waiting.append((event, sender))
                }
            }
        }
    }
}

extension OperationLine {
    /// The last line of an operation that failed. The operator, unlike a client, is told everything.
    fileprivate init(_ failure: any Error) {
        switch failure {
        case is CancellationError: self.init(.failed, "The service is stopping.", fields: ["code": "stopped"])
        case let refusal as OperationOptionsError:
            self.init(.failed, refusal.description, fields: ["code": "bad-options"])
        default:
            let code = ProblemTable.key(of: failure) ?? "internal-error"
            self.init(.failed, String(reflecting: failure), fields: ["code": code])
        }
    }
}
