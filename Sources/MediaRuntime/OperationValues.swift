import MediaModel
import MediaOrigin

/// What an operation was told, parsed. Asking for an option that the operation does not have is a mistake of ours, and
/// traps.
package struct OperationValues: Sendable {
    enum Value: Sendable, Hashable {
        case flag(Bool)
        case duration(Duration)
        /// Checked, and of more than one kind.
        case text(String)
    }

    private let options: [String: OperationOption.Kind]
    private let values: [String: Value]

    /// Parses what was given; nothing is guessed or left over.
    ///
    init(_ given: [String: String], for operation: Operation) throws(OperationOptionsError) {
        let options = operation.options
        for name in given.keys.sorted() where !options.contains(where: { $0.name == name }) {
            throw OperationOptionsError(Self.unknown(name, operation))
        }
        var values: [String: Value] = [:]
        for option in options {
            if let text = given[option.name] {
                values[option.name] = try option.parse(text)
            } else if option.isRequired {
                throw OperationOptionsError(
                    "\(operation.name) needs \(option.name): expected \(option.kind.expected)"
                )
            }
        }
        self.options = Dictionary(uniqueKeysWithValues: options.map { ($0.name, $0.kind) })
        self.values = values
    }

    /// False for a flag that was not given.
    func isSet(_ name: String) -> Bool {
        guard case .flag(let isSet)? = self.value(name, of: [.flag]) else { return false }
        return isSet
    }

    /// Nil where it was not given.
    func duration(_ name: String) -> Duration? {
        guard case .duration(let duration)? = self.value(name, of: [.duration]) else { return nil }
        return duration
    }

    /// An absolute path, a digest, or the id of a key or an asset; nil where it was not given.
    func text(_ name: String) -> String? {
        guard case .text(let text)? = self.value(name, of: [.folder, .envelopeKey, .key, .digest, .asset]) else {
            return nil
        }
        return text
    }

    /// The same of an option that must be given.
    func requiredText(_ name: String) -> String {
        guard let text = self.text(name) else { preconditionFailure("\(name) is not required") }
        return text
    }

    /// Of an option of that kind that must be given.
    func requiredEnvelopeKey(_ name: String) -> EnvelopeKeyID {
        guard let id = EnvelopeKeyID(self.requiredText(name)) else { preconditionFailure("\(name) is of another kind") }
        return id
    }

    /// Of an option of that kind that must be given.
    func requiredAsset(_ name: String) -> AssetID {
        guard let id = AssetID(self.requiredText(name)) else { preconditionFailure("\(name) is of another kind") }
        return id
    }

    /// Nil where it was not given.
    func digest(_ name: String) -> SHA256Digest? {
        guard case .text(let text)? = self.value(name, of: [.digest]) else { return nil }
        return SHA256Digest(hex: text)
    }

    private func value(_ name: String, of kinds: Set<OperationOption.Kind>) -> Value? {
        guard let kind = self.options[name], kinds.contains(kind) else {
            preconditionFailure("the operation has no option \(name) of kind \(kinds)")
        }
        return self.values[name]
    }

    private static func unknown(_ name: String, _ operation: Operation) -> String {
        let known = operation.options.map(\.name)
        let advice =
            if let similar = Similar.closest(to: name, among: known) {
                "did you mean \(similar)?"
            } else if known.isEmpty {
                "it has none"
            } else {
                "it has \(known.joined(separator: ", "))"
            }
        return "\(operation.name) has no option '\(Printable.text(name))'; \(advice)"
    }
}
