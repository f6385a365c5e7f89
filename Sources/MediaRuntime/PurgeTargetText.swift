package import MediaModel

/// A purge target as the settings have it: `name:driver,option=value,…`, for example
/// `edge:varnish,url=http://10.0.0.5:6081`.
///
/// Secrets are never in it, only the paths of the files that they are in.
package struct PurgeTargetText: Sendable, Hashable, CustomStringConvertible {
    /// Who is told.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case varnish
        case nginx
        case cloudflare
        case fastly
        case cloudfront
        case webhook
    }

    package let name: PurgeTargetName
    package let kind: Kind
    private let values: [PurgeTargetOption: String]

    /// What is wrong with a text, and what was expected.
    struct Invalid: Error, Hashable {
        let description: String
    }

    /// Parses one target; nothing is guessed or left over.
    init(_ text: some StringProtocol) throws(Invalid) {
        let parts = String(text).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = PurgeTargetName(parts[0]) else {
            throw Invalid(description: "expected name:driver,option=value,… with a name of a-z, 0-9 and -")
        }
        let words = parts[1].split(separator: ",", omittingEmptySubsequences: false)
        guard let kind = Kind(rawValue: String(words[0])) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Invalid(description: "'\(words[0])' is no driver; expected one of \(kinds)")
        }
        self.name = name
        self.kind = kind
        self.values = try Self.values(words.dropFirst(), of: kind)
    }

    private static func values(
        _ words: ArraySlice<Substring>,
        of kind: Kind
    ) throws(Invalid) -> [PurgeTargetOption: String] {
        var values: [PurgeTargetOption: String] = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let option = PurgeTargetOption(rawValue: String(parts[0])),
                kind.options.contains(option)
            else {
                let known = kind.options.map(\.rawValue).joined(separator: ", ")
                throw Invalid(description: "'\(word)': \(kind.rawValue) has the options \(known), each as option=value")
            }
            let value = String(parts[1])
            guard option.admits(value, of: kind) else {
                throw Invalid(description: "'\(word)': expected \(option.expected(of: kind))")
            }
            guard values.updateValue(value, forKey: option) == nil else {
                throw Invalid(description: "\(option.rawValue) is there twice")
            }
        }
        if let missing = kind.required.first(where: { values[$0] == nil }) {
            throw Invalid(description: "\(kind.rawValue) needs \(missing.rawValue): \(missing.expected(of: kind))")
        }
        return values
    }

    /// What parses to the same target.
    package var description: String {
        let given = self.kind.options.compactMap { option in self.values[option].map { "\(option.rawValue)=\($0)" } }
        return "\(self.name):" + ([self.kind.rawValue] + given).joined(separator: ",")
    }

    /// The field of a delivery by whose tags the target finds what it is told of; nil: it goes by URLs.
    var tagField: String? {
        switch self.kind {
        case .varnish, .fastly: "Surrogate-Key"
        case .cloudflare: self.value(.by) == "tags" ? "Cache-Tag" : nil
        case .nginx, .cloudfront, .webhook: nil
        }
    }

    /// The value that was given, or the driver's own.
    func value(_ option: PurgeTargetOption) -> String? { self.values[option] ?? self.kind.standard[option] }

    /// The value of an option that the driver requires, or has one of its own for.
    func required(_ option: PurgeTargetOption) -> String {
        guard let value = self.value(option) else { preconditionFailure("\(self.kind) has no \(option.rawValue)") }
        return value
    }

    /// Requests a second.
    var rate: Int { Int(self.required(.rate)) ?? 1 }
}

/// What can be said of a purge target.
enum PurgeTargetOption: String, Sendable, Hashable {
    case url
    case mode
    case zone
    case by
    case site
    case service
    case distribution
    case keyID = "key-id"
    case keyFile = "key-file"
    case sessionFile = "session-file"
    case tokenFile = "token-file"
    case secretFile = "secret-file"
    case rate

    static let rateMax = 10_000

    func expected(of kind: PurgeTargetText.Kind) -> String {
        switch self {
        case .url where kind.isConfidential: "an https URL without trailing slash, or http to this machine"
        case .url, .site: "an http or https URL without trailing slash"
        case .mode: "xkey or ban"
        case .by: "tags or urls"
        case .zone, .service, .distribution, .keyID: "the id, of letters and digits"
        case .keyFile, .sessionFile, .tokenFile, .secretFile: "the path of a file that the secret alone is in"
        case .rate: "requests a second, from 1 to \(Self.rateMax)"
        }
    }

    func admits(_ value: String, of kind: PurgeTargetText.Kind) -> Bool {
        switch self {
        case .url: BaseURL.isValid(value) && (!kind.isConfidential || BaseURL.isConfidential(value))
        case .site: BaseURL.isValid(value)
        case .mode: ["xkey", "ban"].contains(value)
        case .by: ["tags", "urls"].contains(value)
        case .zone, .service, .distribution, .keyID:
            !value.isEmpty && value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        case .keyFile, .sessionFile, .tokenFile, .secretFile: !value.isEmpty && !value.utf8.contains(0)
        case .rate: Int(value).map { String($0) == value && (1...Self.rateMax).contains($0) } ?? false
        }
    }
}

extension PurgeTargetText.Kind {
    /// In the order in which they are written.
    var options: [PurgeTargetOption] { self.required + self.optional }

    var required: [PurgeTargetOption] {
        switch self {
        case .varnish, .nginx: [.url]
        case .cloudflare: [.zone, .tokenFile]
        case .fastly: [.service, .tokenFile]
        case .cloudfront: [.distribution, .keyID, .keyFile]
        case .webhook: [.url, .secretFile]
        }
    }

    private var optional: [PurgeTargetOption] {
        switch self {
        case .varnish: [.mode, .rate]
        case .nginx: [.rate]
        case .cloudflare: [.by, .site, .url, .rate]
        case .fastly: [.url, .rate]
        case .cloudfront: [.sessionFile, .url, .rate]
        case .webhook: [.rate]
        }
    }

    /// Whether a request has a secret in it that must not go over a network in the clear.
    var isConfidential: Bool { self == .cloudflare || self == .fastly }
}
