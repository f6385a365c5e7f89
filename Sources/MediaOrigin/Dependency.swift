/// Something that the service leans on, and that can be asked how it is.
package struct Dependency: Sendable {
    /// How a dependency, or the service, is.
    package enum Status: String, Sendable, Encodable {
        case healthy
        /// It works, but not as it should.
        case degraded
        case unhealthy
    }

    /// What a look at it found.
    package struct Finding: Sendable, Hashable {
        package let status: Status
        /// For an operator: what is, and what it keeps the service from. No secret, no path, no text from outside.
        package let message: String

        package init(_ status: Status, _ message: String) {
            self.status = status
            self.message = message
        }
    }

    /// A word of `[a-z]`.
    package let name: String
    /// Whether the service cannot do its work without: a load balancer is to send requests elsewhere then.
    package let isRequired: Bool
    /// Throws where it cannot be used. It may take its time; whoever asks has a deadline.
    package let look: @Sendable () async throws -> Finding

    package init(
        _ name: String,
        isRequired: Bool,
        look: @escaping @Sendable () async throws -> Finding
    ) {
        self.name = name
        self.isRequired = isRequired
        self.look = look
    }
}
