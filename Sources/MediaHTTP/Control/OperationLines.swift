import MediaOrigin
import Synchronization

/// What one operation says, on its way to its one reader. Nothing is added to it and nothing taken away.
///
/// Any task may send. It waits until its event was dealt with, so that an operation is never ahead of its reader by
/// more than a line a task; once nobody reads any more, it does not wait.
final class OperationLines: Sendable {
    enum Event: Hashable, Sendable {
        case line(OperationLine)
        /// The operation does not take its options, and has done nothing. Nothing follows.
        case refused(OperationOptionsError)
    }

    private struct State {
        var waiting: [(event: Event, sender: CheckedContinuation<Void, Never>)] = []
        /// Whose event the reader deals with now.
        var inHand: CheckedContinuation<Void, Never>?
        var reader: CheckedContinuation<Event?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Returns when the reader has dealt with the event, or reads no more.
    func send(_ event: Event) async {
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

    /// Nobody sends or reads any more: what waits is dropped, and nobody waits from now on.
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
}
