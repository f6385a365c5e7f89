/// What came of one request.
package struct Answer: Sendable {
    /// What of it the report tells by name where it is none that was wanted: `503`, `connection refused`; nil for one
    /// that is as it should be.
    package var failure: String?
    /// Of the body.
    package var bytes = 0
    /// Whether a cache had it; nil where nobody says.
    package var isCacheHit: Bool?

    /// Of an answer as it should be.
    package init(bytes: Int, isCacheHit: Bool?) {
        self.bytes = bytes
        self.isCacheHit = isCacheHit
    }

    /// Of one that is not.
    package init(failure: String) { self.failure = failure }
}

/// One request, as often as it is sent.
package struct BenchEndpoint: Sendable {
    /// What the report calls it.
    package let name: String
    /// Sends the request with a number of its own, from 0 on, and waits for the last byte of the answer. Called for
    /// many requests at a time.
    package let send: @Sendable (Int) async -> Answer
    /// The same request for rows that the service's CPU is measured with; nil where it is measured at the constant
    /// rate: an upload takes so much that waking for it is nothing.
    package let wire: WireRequest?

    package init(_ name: String, wire: WireRequest? = nil, send: @escaping @Sendable (Int) async -> Answer) {
        self.name = name
        self.wire = wire
        self.send = send
    }
}
