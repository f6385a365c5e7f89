package import FoundationEssentials

/// Signs requests to a service that wants to know who asks. Where the cryptography is (ARCHITECTURE §5, rule 4), the
/// credentials are, too.
package protocol RequestSigning: Sendable {
    /// The fields of a request with those that the signature adds.
    ///
    /// - Parameters:
    ///   - method: in capitals.
    ///   - path: absolute, and encoded as it is sent; without a query.
    ///   - fields: each name once, `Host` among them. All of them are signed.
    ///   - body: as it is sent.
    ///   - date: now; a signature is good for a few minutes.
    func signed(
        method: String,
        path: String,
        fields: [String: String],
        body: [UInt8],
        at date: Date
    ) throws -> [String: String]
}

/// Authenticates messages to somebody with whom a secret is shared.
package protocol MessageSigning: Sendable {
    /// The HMAC-SHA-256 (RFC 2104) of a message, 32 bytes.
    func mac(of message: [UInt8]) throws -> [UInt8]
}
