package import MediaModel
import Synchronization

/// An ``EnvelopeKeyMirror`` in memory; survives nothing.
package final class MemoryKeyMirror: EnvelopeKeyMirror {
    private struct State {
        var records: [EnvelopeKeyRecord]
        var writes = 0
        var calls = 0
        var faults: FaultPlan?
        var error = BlobStoreError(.failed, detail: "injected")
    }

    private let state: Mutex<State>

    /// - Parameter records: what it holds at first.
    package init(_ records: [EnvelopeKeyRecord] = []) { self.state = Mutex(State(records: records)) }

    /// What was written last.
    package var records: [EnvelopeKeyRecord] { self.state.withLock { $0.records } }

    /// Calls since the start, or since `inject`.
    package var calls: Int { self.state.withLock { $0.calls } }

    /// How often it was written, also in vain.
    package var writes: Int { self.state.withLock { $0.writes } }

    /// Lets calls fail from now on (the count starts anew); nil lets them work again. A failed call has no effect.
    package func inject(
        _ faults: FaultPlan?,
        error: BlobStoreError = BlobStoreError(.failed, detail: "injected")
    ) {
        self.state.withLock { state in
            state.calls = 0
            state.faults = faults
            state.error = error
        }
    }

    package func read() async throws -> [EnvelopeKeyRecord] { try self.call { $0.records } }

    package func write(_ records: [EnvelopeKeyRecord]) async throws {
        self.state.withLock { $0.writes += 1 }
        try self.call { $0.records = records }
    }

    private func call<Value>(_ body: (inout State) throws -> Value) throws -> Value {
        try self.state.withLock { state in
            state.calls += 1
            if state.faults?.hits(state.calls) == true { throw state.error }
            return try body(&state)
        }
    }
}
