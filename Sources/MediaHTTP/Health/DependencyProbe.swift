import Logging
import MediaOrigin
import Synchronization

/// Asks a dependency how it is, and never waits longer for it than its deadline.
///
/// A look that hangs (a disk that does not answer holds a thread, and no cancellation ends that) is left behind; until
/// it returns no second one is begun, and whoever asks meanwhile waits for the first: however often a probe is asked,
/// it has one look under way.
final class DependencyProbe: Sendable {
    /// Load balancers and kubelets give up after one to five seconds, and ask again.
    static let deadline = Duration.seconds(2)

    /// What came of asking.
    struct Answer: Sendable {
        let finding: Dependency.Finding
        /// How long it was waited for.
        let latency: Duration
        /// For the log, where it cannot be used.
        let reason: String?
    }

    private struct State {
        /// The look under way. It belongs to the probe, and is the only task that nobody waits for the end of.
        var look: Task<Void, Never>?
        var waiting: [Int: CheckedContinuation<Outcome?, Never>] = [:]
        var tickets = 0
    }

    private typealias Outcome = Result<Dependency.Finding, any Error>

    let dependency: Dependency
    private let deadline: Duration
    private let state = Mutex(State())

    init(_ dependency: Dependency, deadline: Duration = DependencyProbe.deadline) {
        self.dependency = dependency
        self.deadline = deadline
    }

    /// How many wait for the look under way.
    var waiting: Int { self.state.withLock { $0.waiting.count } }

    /// Returns at the deadline at the latest.
    func ask() async -> Answer {
        let start = ContinuousClock.now
        let outcome = await self.outcome()
        let latency = ContinuousClock.now - start
        switch outcome {
        case .success(let finding): return Answer(finding: finding, latency: latency, reason: nil)
        case .failure(let error):
            return Answer(
                finding: .init(.unhealthy, "cannot be used (\(error.qualifiedCode ?? "internal error")); see the log"),
                latency: latency,
                reason: String(reflecting: error)
            )
        case nil:
            let message = "did not answer within \(self.deadline / .seconds(1)) s"
            return Answer(finding: .init(.unhealthy, message), latency: latency, reason: message)
        }
    }

    /// Nil: not within the deadline.
    private func outcome() async -> Outcome? {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await self.next() }
            group.addTask {
                try? await Task.sleep(for: self.deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// What the look under way finds; nil when the task is cancelled.
    private func next() async -> Outcome? {
        let ticket = self.state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = self.state.withLock { state in
                    // A task that is cancelled after this finds the continuation: its handler takes the same lock.
                    if Task.isCancelled { return true }
                    state.waiting[ticket] = continuation
                    if state.look == nil { state.look = Task { await self.look() } }
                    return false
                }
                if isCancelled { continuation.resume(returning: nil) }
            }
        } onCancel: {
            self.state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: nil)
        }
    }

    private func look() async {
        let outcome: Outcome
        do {
            outcome = .success(try await self.dependency.look())
        } catch {
            outcome = .failure(error)
        }
        let waiting = self.state.withLock { state in
            defer {
                state.look = nil
                state.waiting = [:]
            }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }
}

/// All dependencies, asked side by side.
struct DependencyProbes: Sendable {
    private let probes: [DependencyProbe]

    init(_ dependencies: [Dependency], deadline: Duration = DependencyProbe.deadline) {
        self.probes = dependencies.map { DependencyProbe($0, deadline: deadline) }
    }

    var names: [String] { self.probes.map(\.dependency.name) }

    /// Asks those that `isWanted` lets through; returns within the deadline of one. Whatever is not as it should be is
    /// logged with its reason.
    func ask(
        where isWanted: (Dependency) -> Bool = { _ in true }
    ) async -> [(dependency: Dependency, answer: DependencyProbe.Answer)] {
        let probes = self.probes.filter { isWanted($0.dependency) }
        return await withTaskGroup(of: (Int, DependencyProbe.Answer).self) { group in
            for (index, probe) in probes.enumerated() { group.addTask { (index, await probe.ask()) } }
            var answers: [Int: DependencyProbe.Answer] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return probes.enumerated().compactMap { index, probe in
                guard let answer = answers[index] else { return nil }
                if let reason = answer.reason {
                    Logger.current.warning(
                        "A dependency cannot be used",
                        metadata: ["dependency": "\(probe.dependency.name)", "error": "\(reason)"]
                    )
                }
                return (probe.dependency, answer)
            }
        }
    }
}
