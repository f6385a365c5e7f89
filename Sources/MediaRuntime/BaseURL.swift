import FoundationEssentials

/// The beginning of URLs as settings give it.
enum BaseURL {
    static func isValid(_ text: String) -> Bool {
        // The text is pasted in front of paths and into JSON and headers: nothing but visible ASCII may be in it.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains(where: { "?#\\\"<>".contains($0) }),
            !text.hasSuffix("/"), let url = URL(string: text), url.scheme == "http" || url.scheme == "https",
            let host = url.host(), !host.isEmpty, url.user() == nil, url.password() == nil
        else { return false }
        return text.hasPrefix("http://") || text.hasPrefix("https://")
    }

    /// Whether nobody else on the network reads what is sent there: https, or this machine.
    static func isConfidential(_ text: String) -> Bool {
        guard let url = URL(string: text), let host = url.host() else { return false }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return url.scheme == "https" || HostReach(host: bare) == .loopback
    }
}
