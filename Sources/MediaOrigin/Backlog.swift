import Logging
package import MediaModel
import Metrics
import Synchronization

/// Versions whose source is durable and whose renditions nobody waits for: what was uploaded with `Prefer:
/// respond-async`, and what a crash left unfinished.
///
/// The catalog remembers them (`processing`); this is only the order of work, so losing it loses nothing.
package final class Backlog: Sendable {
    /// Versions that may wait here; one more upload that will not wait is refused.
    package static let versionsMax = 10_000
    /// How long a version waits after a failure that was not its own.
    static let retryDelay = Duration.seconds(2)

    private let stream: AsyncStream<VersionRef>
    private let continuation: AsyncStream<VersionRef>.Continuation
    private let waiting = Atomic<Int>(0)

    package init() { (self.stream, self.continuation) = AsyncStream.makeStream(of: VersionRef.self) }

    /// How many versions wait or are being worked on.
    package var count: Int { self.waiting.load(ordering: .relaxed) }

    /// Throws `.backlogFull`. Asked before an upload is read, so that nothing is promised that cannot be kept soon.
    func checkRoom() throws {
        guard self.count < Self.versionsMax else { throw OriginError(.backlogFull) }
    }

    func add(_ ref: VersionRef) {
        self.waiting.add(1, ordering: .relaxed)
        self.continuation.yield(ref)
    }

    /// Works until the task is cancelled, on `width` versions at a time. A version that fails for our reasons comes
    /// again.
    package func run(width: Int, catalog: any Catalog, develop: Develop, storageFailure: StorageFailure) async {
        await withDiscardingTaskGroup { group in
            let gate = Gate(width: width)
            for await ref in self.stream {
                await gate.enter()
                group.addTask {
                    defer { gate.leave() }
                    if await self.work(on: ref, catalog, develop, storageFailure) {
                        self.waiting.subtract(1, ordering: .relaxed)
                    } else {
                        try? await Task.sleep(for: Self.retryDelay)
                        self.continuation.yield(ref)
                    }
                }
            }
        }
    }

    /// - Returns: whether the version needs no further attempt.
    private func work(
        on ref: VersionRef,
        _ catalog: any Catalog,
        _ develop: Develop,
        _ storageFailure: StorageFailure
    ) async -> Bool {
        do {
            guard let version = try await catalog.version(ref), version.state == .processing else { return true }
            _ = try await develop(version, isWaitedFor: false)
            OriginMeters.shared.uploadsReady.increment()
            return true
        } catch {
            storageFailure.inspect(error)
            // A source that does not open will not open in two seconds either; the next start tries it again.
            let isRetryable = !Develop.isFinal(error) && !(error is SealError)
            Logger.current.log(
                level: isRetryable ? .warning : .info,
                "A version could not be developed",
                metadata: ["version": "\(ref)", "retry": "\(isRetryable)", "error": "\(String(reflecting: error))"]
            )
            return !isRetryable || Task.isCancelled
        }
    }
}

/// Lets `width` pass at a time.
private final class Gate: Sendable {
    private let tickets: AsyncStream<Void>
    private let returns: AsyncStream<Void>.Continuation

    init(width: Int) {
        (self.tickets, self.returns) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<width { self.returns.yield() }
    }

    func enter() async { for await _ in self.tickets { return } }

    func leave() { self.returns.yield() }
}
