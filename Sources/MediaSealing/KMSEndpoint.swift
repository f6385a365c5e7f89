import MediaModel

/// Where a KMS answers.
struct KMSEndpoint: Sendable {
    /// `https://kms.eu-central-1.amazonaws.com/`
    let url: String
    /// Host and, where it is not the scheme's own, port: what `Host` says.
    let authority: String

    /// AWS's own endpoint in a region.
    init(region: String) {
        self.authority = "kms.\(region).amazonaws.com"
        self.url = "https://\(self.authority)/"
    }

    /// - Parameter text: `https://host` or `https://host:port`; also `http`, to this machine alone: the keys themselves
    ///   are in the answers.
    /// - Throws: `.unavailable` for anything else.
    init(_ text: String) throws(KeyError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4 && parts[3].isEmpty, parts[1].isEmpty,
            let (host, port) = Self.split(parts[2].lowercased())
        else {
            throw KeyError(
                .unavailable,
                detail: "the KMS endpoint '\(text)'; expected https://host or https://host:port"
            )
        }
        let defaultPort: String
        switch parts[0].lowercased() {
        case "https:": defaultPort = "443"
        case "http:" where Self.ownHosts.contains(host): defaultPort = "80"
        default:
            throw KeyError(
                .unavailable,
                detail: "the KMS endpoint '\(text)'; expected https, or http to this machine: a KMS answers with keys"
            )
        }
        self.authority = port == nil || port == defaultPort ? host : "\(host):\(port ?? "")"
        self.url = "\(parts[0].lowercased())//\(self.authority)/"
    }

    private static let ownHosts: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    private static func split(_ authority: String) -> (host: String, port: String?)? {
        let end = authority.lastIndex(of: "]") ?? authority.startIndex
        let colon = authority[end...].firstIndex(of: ":")
        let host = String(authority[..<(colon ?? authority.endIndex)])
        let isHost = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: [UInt8]("-.[]:".utf8).contains(byte)
            }
        }
        guard !host.isEmpty, isHost else { return nil }
        guard let colon else { return (host, nil) }
        let port = String(authority[authority.index(after: colon)...])
        guard let number = UInt16(port), number > 0, String(number) == port else { return nil }
        return (host, port)
    }
}
