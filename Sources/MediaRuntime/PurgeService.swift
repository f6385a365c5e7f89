import Logging
import MediaOrigin
import MediaPurging
import ServiceLifecycle

/// The purge outbox's delivery. When the service stops, it sends what is due before it ends: by then no request runs
/// any more that could write another record.
struct PurgeService: Service {
    let delivery: PurgeDelivery

    func run() async throws {
        await withGracefulShutdownHandler {
            await self.delivery.run()
        } onGracefulShutdown: {
            self.delivery.stop()
        }
    }
}

extension PurgeClient {
    /// Ends the connections. Only when nothing uses them any more.
    func close() async {
        do {
            try await self.shutdown()
        } catch {
            Logger.current.warning(
                "The client of the purge targets was not closed",
                metadata: ["error": "\(String(reflecting: error))"]
            )
        }
    }
}
