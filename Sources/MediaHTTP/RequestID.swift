import HTTPTypes
import Logging
import MediaModel

/// What a request is called in the log, by its client and by us: `X-Request-Id`, as proxies and load balancers send it.
struct RequestID: Hashable, Sendable, CustomStringConvertible {
    /// Longer ones are not taken: an id is in every line of its request. AWS's have 38 bytes, two UUIDs 73.
    static let bytesMax = 128
    /// Of those that we make.
    private static let bytesMade = 16

    let description: String
    /// Whether the client has given it, and so is told it again with everything.
    let isGiven: Bool

    /// The client's id where there is one, and only one, of safe characters; else a new one.
    init(_ fields: HTTPFields) {
        let given = fields[values: .xRequestID]
        if given.count == 1, Self.isSafe(given[0].utf8) {
            self.description = given[0]
            self.isGiven = true
        } else {
            self.description = Hex.encode((0..<Self.bytesMade).map { _ in UInt8.random(in: 0 ... .max) })
            self.isGiven = false
        }
    }

    /// Letters, digits and what ids of UUIDs, ULIDs, base64 and AWS's `X-Amzn-Trace-Id` have besides: nothing that ends
    /// a line or a quotation in any log.
    static func isSafe(_ bytes: some Collection<UInt8>) -> Bool {
        (1...Self.bytesMax).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "-._~+/=:@;".utf8.contains(byte)
                }
            }
    }
}

extension Logger {
    /// The same, with each line naming the request.
    func of(_ id: RequestID) -> Logger {
        var logger = self
        // Hummingbird's own count, which nobody else knows.
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request_id"] = .string(id.description)
        return logger
    }
}
