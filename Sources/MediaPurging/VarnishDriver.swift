package import MediaModel

/// Varnish, by the conventions of cdn/varnish/default.vcl, which other VCL can keep as well:
///
/// - `PURGE /` with the tags in `xkey-purge`, or in `xkey-softpurge` where the old may be served once more (vmod_xkey
///   of varnish-modules: https://github.com/varnish/varnish-modules/blob/master/src/vmod_xkey.vcc);
/// - or `BAN /` with a regular expression on `Surrogate-Key` in `ban-surrogate-key`, for a Varnish without that module
///   (https://varnish-cache.org/docs/trunk/users-guide/purging.html). A ban is never soft.
package struct VarnishDriver: PurgeDriver {
    package enum Mode: String, Sendable, CaseIterable {
        case xkey
        case ban
    }

    /// A tag has some 35 bytes, and a field of a request may have 8 KiB (`http_req_hdr_len`).
    package let recordsMax = 100

    private let url: String
    private let mode: Mode
    private let connection: PurgeConnection

    /// - Parameter url: of the Varnish itself, not of what is before it; no trailing slash.
    package init(url: String, mode: Mode, connection: PurgeConnection) {
        self.url = url
        self.mode = mode
        self.connection = connection
    }

    package func send(_ records: [PurgeRecord]) async throws {
        switch self.mode {
        case .xkey:
            try await self.purge("xkey-softpurge", records.filter(\.change.isSoft))
            try await self.purge("xkey-purge", records.filter { !$0.change.isSoft })
        case .ban:
            let pattern = Self.pattern(records.flatMap(\.keys).distinct)
            let fields = ["ban-surrogate-key": pattern]
            try await self.connection.send(PurgeRequest(method: "BAN", url: "\(self.url)/", fields: fields))
        }
    }

    private func purge(_ field: String, _ records: [PurgeRecord]) async throws {
        guard !records.isEmpty else { return }
        let keys = records.flatMap(\.keys).distinct.joined(separator: " ")
        try await self.connection.send(PurgeRequest(method: "PURGE", url: "\(self.url)/", fields: [field: keys]))
    }

    /// Whole tags only, and no blank in the expression: a ban's words are separated by them.
    static func pattern(_ keys: [String]) -> String {
        let any = keys.map { $0.replacing(".", with: "[.]") }.joined(separator: "|")
        return "(^|[[:space:]])(\(any))([[:space:]]|$)"
    }
}
