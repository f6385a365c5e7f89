/// Tells one target what it may not serve any more.
///
/// Contract: all calls may be made at once. A call that is cancelled may have told the target all the same. What a
/// target is told twice does no harm.
package protocol PurgeDriver: Sendable {
    /// Records that are worth handing over together, 1 or more.
    var recordsMax: Int { get }

    /// Tells the target of all records, in their order; it may take several requests. When it returns the target has
    /// said that it knows.
    ///
    /// - Parameter records: 1 ... `recordsMax`.
    /// - Throws: ``PurgeError``, then none of them counts as told; `CancellationError`.
    func send(_ records: [PurgeRecord]) async throws
}

/// Why a target was not told.
package struct PurgeError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// No answer, or one that says that the target has trouble.
        package static let unreachable = Code(description: "unreachable")
        /// More requests than the target takes.
        package static let throttled = Code(description: "throttled")
        /// The credentials are not good for it.
        package static let denied = Code(description: "denied")
        /// The target does not understand the request: the fault is in what was asked for, or in the settings.
        package static let refused = Code(description: "refused")

        package static let all: [Code] = [.unreachable, .throttled, .denied, .refused]
    }

    package let code: Code
    /// What the target said, without secrets.
    package let detail: String
    /// How long the target wants to be left alone.
    package let retryAfter: Duration?

    package init(_ code: Code, detail: String, retryAfter: Duration? = nil) {
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
    }

    package var description: String { "purge: \(self.code)" }
    package var debugDescription: String { "\(self), \(self.detail)" }
}
