import Glibc

/// Who can connect to a listener on a host address.
enum HostReach: Hashable {
    /// This machine only.
    case loopback
    /// A network that is not routed on the Internet: RFC 1918, RFC 4193, link-local.
    case inside
    /// Anybody, as far as we can tell: other addresses, the wildcards, and names, which may resolve to anything.
    case anybody

    /// Nil where the text is neither an IP address nor a host name.
    init?(host: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            self = Self.ofIPv4(withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, host, &six) == 1 {
            self = Self.ofIPv6(withUnsafeBytes(of: &six) { Array($0) })
        } else if host == "localhost" {
            self = .loopback
        } else if Self.isName(host) {
            self = .anybody
        } else {
            return nil
        }
    }

    private static func ofIPv4(_ bytes: [UInt8]) -> HostReach {
        switch (bytes[0], bytes[1]) {
        case (127, _): .loopback
        case (10, _), (172, 16...31), (192, 168), (169, 254): .inside
        default: .anybody
        }
    }

    private static func ofIPv6(_ bytes: [UInt8]) -> HostReach {
        if bytes == [UInt8](repeating: 0, count: 15) + [1] { return .loopback }
        let isUniqueLocal = bytes[0] & 0xFE == 0xFC
        let isLinkLocal = bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
        return isUniqueLocal || isLinkLocal ? .inside : .anybody
    }

    /// RFC 1123 §2.1; a last label of digits alone would be a mistyped address.
    private static func isName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...253).contains(text.utf8.count), let last = labels.last, !last.allSatisfy(\.isNumber) else {
            return false
        }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        }
    }
}
