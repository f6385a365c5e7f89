import Logging
import ServiceLifecycle
import Synchronization

/// The time between SIGTERM and the end of the public listener: `/readyz` says 503, and connections are still taken. A
/// load balancer needs its checks' time to see the one before the other comes.
final class Drain: Service {
    private let lead: Duration
    private let begun = Atomic(false)

    /// - Parameter lead: from the one to the other; zero: the listener ends at once.
    init(lead: Duration) { self.lead = lead }

    var hasBegun: Bool { self.begun.load(ordering: .acquiring) }

    func run() async throws {
        try await gracefulShutdown()
        self.begun.store(true, ordering: .releasing)
        guard self.lead > .zero else { return }
        Logger.current.info("Draining; new connections are taken for a while", metadata: ["lead": "\(self.lead)"])
        try await Task.sleep(for: self.lead)
    }
}
