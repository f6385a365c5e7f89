import FoundationEssentials

/// Signs delivery paths that have a recipe's options in place of a preset's name, and knows its own signatures again: a
/// service that made whatever picture anybody asks for would be everybody's (FIELD.md E).
///
/// A signature is `{key's id}.{HMAC-SHA-256, base64url}`. It is over the path alone: the same picture has one URL, so
/// that caches hold it once.
package struct RecipeSigner: Sendable {
    /// Signatures are for this and nothing else, whatever else the key may be used for by mistake.
    private static let domain = "image-origin recipe v1\n"
    /// What the query of a signed path is called.
    package static let queryName = "sig"

    /// A key and what it is called in signatures.
    package struct Key: Sendable {
        let id: String
        let signing: any MessageSigning

        package init(id: String, signing: any MessageSigning) {
            self.id = id
            self.signing = signing
        }
    }

    private let keys: [Key]
    private let isEqual: @Sendable (_ left: [UInt8], _ right: [UInt8]) -> Bool

    /// - Parameters:
    ///   - keys: at least one; the first signs, all are known again.
    ///   - isEqual: compares in a time that does not depend on where the two differ.
    package init(keys: [Key], isEqual: @escaping @Sendable ([UInt8], [UInt8]) -> Bool) {
        precondition(!keys.isEmpty, "a signer has a key")
        self.keys = keys
        self.isEqual = isEqual
    }

    /// The path with its signature.
    package func signed(_ path: DeliveryPath) throws -> String {
        "\(path)?\(Self.queryName)=\(try self.signature(of: path, by: self.keys[0]))"
    }

    /// The path with the signature of each key that is known: all URLs that it can have.
    package func signedByEach(_ path: DeliveryPath) throws -> [String] {
        try self.keys.map { "\(path)?\(Self.queryName)=\(try self.signature(of: path, by: $0))" }
    }

    /// - Parameter query: all of a request target's; nil without one. Any other than exactly a signature does not
    ///   count.
    package func accepts(_ path: DeliveryPath, query: Substring?) throws -> Bool {
        guard let query, query.hasPrefix("\(Self.queryName)=") else { return false }
        let shown = query.dropFirst(Self.queryName.count + 1)
        guard let id = shown.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first,
            let key = self.keys.first(where: { $0.id == id })
        else { return false }
        return self.isEqual(Array(shown.utf8), Array(try self.signature(of: path, by: key).utf8))
    }

    private func signature(of path: DeliveryPath, by key: Key) throws -> String {
        let mac = try key.signing.mac(of: Array((Self.domain + path.description).utf8))
        // RFC 4648 §5, without padding.
        let text = Data(mac).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
        return "\(key.id).\(text.prefix { $0 != "=" })"
    }
}
