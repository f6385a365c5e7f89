import MediaModel
import MediaOrigin

/// Something that an operation can be told. A value travels as text, in a flag of `mediactl` and in the JSON of the
/// control socket alike; the name is the same in both (`orphan-age`).
package struct OperationOption: Sendable {
    /// What a value looks like.
    package enum Kind: Sendable, Hashable {
        /// `true` or `false`.
        case flag
        /// A time as settings write them: `90m`.
        case duration
        /// The id of an envelope key.
        case envelopeKey
        /// The id of an envelope key or of a root key, which may be what a KMS calls it.
        case key
        /// The id of an asset.
        case asset
        /// The SHA-256 digest of a source.
        case digest
        /// An absolute path: whoever runs the operation may work in another folder than who asks for it.
        case folder
    }

    package let name: String
    package let kind: Kind
    package let isRequired: Bool

    init(_ name: String, _ kind: Kind, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
    }

    /// - Throws: names the option, the value and what was expected.
    func parse(_ text: String) throws(OperationOptionsError) -> OperationValues.Value {
        if let value = self.kind.read(text) { return value }
        throw OperationOptionsError("\(self.name) is '\(Printable.text(text))': expected \(self.kind.expected)")
    }
}

extension OperationOption.Kind {
    var expected: String {
        switch self {
        case .flag: "true or false"
        case .duration: "a time as in 500ms, 10s, 2m, 1h or 30d"
        case .envelopeKey: "the id of an envelope key, as 'mediactl keys list' shows it"
        case .key: "the id of an envelope key or of a root key, as 'mediactl keys list' shows it"
        case .asset: "the id of an asset, 26 characters"
        case .digest: "a SHA-256 digest, 64 lowercase hexadecimal characters, as 'mediactl quarantine list' shows it"
        case .folder: "an absolute path"
        }
    }

    /// Nil for what is no value of the kind.
    fileprivate func read(_ text: String) -> OperationValues.Value? {
        switch self {
        case .flag: ["true": .flag(true), "false": .flag(false)][text]
        case .duration: TimeSpan.parse(text).map(OperationValues.Value.duration)
        case .envelopeKey: EnvelopeKeyID(text).map { .text($0.description) }
        case .key: RootKeyID(text).map { .text($0.description) }
        case .asset: AssetID(text).map { .text($0.description) }
        case .digest: SHA256Digest(hex: text).map { .text($0.description) }
        case .folder: text.hasPrefix("/") && !text.utf8.contains(0) ? .text(text) : nil
        }
    }
}
