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
    /// The longest id of an envelope key (`EnvelopeKeyID`).
    private static let envelopeKeyCharactersMax = 64
    /// The longest id of a root key (`RootKeyID`).
    private static let keyCharactersMax = 2048

    var expected: String {
        switch self {
        case .flag: "true or false"
        case .duration: "a time as in 500ms, 10s, 2m, 1h or 30d"
        case .envelopeKey: "the id of an envelope key, as 'mediactl keys list' shows it"
        case .key: "the id of an envelope key or of a root key, as 'mediactl keys list' shows it"
        case .folder: "an absolute path"
        }
    }

    /// Nil for what is no value of the kind.
    fileprivate func read(_ text: String) -> OperationValues.Value? {
        switch self {
        case .flag: ["true": .flag(true), "false": .flag(false)][text]
        case .duration: TimeSpan.parse(text).map(OperationValues.Value.duration)
        case .envelopeKey: Self.isEnvelopeKey(text) ? .text(text) : nil
        case .key: Self.isKey(text) ? .text(text) : nil
        case .folder: text.hasPrefix("/") && !text.utf8.contains(0) ? .text(text) : nil
        }
    }

    private static func isEnvelopeKey(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        return (1...Self.envelopeKeyCharactersMax).contains(characters.count)
            && characters.allSatisfy { character in
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    private static func isKey(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        return (1...Self.keyCharactersMax).contains(characters.count)
            && characters.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
