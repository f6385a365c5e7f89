package import Logging
import Synchronization

/// One line in the log for one request in so many, whatever answered it.
///
/// A line has the route; a path only where that is a delivery's, which is public and of our own spelling. No query,
/// which may be a signature, no header but the request's id, no address.
package final class AccessLog: Sendable {
    /// What a line says of an answered request.
    struct Answered {
        let route: String
        /// Of a delivery, in its one spelling.
        let path: String?
        let method: String
        let status: Int
        /// Of the body that is sent.
        let bytes: Int
        let duration: Duration
        /// Nil: the hot path makes none.
        let requestID: String?
    }

    private let every: Int
    private let logger: Logger
    private let requests = Atomic<Int>(0)

    /// - Parameter every: one in how many; 0: none.
    package init(every: Int, logger: Logger) {
        self.every = every
        self.logger = logger
    }

    var isOn: Bool { self.every > 0 }

    /// - Parameter answered: made for the requests only that have a line.
    func note(_ answered: () -> Answered) {
        guard self.isOn else { return }
        let number = self.requests.wrappingAdd(1, ordering: .relaxed).oldValue
        guard number % self.every == 0 else { return }
        let answered = answered()
        var fields: Logger.Metadata = [
            "route": "\(answered.route)", "method": "\(answered.method)", "status": "\(answered.status)",
            "bytes": "\(answered.bytes)", "milliseconds": "\(Self.milliseconds(answered.duration))",
        ]
        if let path = answered.path { fields["path"] = "\(path)" }
        if let id = answered.requestID { fields["request_id"] = "\(id)" }
        self.logger.info("Request", metadata: fields)
    }

    /// To the microsecond.
    private static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1000
    }
}
