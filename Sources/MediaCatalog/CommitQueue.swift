import Dispatch
import GRDB
import MediaModel
import Synchronization

/// Group commit: writes that wait at the same moment share one transaction, and with it one sync of the WAL
/// (RELIABILITY §3.2). Each is in a savepoint of its own, so that one that is refused takes nothing with it.
///
/// Writes are done in the order in which they came. A write hears of its end after the COMMIT returned, never before.
/// Nobody's cancellation is looked at: what was put in is done, or fails.
final class CommitQueue: Sendable {
    /// Writes in one transaction: what a commit of an upload leaves in the WAL (some 50 KB) times this is well below
    /// the length at which it is checkpointed.
    static let batchMax = 64

    private enum Phase {
        case idle
        /// The first of a batch waits for more.
        case gathering
        /// A batch is on its way to the writer's queue, or runs there.
        case running
    }

    private struct State {
        var waiting: [any PendingWrite] = []
        var phase = Phase.idle
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let pool: DatabasePool
    private let checkpoints: Checkpoints
    private let delay: Duration
    private let onCommit: @Sendable (_ writes: Int, _ duration: Duration) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - checkpoints: those of the pool's writer.
    ///   - delay: how long the first write of a batch waits for others. Zero: a batch is what came while the one before
    ///     it was made durable.
    ///   - onCommit: told of every transaction that was committed: how many writes it had, how long it took. On the
    ///     writer's queue: it must not wait.
    init(
        _ pool: DatabasePool,
        _ checkpoints: Checkpoints,
        delay: Duration,
        onCommit: @escaping @Sendable (_ writes: Int, _ duration: Duration) -> Void
    ) {
        self.pool = pool
        self.checkpoints = checkpoints
        self.delay = delay
        self.onCommit = onCommit
    }

    /// Writes that wait for a transaction.
    var waitingCount: Int { self.state.withLock { $0.waiting.count } }

    /// Whether the next write begins a batch. It is not yet when the last one of a batch is told that it is done.
    var isIdle: Bool { self.state.withLock { $0.phase == .idle } }

    /// Does a write and returns what it returned, once it is durable.
    func commit<Value: Sendable>(_ write: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { self.add(Pending(write, $0)) }
    }

    /// Takes no more writes, and returns when those that it has taken are done.
    func close() async {
        await withCheckedContinuation { closer in
            let (isDone, starts) = self.state.withLock { state in
                state.isClosed = true
                guard state.phase != .idle else { return (true, false) }
                state.closers.append(closer)
                defer { state.phase = .running }
                return (false, state.phase == .gathering)
            }
            if isDone { closer.resume() }
            if starts { self.start() }
        }
    }

    private func add(_ write: any PendingWrite) {
        enum Next { case nothing, start, gather, refuse }
        let next = self.state.withLock { state -> Next in
            guard !state.isClosed else { return .refuse }
            state.waiting.append(write)
            switch state.phase {
            case .idle where self.delay > .zero:
                state.phase = .gathering
                return .gather
            case .gathering where state.waiting.count < Self.batchMax, .running:
                return .nothing
            case .idle, .gathering:
                state.phase = .running
                return .start
            }
        }
        switch next {
        case .nothing: return
        case .start: self.start()
        case .gather:
            DispatchQueue.global().asyncAfter(deadline: .now() + self.delay.seconds) { self.endGathering() }
        case .refuse: write.finish(CatalogError(.failed, detail: "the catalog is closed"))
        }
    }

    /// The end of a batch that filled up may find the next one gathering, which then waits less: no harm.
    private func endGathering() {
        let starts = self.state.withLock { state in
            guard state.phase == .gathering else { return false }
            state.phase = .running
            return true
        }
        if starts { self.start() }
    }

    /// One batch at a time takes its turn on the writer's queue, behind whatever else uses the writer.
    private func start() {
        self.pool.asyncWriteWithoutTransaction { database in
            var batch = self.state.withLock { state in
                defer { state.waiting.removeFirst(min(Self.batchMax, state.waiting.count)) }
                return Array(state.waiting.prefix(Self.batchMax))
            }
            while !batch.isEmpty { batch = self.run(batch, in: database) }
            self.goOn()
        }
    }

    private func goOn() {
        let (isOver, closers) = self.state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            guard state.waiting.isEmpty else { return (false, []) }
            state.phase = .idle
            defer { state.closers = [] }
            return (true, state.closers)
        }
        for closer in closers { closer.resume() }
        if !isOver { self.start() }
    }
}

extension CommitQueue {
    /// Runs a batch as one transaction.
    ///
    /// - Returns: what must be run again: after some errors, a full disk's above all, SQLite rolls the whole
    ///   transaction back; the write that met the error has failed, the others have not been done.
    private func run(_ batch: [any PendingWrite], in database: Database) -> [any PendingWrite] {
        let start = ContinuousClock.now
        var refused: [(write: any PendingWrite, error: CatalogError)] = []
        var accepted: [any PendingWrite] = []
        do {
            try database.beginTransaction(.immediate)
            for (index, write) in batch.enumerated() {
                do {
                    try database.inSavepoint {
                        try write.run(in: database)
                        return .commit
                    }
                    accepted.append(write)
                } catch  where database.isInsideTransaction {
                    refused.append((write, CatalogError(error)))
                } catch {
                    return Self.goOn(after: CatalogError(error), at: index, of: batch)
                }
            }
            do {
                try database.commit()
            } catch {
                throw CatalogError(committing: error)
            }
            // What the transaction wrote is durable. But nobody is told so where the process must end.
            try self.checkpoints.runIfDue(on: database)
        } catch {
            // SQLite gives up what it cannot roll back, too: no transaction is left open.
            try? database.rollback()
            for write in batch { write.finish(CatalogError(error)) }
            return []
        }
        if !accepted.isEmpty { self.onCommit(accepted.count, .now - start) }
        for write in accepted { write.finish(nil) }
        for (write, error) in refused { write.finish(error) }
        return []
    }

    private static func goOn(
        after error: CatalogError,
        at index: Int,
        of batch: [any PendingWrite]
    ) -> [any PendingWrite] {
        // The process is about to end (RELIABILITY §3.4): nothing is tried again on such a disk.
        if error.code == .syncFailed {
            for write in batch { write.finish(error) }
            return []
        }
        batch[index].finish(error)
        return Array(batch[..<index] + batch[(index + 1)...])
    }
}

/// A write that waits for its turn, whatever it returns.
private protocol PendingWrite: Sendable {
    /// May be called more than once: what it did before was rolled back.
    func run(in database: Database) throws
    /// Called once: nil where it is durable.
    func finish(_ error: CatalogError?)
}

private final class Pending<Value: Sendable>: PendingWrite {
    private let write: @Sendable (Database) throws -> Value
    private let caller: CheckedContinuation<Value, any Error>
    private let value = Mutex<Value?>(nil)

    init(_ write: @escaping @Sendable (Database) throws -> Value, _ caller: CheckedContinuation<Value, any Error>) {
        self.write = write
        self.caller = caller
    }

    func run(in database: Database) throws {
        let value = try self.write(database)
        self.value.withLock { $0 = value }
    }

    func finish(_ error: CatalogError?) {
        if let error { return self.caller.resume(throwing: error) }
        guard let value = self.value.withLock({ $0 }) else { preconditionFailure("a write that did not run is done") }
        self.caller.resume(returning: value)
    }
}

extension Duration {
    fileprivate var seconds: Double { self / .seconds(1) }
}
