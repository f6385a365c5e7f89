import HTTPTypes

/// Lets a request to the API pass when it shows the token, where one is set (RFC 6750 §2.1).
struct BearerCheck: Sendable {
    /// Nil: the API is open, originals aside. The service then listens on a loopback address only (settings see to
    /// that), but a proxy before it may not.
    let token: String?
    /// Compares in a time that does not depend on where the strings differ.
    let isEqual: @Sendable (_ left: [UInt8], _ right: [UInt8]) -> Bool

    func check(_ head: HTTPRequest) throws {
        guard let token = self.token else { return }
        let shown = head.headerFields[values: .authorization]
        if shown.count == 1, let value = shown.first, value.lowercased().hasPrefix("bearer "),
            self.isEqual(Array(value.dropFirst("bearer ".count).utf8), Array(token.utf8))
        {
            return
        }
        throw Problem.unauthorized
    }
}
